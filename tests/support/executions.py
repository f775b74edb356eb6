"""A use case that has every kind of effect, and others that do whatever a test wants."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from domain.kernel.access import Permission, system
from domain.kernel.errors import (
    Rejection,
)
from domain.kernel.events import Event, Job
from domain.kernel.executor import Command, Executor, Keyed, UseCase, use_case
from domain.ledger.ledger import Origin, Posting, Purpose, TransactionKind
from persistence.database import Database

CARD = UUID(int=1)
ACTOR = system("test")
NOTHING, ONCE = [0, 0, 0, 0, 0], [1, 1, 1, 1, 1]

Step = Callable[[Any], Awaitable[object]]


@dataclass(eq=False)
class Refused(Rejection):
    code = "REFUSED"


@dataclass(frozen=True, kw_only=True)
class Credit(Keyed[UUID]):
    """Has every kind of effect that there is."""

    amount: int = 100


@dataclass(frozen=True, kw_only=True)
class Act(Command[None]):
    """Whatever a test wants to be done in a transaction."""


async def do_nothing(work: Any) -> None:
    """Does nothing."""


async def _answer_again(id: UUID, work: Any) -> UUID:
    return id


def crediting(
    *, before: Step = do_nothing, after: Step = do_nothing, rejects: Sequence[type[Rejection]] = ()
) -> UseCase[Any, Any]:
    @use_case(Permission.CARD_BLOCK, rejects=rejects, replay=_answer_again)
    async def credit(command: Credit, work: Any) -> UUID:
        await before(work)
        await work.ledger.post(
            TransactionKind.TOP_UP,
            work.id,
            [
                Posting(
                    owner_id=CARD, purpose=Purpose.MONEY, unit="SEK", amount=command.amount, origin=Origin.PURCHASED
                ),
                Posting(purpose=Purpose.CLEARING, unit="SEK", amount=-command.amount),
            ],
        )
        work.emit(Event("card.credited", None, {"amount_minor": command.amount}))
        work.schedule(Job("look_at_it", work.id))
        await after(work)
        return work.id

    return credit


def acting(step: Step) -> UseCase[Any, Any]:
    @use_case(Permission.CARD_BLOCK)
    async def act(command: Act, work: Any) -> None:
        await step(work)

    return act


async def effects(database: Database) -> list[int]:
    """How many there are of: keys, ledger transactions, audit rows, events, jobs."""
    tables = ("idempotency", "ledger_transaction", "audit", "event", "pgqueuer")
    return [await database.fetchval(f"select count(*) from {table}") for table in tables]


async def wait_for(event: asyncio.Event) -> None:
    await asyncio.wait_for(event.wait(), 10)


@dataclass
class Once:
    """A step that is taken the first time only."""

    step: Step
    is_done: bool = False

    async def __call__(self, work: Any) -> None:
        if not self.is_done:
            self.is_done = True
            await self.step(work)


MakeExecutor = Callable[[UseCase[Any, Any]], Executor]
