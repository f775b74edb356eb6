"""The ledger, through its functions in the database."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

from domain.kernel.ids import Ids
from domain.ledger.ledger import ExpiredBucket, Posting, Purpose, ReservationStatus, TransactionKind
from persistence.statement import Driver

POST: Final = "select 1 from ledger_post($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)"
RESERVE: Final = "select ledger_reserve($1, $2, $3, $4, $5, $6, $7)"
# One transaction at a time does chores: of two that take the same lot, the second would find it empty and fail.
LOCK_CHORES: Final = "select pg_try_advisory_xact_lock(hashtextextended('chores of the ledger', 0))"
EXPIRED_BUCKETS: Final = """
select b.id, a.owner_id, a.purpose, a.unit, b.remaining - b.reserved as amount, coalesce(c.holder_id, o.id) as customer
  from (select * from bucket where valid_until <= $1 and remaining > reserved order by valid_until limit $2) b
  join account a on a.id = b.account_id
  left join card c on c.id = a.owner_id
  left join customer o on o.id = a.owner_id
 order by a.id, b.id"""
OVERDUE_RESERVATIONS: Final = """
select id from (
    select id, account_id from reservation where status = 'HELD' and expires_at <= $1 order by expires_at limit $2
) overdue order by account_id, id"""
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

    async def expired_buckets(self, *, limit: int) -> list[ExpiredBucket]:
        if not await self._driver.fetchval(LOCK_CHORES):
            return []
        return [
            ExpiredBucket(
                id=id, owner_id=owner_id, purpose=Purpose(purpose), unit=unit, amount=amount, customer_id=customer_id
            )
            for id, owner_id, purpose, unit, amount, customer_id in await self._driver.fetch(
                EXPIRED_BUCKETS, self._now, limit
            )
        ]

    async def overdue_reservations(self, *, limit: int) -> list[UUID]:
        if not await self._driver.fetchval(LOCK_CHORES):
            return []
        return [row[0] for row in await self._driver.fetch(OVERDUE_RESERVATIONS, self._now, limit)]

    async def end_reservation(self, id: UUID, status: ReservationStatus, /) -> bool:
        return await self._driver.fetchval(END_RESERVATION, id, status, 0, self._now, None, None, None, None)
