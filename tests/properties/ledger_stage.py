"""Where the ledger's machine plays: a database with two cards of one person, and the ways to change its ledger."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar
from uuid import UUID

import asyncpg

from domain.kernel.access import system
from domain.ledger.ledger import InsufficientBalance, Posting, TransactionKind
from tests.support.ledger_model import Account, Change, TransactionKey
from tests.support.time import START
from tests.support.world import World

T = TypeVar("T")


@dataclass(frozen=True, kw_only=True)
class Attempt:
    """A transaction that somebody tries to post."""

    kind: TransactionKind
    cause: UUID
    changes: tuple[Change, ...]


@dataclass(frozen=True, kw_only=True)
class Stage:
    """One database that every run of the machine begins with, empty but for its people and cards."""

    world: World
    owner: asyncpg.Connection[Any]
    run: Callable[[Coroutine[Any, Any, Any]], Any]
    person: UUID
    cards: tuple[UUID, UUID]
    method: UUID
    declined_method: UUID

    async def clear(self) -> None:
        """Only the owner can: the application's role may not empty these tables."""
        await self.owner.execute(
            "truncate account, ledger_transaction, ledger_entry, bucket, draw, reservation, reservation_hold,"
            " top_up, bonus, idempotency, pgqueuer"
        )
        self.world.clock.advance(START - self.world.clock.now())

    async def bucket(self, account: Account, made_by: TransactionKey) -> int:
        return await self.world.database.fetchval(
            """select bucket.id from bucket join ledger_transaction t on t.id = transaction_id
                join account on account.id = account_id
                where kind = $1 and cause_id = $2 and owner_id = $3""",
            *(*made_by, account[0]),
        )

    async def in_order_of_effect(self, causes: list[UUID]) -> list[UUID]:
        """The order in which these changed accounts. Where they touched none in common, any order is the same."""
        rows = await self.world.database.fetch(
            """select cause_id from ledger_transaction t join ledger_entry on transaction_id = t.id
                where cause_id = any($1) and version is not null group by cause_id order by min(version)""",
            causes,
        )
        return [row[0] for row in rows]

    async def captured(self, intents: set[UUID]) -> dict[UUID, int]:
        """What the payment provider's own record says was paid."""
        found = {intent: await self.world.payments.look_up(intent) for intent in intents}
        return {intent: result.amount.amount_minor for intent, result in found.items() if result.amount}

    async def post(self, attempt: Attempt) -> None:
        postings = [
            Posting(
                owner_id=change.account[0],
                purpose=change.account[1],
                unit=change.account[2],
                amount=change.amount,
                origin=change.origin,
                valid_until=change.valid_until,
                bucket_id=await self.bucket(change.account, change.lot) if change.lot else None,
            )
            for change in attempt.changes
        ]
        await self.on_ledger("post", attempt.kind, attempt.cause, postings)

    async def on_ledger(self, method: str, *args: Any) -> Any:
        async with self.world.unit(system("test"), self.world.ids.new()) as work:
            return await getattr(work.ledger, method)(*args)


def part_of(part: str, free: int) -> int:
    return {"one": 1, "half": max(1, free // 2), "all": max(1, free), "more": free + 1}[part]


async def unless_refused(done: Awaitable[Any]) -> bool:
    try:
        await done
    except InsufficientBalance:
        return False
    return True


async def together(coroutines: Sequence[Coroutine[Any, Any, T]]) -> list[T]:
    """All at once, and none is left behind when one fails."""
    outcomes = await asyncio.gather(*coroutines, return_exceptions=True)
    for outcome in outcomes:
        if isinstance(outcome, BaseException):
            raise outcome
    return [outcome for outcome in outcomes if not isinstance(outcome, BaseException)]
