"""The ledger in short words, for tests that ask it directly."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

from domain.kernel.access import system
from domain.ledger.ledger import (
    Origin,
    Posting,
    Purpose,
    ReservationStatus,
    TransactionKind,
)
from persistence.database import Database
from persistence.unit_of_work import PostgresUnit
from tests.support.time import TestClock, TestIds

CARD, OTHER, THIRD = (UUID(int=n) for n in (1, 2, 3))
DAY = timedelta(days=1)
NOT_ZERO, NOT_ENOUGH, NO_SENSE = "KL001", "KL002", "KL003"


class Books:
    """The ledger in short words. Each call is a transaction of its own."""

    def __init__(self, unit: PostgresUnit, ids: TestIds, clock: TestClock) -> None:
        self.unit, self.ids, self.clock = unit, ids, clock

    async def post(
        self, *postings: Posting, kind: TransactionKind = TransactionKind.TRANSFER, cause: UUID | None = None
    ) -> UUID:
        cause = cause or self.ids.new()
        async with self.unit(system("test"), self.ids.new()) as work:
            await work.ledger.post(kind, cause, postings)
        return cause

    async def give(
        self, owner: UUID, amount: int, *, origin: Origin = Origin.PURCHASED, valid_for: timedelta | None = None
    ) -> UUID:
        until = valid_for and self.clock.now() + valid_for
        credit = owned(owner, amount, origin=origin, valid_until=until)
        return await self.post(credit, operators(Purpose.CLEARING, -amount))

    async def take(self, owner: UUID, amount: int, *, origin: Origin | None = None, bucket: int | None = None) -> UUID:
        debit = owned(owner, -amount, origin=origin, bucket_id=bucket)
        return await self.post(debit, operators(Purpose.SALES, amount))

    async def transfer(self, giver: UUID, receiver: UUID, amount: int) -> UUID:
        return await self.post(owned(giver, -amount), owned(receiver, amount, origin=Origin.PURCHASED))

    async def reserve(self, owner: UUID, amount: int, *, ttl: timedelta = DAY) -> UUID:
        id = self.ids.new()
        async with self.unit(system("test"), id) as work:
            await work.ledger.reserve(id, owner, Purpose.MONEY, "SEK", amount, self.clock.now() + ttl)
        return id

    async def spend_reservation(self, id: UUID, amount: int) -> bool:
        async with self.unit(system("test"), self.ids.new()) as work:
            return await work.ledger.spend_reservation(id, amount, TransactionKind.USAGE, self.ids.new())

    async def end(self, id: UUID, status: ReservationStatus) -> bool:
        async with self.unit(system("test"), self.ids.new()) as work:
            return await work.ledger.end_reservation(id, status)


def owned(owner: UUID, amount: int, *, unit: str = "SEK", **more: Any) -> Posting:
    return Posting(owner_id=owner, purpose=Purpose.MONEY, unit=unit, amount=amount, **more)


def operators(purpose: Purpose, amount: int, *, unit: str = "SEK") -> Posting:
    return Posting(purpose=purpose, unit=unit, amount=amount)


async def drawn(database: Database, cause: UUID) -> list[tuple[int, int]]:
    """Bucket and amount of each draw of a transaction, oldest bucket first."""
    rows = await database.fetch(
        """select bucket_id, amount from draw join ledger_transaction t on t.id = transaction_id
            where cause_id = $1 order by bucket_id""",
        cause,
    )
    return [tuple(row) for row in rows]


async def remaining(database: Database, owner: UUID = CARD) -> list[int]:
    """What each bucket of an owner has left, oldest first."""
    rows = await database.fetch(
        "select remaining from bucket join account a on a.id = account_id where owner_id = $1 order by bucket.id", owner
    )
    return [row[0] for row in rows]


async def footprint(database: Database) -> dict[str, Any]:
    """Everything that the ledger's tables hold."""
    tables = ("account", "ledger_transaction", "ledger_entry", "bucket", "draw", "reservation", "reservation_hold")
    rows = "select coalesce(jsonb_agg(to_jsonb(t) order by to_jsonb(t)), '[]') from"
    return {table: await database.fetchval(f"{rows} {table} t") for table in tables}
