"""The ledger, through its functions in the database."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

from domain.kernel.ids import Ids
from domain.ledger.ledger import Posting, Purpose, ReservationStatus, TransactionKind
from persistence.statement import Driver

POST: Final = "select 1 from ledger_post($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)"
RESERVE: Final = "select ledger_reserve($1, $2, $3, $4, $5, $6, $7)"
END_RESERVATION: Final = "select ledger_end_reservation($1, $2, $3, $4, $5, $6, $7, $8)"


class PostgresLedger:
    """A `Ledger`."""

    def __init__(self, driver: Driver, ids: Ids, now: datetime) -> None:
        self._driver, self._ids, self._now = driver, ids, now

    async def post(self, kind: TransactionKind, cause_id: UUID, postings: Sequence[Posting], /) -> None:
        await self._driver.fetch(
            POST,
            *(self._ids.new(), kind, cause_id, self._now),
            [p.owner_id for p in postings],
            [p.purpose for p in postings],
            [p.unit for p in postings],
            [p.amount for p in postings],
            [p.origin for p in postings],
            [p.valid_until for p in postings],
            [p.bucket_id for p in postings],
        )

    async def reserve(
        self, id: UUID, owner_id: UUID, purpose: Purpose, unit: str, amount: int, expires_at: datetime, /
    ) -> None:
        await self._driver.execute(RESERVE, id, owner_id, purpose, unit, amount, self._now, expires_at)

    async def spend_reservation(self, id: UUID, amount: int, kind: TransactionKind, cause_id: UUID, /) -> bool:
        return await self._driver.fetchval(
            END_RESERVATION,
            *(id, ReservationStatus.POSTED, amount, self._now),
            *(self._ids.new(), kind, cause_id, Purpose.SALES),
        )

    async def end_reservation(self, id: UUID, status: ReservationStatus, /) -> bool:
        return await self._driver.fetchval(END_RESERVATION, id, status, 0, self._now, None, None, None, None)
