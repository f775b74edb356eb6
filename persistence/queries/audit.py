"""The whole audit log and its seals, read side by side as they stood at one moment. Nothing is kept in memory."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any, Final
from uuid import UUID

import asyncpg

from domain.audit.chain import AuditRow, Seal
from persistence.audit import COLUMNS, SEAL_COLUMNS
from persistence.database import Database
from persistence.faults import in_our_words

AT_ONCE: Final = 1_000

ROWS: Final = f"declare audit_rows no scroll cursor for select {COLUMNS} from audit order by xid, id"
SEALS: Final = f"declare audit_seals no scroll cursor for select {SEAL_COLUMNS} from audit_seal order by sequence"


@asynccontextmanager
async def audit_trail(database: Database) -> AsyncGenerator[PostgresAuditTrail]:
    """The log at this moment. Only reads, and holds nobody up; what is committed meanwhile is not seen."""
    with in_our_words():
        async with (
            database.connection() as (_, driver),
            driver.transaction(isolation="repeatable_read", readonly=True),
        ):
            yield PostgresAuditTrail(driver)


class PostgresAuditTrail:
    """An `AuditTrail` in a transaction. Rows and seals can be read once."""

    def __init__(self, driver: asyncpg.Connection[Any]) -> None:
        self._driver = driver

    async def count(self) -> int:
        """The last seal's sequence: how far there is to go."""
        return await self._driver.fetchval("select coalesce(max(sequence), 0) from audit_seal")

    async def rows(self) -> AsyncGenerator[AuditRow]:
        await self._driver.execute(ROWS)
        while chunk := await self._driver.fetch(f"fetch {AT_ONCE} from audit_rows"):
            for record in chunk:
                yield AuditRow(*record)

    async def seals(self) -> AsyncGenerator[Seal]:
        await self._driver.execute(SEALS)
        while chunk := await self._driver.fetch(f"fetch {AT_ONCE} from audit_seals"):
            for record in chunk:
                yield Seal(*record)

    async def has_row(self, audit_id: UUID, /) -> bool:
        return await self._driver.fetchval("select exists (select from audit where id = $1)", audit_id)

    async def is_sealed(self, audit_id: UUID, /) -> bool:
        return await self._driver.fetchval("select exists (select from audit_seal where audit_id = $1)", audit_id)
