"""The audit log as its sealer reads it, and the chain of seals over it.

Rows are sealed in commit order, as events are read (`persistence.events`): by (xid, id), below the oldest transaction
that is still open. The last seal is the cursor. Whoever writes rows knows nothing of this, and waits for nobody.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final, NamedTuple

import asyncpg

from domain.audit.chain import BEFORE_ALL, AuditRow, Seal, seal
from persistence.database import Database
from persistence.faults import in_our_words
from persistence.statement import Driver

CHUNK: Final = 500
"""How many rows are sealed at most in one transaction."""

LAG_COUNTED_TO: Final = 10_000
SEALING_LOCK: Final = 7_203_119_002  # any number that nothing else locks with

COLUMNS: Final = "id, xid, at, actor, subject_id, operation, details::text"
SEAL_COLUMNS: Final = "sequence, audit_id, xid, hash"

_END: Final = f"select {SEAL_COLUMNS} from audit_seal order by sequence desc limit 1"
_BEHIND_END: Final = """
(xid, id) > (coalesce((select xid from last_seal), '0'::xid8), coalesce((select audit_id from last_seal), $1::uuid))"""

# Not `exists`, which drops the order, and without it PostgreSQL reads the whole log from its beginning.
IS_WAITING: Final = f"""
with last_seal as ({_END})
select (select true from audit where {_BEHIND_END} and xid < pg_snapshot_xmin(pg_current_snapshot())
         order by xid, id limit 1)
    or (select xid >= pg_snapshot_xmax(pg_current_snapshot()) from last_seal)"""

# On its own, before anything is read: a statement sees what was committed when it began.
LOCK: Final = "select pg_try_advisory_xact_lock($1)"

END: Final = f"""
select end_.*, pg_snapshot_xmax(pg_current_snapshot()) as next_xid from ({_END}) end_"""

NEXT: Final = f"""
select {COLUMNS} from audit
 where (xid, id) > ($1::xid8, $2::uuid) and xid < pg_snapshot_xmin(pg_current_snapshot())
 order by xid, id limit {CHUNK}"""

ADD: Final = f"""
insert into audit_seal ({SEAL_COLUMNS})
select s, a, x::text::xid8, h from unnest($1::bigint[], $2::uuid[], $3::numeric[], $4::bytea[]) seal (s, a, x, h)"""

# Also what cannot be sealed yet: where a transaction is left open, that is the lag to be seen.
LAG: Final = f"""
with last_seal as ({_END})
select count(*), min(at) from (
    select at from audit where {_BEHIND_END} order by xid, id limit {LAG_COUNTED_TO}
) waiting"""

SEALS_FROM: Final = f"select {SEAL_COLUMNS} from audit_seal where sequence >= $1 order by sequence limit $2"


class TransactionIdsBehind(Exception):
    """The server gives out lower transaction ids than those that are sealed: it was restored from a dump."""

    def __init__(self) -> None:
        super().__init__("The server's transaction ids lie behind the sealed ones; see docs/AUDIT.md, on restoring.")


class Unsealed(NamedTuple):
    """How many rows are not sealed yet, counted up to `LAG_COUNTED_TO`, and since when the oldest of these waits."""

    rows: int
    oldest_at: datetime | None


class AuditChain:
    """One operator's chain. Any number of sealers may be at it: one goes on, and the others pass by."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def seal_next(self) -> int:
        """Seals the next rows, at most `CHUNK`, and says how many. It is none when another sealer is at it.

        Raises `TransactionIdsBehind`, and `Unavailable`.
        """
        if not await self._database.fetchval(IS_WAITING, BEFORE_ALL.audit_id):
            return 0
        with in_our_words():
            async with self._database.connection() as (_, driver), driver.transaction():
                return await _seal_next(driver)

    async def unsealed(self) -> Unsealed:
        """What waits to be sealed."""
        return Unsealed(*await self._database.fetchrow(LAG, BEFORE_ALL.audit_id))

    async def seals_from(self, sequence: int, *, most: int) -> Sequence[Seal]:
        """Seals from this one on, in order."""
        return [Seal(*row) for row in await self._database.fetch(SEALS_FROM, sequence, most)]


async def _seal_next(driver: asyncpg.Connection[Any]) -> int:
    if not await driver.fetchval(LOCK, SEALING_LOCK):
        return 0
    last = await _end(driver)
    seals: list[Seal] = []
    for record in await driver.fetch(NEXT, last.xid, last.audit_id):
        last = seal(AuditRow(*record), after=last)
        seals.append(last)
    if seals:
        await driver.execute(ADD, *map(list, zip(*seals, strict=True)))
    return len(seals)


async def _end(driver: Driver) -> Seal:
    row = await driver.fetchrow(END)
    if row is None:
        return BEFORE_ALL
    *last, next_xid = row
    if last[2] >= next_xid:
        raise TransactionIdsBehind
    return Seal(*last)
