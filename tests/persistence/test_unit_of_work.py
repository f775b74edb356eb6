"""What the executor and the unit of work promise, on real PostgreSQL: all or nothing, once, whatever breaks."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text

from domain.kernel.access import ANONYMOUS, PERMISSIONS, Actor, ActorKind, Permission, customer, system
from domain.kernel.errors import (
    Busy,
    Contended,
    Fault,
    Forbidden,
    IdempotencyKeyReused,
    Rejection,
    Unauthenticated,
    Unavailable,
    Undeclared,
)
from domain.kernel.events import Event, Job
from domain.kernel.executor import ATTEMPTS, Command, Executor, Keyed, UseCase, use_case
from domain.ledger.ledger import Origin, Posting, Purpose, TransactionKind
from domain.operators.operator import Operator
from persistence.database import Database, open_database
from persistence.unit_of_work import PostgresUnit
from tests.support.connections import cut
from tests.support.databases import TestServer
from tests.support.proxy import Cut, Proxy, a_proxy
from tests.support.time import TestClock, TestIds
from tests.support.world import World

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


async def _nothing(work: Any) -> None:
    """Does nothing."""


async def _answer_again(id: UUID, work: Any) -> UUID:
    return id


def crediting(
    *, before: Step = _nothing, after: Step = _nothing, rejects: Sequence[type[Rejection]] = ()
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


async def _refuse(work: Any) -> None:
    raise Refused


@pytest.fixture
def executor_of(unit: PostgresUnit, ids: TestIds) -> Callable[[UseCase[Any, Any]], Executor]:
    return lambda case: Executor([case], unit, ids)


MakeExecutor = Callable[[UseCase[Any, Any]], Executor]


# -- all or nothing


async def test_effect_key_audit_row_events_and_jobs_are_one_commit(
    executor_of: MakeExecutor, database: Database
) -> None:
    seen: list[list[int]] = []

    async def look(work: Any) -> None:
        seen.append(await effects(database))

    id = await executor_of(crediting(after=look)).execute(Credit(idempotency_key="k"), ACTOR)
    assert seen == [NOTHING]
    assert await effects(database) == ONCE
    row = await database.fetchrow(
        """select a.actor, a.operation, a.details::text, e.type, e.data::text, j.entrypoint, j.payload
             from audit a join event e on e.execution_id = a.id, pgqueuer j where a.id = $1""",
        id,
    )
    assert tuple(row) == (
        *("system:test", "credit", '{"amount": 100}'),
        *("card.credited", '{"amount_minor": 100}', "look_at_it", str(id).encode()),
    )


@pytest.mark.parametrize("failure", [Refused, ZeroDivisionError])
async def test_what_is_raised_undoes_everything_and_leaves_the_key_free(
    executor_of: MakeExecutor, database: Database, failure: type[Exception]
) -> None:
    async def fail(work: Any) -> None:
        raise failure

    executor = executor_of(crediting(after=Once(fail), rejects=[Refused]))
    with pytest.raises(failure):
        await executor.execute(Credit(idempotency_key="k"), ACTOR)
    assert await effects(database) == NOTHING
    await executor.execute(Credit(idempotency_key="k", amount=200), ACTOR)
    assert await effects(database) == ONCE


async def test_a_refusal_that_was_not_declared_is_a_defect(executor_of: MakeExecutor, database: Database) -> None:
    with pytest.raises(Undeclared):
        await executor_of(crediting(after=_refuse)).execute(Credit(idempotency_key="k"), ACTOR)
    assert await effects(database) == NOTHING


@pytest.mark.parametrize(
    ("actor", "fault"),
    [
        (ANONYMOUS, Unauthenticated),
        (customer(CARD), Forbidden),
        (Actor(ActorKind.STAFF, "staff:1"), Forbidden),
        (Actor(ActorKind.STAFF, "staff:1", CARD), Forbidden),
    ],
)
async def test_whoever_may_not_is_stopped_before_anything_is_opened(
    executor_of: MakeExecutor, database: Database, actor: Actor, fault: type[Fault]
) -> None:
    await database.close()
    with pytest.raises(fault):
        await executor_of(crediting()).execute(Credit(idempotency_key="k"), actor)


async def test_staff_who_impersonate_need_a_use_case_that_says_so(
    executor_of: MakeExecutor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(PERMISSIONS, ActorKind.STAFF, frozenset({Permission.CARD_BLOCK}))
    impersonating = Actor(ActorKind.STAFF, "staff:1", CARD)
    with pytest.raises(Forbidden):
        await executor_of(crediting()).execute(Credit(idempotency_key="k"), impersonating)
    await executor_of(crediting()).execute(Credit(idempotency_key="k"), Actor(ActorKind.STAFF, "staff:1"))
    allowed = replace(crediting(), while_impersonating=True)
    await executor_of(allowed).execute(Credit(idempotency_key="k"), impersonating)


async def test_the_time_is_the_databases_and_one_for_the_whole_execution(
    database: Database, norrsken: Operator, ids: TestIds
) -> None:
    times: list[datetime] = []

    async def look(work: Any) -> None:
        times.extend([work.now, await work.session.scalar(text("select now()"))])
        await asyncio.sleep(0.01)
        times.append(work.now)

    await Executor([acting(look)], PostgresUnit(database, norrsken, ids), ids).execute(Act(), ACTOR)
    assert len(set(times)) == 1
    assert abs(datetime.now(UTC) - times[0]) < timedelta(minutes=1)


# -- once


async def test_a_duplicate_waits_for_the_one_in_progress_and_has_its_answer(
    executor_of: MakeExecutor, database: Database
) -> None:
    executor = executor_of(crediting(after=lambda work: asyncio.sleep(0.3)))
    answers = await asyncio.gather(*[executor.execute(Credit(idempotency_key="k"), ACTOR) for _ in range(5)])
    assert len(set(answers)) == 1
    assert await effects(database) == ONCE


async def test_a_duplicate_waits_two_seconds_and_no_longer(executor_of: MakeExecutor, database: Database) -> None:
    is_open, may_end = asyncio.Event(), asyncio.Event()

    async def hold(work: Any) -> None:
        is_open.set()
        await wait_for(may_end)

    first = asyncio.create_task(executor_of(crediting(after=hold)).execute(Credit(idempotency_key="k"), ACTOR))
    await wait_for(is_open)
    began = time.monotonic()
    with pytest.raises(Busy):
        await executor_of(crediting()).execute(Credit(idempotency_key="k"), ACTOR)
    assert 1.9 < time.monotonic() - began < 5
    may_end.set()
    id = await first
    assert await executor_of(crediting()).execute(Credit(idempotency_key="k"), ACTOR) == id
    assert await effects(database) == ONCE


async def test_a_duplicate_of_what_is_then_refused_does_it_itself(
    executor_of: MakeExecutor, database: Database
) -> None:
    is_open = asyncio.Event()

    async def refuse_late(work: Any) -> None:
        is_open.set()
        await asyncio.sleep(0.3)
        raise Refused

    executor = executor_of(crediting(after=Once(refuse_late), rejects=[Refused]))
    first = asyncio.create_task(executor.execute(Credit(idempotency_key="k"), ACTOR))
    await wait_for(is_open)
    await executor.execute(Credit(idempotency_key="k"), ACTOR)
    with pytest.raises(Refused):
        await first
    assert await effects(database) == ONCE


async def test_a_key_is_the_actors_own_and_means_one_thing(executor_of: MakeExecutor, database: Database) -> None:
    executor = executor_of(crediting())
    first = await executor.execute(Credit(idempotency_key="k"), ACTOR)
    with pytest.raises(IdempotencyKeyReused):
        await executor.execute(Credit(idempotency_key="k", amount=101), ACTOR)
    assert await effects(database) == ONCE
    others = [system("other"), system("test", CARD), system("test", UUID(int=2))]
    answers = [await executor.execute(Credit(idempotency_key="k", amount=101), other) for other in others]
    assert len({first, *answers}) == 4


# -- contention


async def test_two_that_lock_each_other_out_are_both_done_in_the_end(world: World) -> None:
    person = await world.person()
    cards = [await world.card(person), await world.card(person)]
    both_hold_one = asyncio.Barrier(2)

    def locking(order: Sequence[UUID]) -> UseCase[Any, Any]:
        meet = Once(lambda work: both_hold_one.wait())

        async def lock(work: Any) -> None:
            await work.cards.get(order[0])
            await meet(work)
            await work.cards.get(order[1])

        return acting(lock)

    executors = [Executor([locking(order)], world.unit, world.ids) for order in (cards, cards[::-1])]
    await asyncio.gather(*[executor.execute(Act(), ACTOR) for executor in executors])
    assert sorted(executor.retries for executor in executors) == [0, 1]
    assert await world.database.fetchval("select count(*) from audit where operation = 'act'") == 2


async def test_a_serialisation_failure_is_tried_again(world: World) -> None:
    card = await world.card(await world.person())

    async def be_overtaken(work: Any) -> None:
        await work.session.execute(text("set transaction isolation level repeatable read"))
        await work.session.execute(text("select from card"))
        await world.database.execute("update card set status = 'BLOCKED'")

    overtaken = Once(be_overtaken)

    async def lock(work: Any) -> None:
        await overtaken(work)
        await work.cards.get(card)

    executor = Executor([acting(lock)], world.unit, world.ids)
    await executor.execute(Act(), ACTOR)
    assert executor.retries == 1


async def test_what_never_succeeds_is_given_up_as_busy(executor_of: MakeExecutor) -> None:
    async def contend(work: Any) -> None:
        raise Contended

    executor = executor_of(acting(contend))
    with pytest.raises(Busy):
        await executor.execute(Act(), ACTOR)
    assert executor.retries == ATTEMPTS


# -- a lost answer to COMMIT


@asynccontextmanager
async def through_proxy(
    server: TestServer, database_name: str, norrsken: Operator, ids: TestIds, clock: TestClock
) -> AsyncGenerator[tuple[Proxy, PostgresUnit]]:
    async with a_proxy(server.server.application_url(database_name)) as (proxy, url):
        database = await open_database(url, connections=3)
        yield proxy, PostgresUnit(database, norrsken, ids, clock)
        await database.close()


@pytest.fixture
async def wire(
    server: TestServer, database_name: str, norrsken: Operator, ids: TestIds, clock: TestClock
) -> AsyncGenerator[tuple[Proxy, PostgresUnit]]:
    async with through_proxy(server, database_name, norrsken, ids, clock) as both:
        yield both


@pytest.mark.parametrize(("where", "commits"), [(Cut.BEFORE_ITS_ANSWER, 1), (Cut.BEFORE_IT_ARRIVES, 2)])
async def test_a_lost_commit_is_looked_up_and_done_once(
    wire: tuple[Proxy, PostgresUnit], database: Database, ids: TestIds, where: Cut, commits: int
) -> None:
    proxy, unit = wire
    proxy.cut = where
    executor = Executor([crediting()], unit, ids)
    id = await executor.execute(Credit(idempotency_key="k"), ACTOR)
    assert proxy.commits_seen == commits
    assert await database.fetchval("select id from audit") == id
    assert await effects(database) == ONCE
    assert executor.retries == commits - 1


@pytest.mark.parametrize(("where", "committed"), [(Cut.BEFORE_ITS_ANSWER, ONCE), (Cut.BEFORE_IT_ARRIVES, NOTHING)])
async def test_when_nobody_can_be_asked_the_key_tells_later(
    wire: tuple[Proxy, PostgresUnit], database: Database, ids: TestIds, where: Cut, committed: list[int]
) -> None:
    proxy, unit = wire
    proxy.cut, proxy.goes_down_with_cut = where, True
    executor = Executor([crediting()], unit, ids)
    with pytest.raises(Unavailable):
        await executor.execute(Credit(idempotency_key="k"), ACTOR)
    assert await effects(database) == committed
    proxy.is_down = proxy.goes_down_with_cut = False
    id = await executor.execute(Credit(idempotency_key="k"), ACTOR)
    assert await database.fetchval("select id from audit") == id
    assert await effects(database) == ONCE


@pytest.mark.parametrize("commits", [True, False])
async def test_whether_it_was_committed_is_certain_once_it_is_said(
    unit: PostgresUnit, ids: TestIds, commits: bool
) -> None:
    id = ids.new()

    async def be_slow() -> None:
        async with unit(ACTOR, id) as work:
            await work.record("slow", {})
            is_open.set()
            await asyncio.sleep(0.3)
            if not commits:
                raise Refused

    is_open = asyncio.Event()
    slow = asyncio.create_task(be_slow())
    await wait_for(is_open)
    assert await unit.was_committed(id) is commits
    assert slow.done() or not commits
    await asyncio.gather(slow, return_exceptions=True)


async def test_what_stays_uncertain_is_unavailable_and_never_busy(unit: PostgresUnit, ids: TestIds) -> None:
    """Busy would say that nothing has happened."""
    id = ids.new()
    async with unit(ACTOR, id) as work:
        await work.record("slow", {})
        with pytest.raises(Unavailable):
            await unit.was_committed(id)


# -- a database that goes away


async def test_a_session_that_is_ended_in_the_middle_is_unavailable_and_leaves_nothing(
    executor_of: MakeExecutor, server: TestServer, database_name: str, database: Database
) -> None:
    async def end_sessions(work: Any) -> None:
        await cut(server, database_name)

    executor = executor_of(crediting(after=Once(end_sessions)))
    with pytest.raises(Unavailable):
        await executor.execute(Credit(idempotency_key="k"), ACTOR)
    assert await effects(database) == NOTHING
    await executor.execute(Credit(idempotency_key="k"), ACTOR)
    assert await effects(database) == ONCE


async def test_connections_that_died_while_idle_are_replaced_unnoticed(
    executor_of: MakeExecutor, server: TestServer, database_name: str, database: Database
) -> None:
    everybody_in = asyncio.Barrier(4)
    meeting = executor_of(acting(lambda work: everybody_in.wait()))
    await asyncio.gather(*[meeting.execute(Act(), ACTOR) for _ in range(4)])
    assert await cut(server, database_name) >= 4
    executor = executor_of(acting(_nothing))
    for _ in range(5):
        await executor.execute(Act(), ACTOR)
        assert await database.fetchval("select 1") == 1


async def test_a_database_that_is_down_is_unavailable_at_once_and_comes_back_by_itself(
    wire: tuple[Proxy, PostgresUnit], ids: TestIds
) -> None:
    proxy, unit = wire
    executor = Executor([acting(_nothing)], unit, ids)
    await executor.execute(Act(), ACTOR)
    proxy.go_down()
    for _ in range(4):
        with pytest.raises(Unavailable):
            await asyncio.wait_for(executor.execute(Act(), ACTOR), 2)
    proxy.is_down = False
    for _ in range(4):
        await executor.execute(Act(), ACTOR)


async def test_when_all_connections_are_taken_one_waits_two_seconds_and_nothing_leaks(
    server: TestServer, database_name: str, norrsken: Operator, ids: TestIds, clock: TestClock, database: Database
) -> None:
    small = await open_database(server.server.application_url(database_name), connections=2)
    unit = PostgresUnit(small, norrsken, ids, clock)
    executor = Executor([acting(_nothing)], unit, ids)
    async with AsyncExitStack() as stack:
        for _ in range(2):
            await stack.enter_async_context(unit(ACTOR, ids.new()))
            await stack.enter_async_context(small.listening_connection())
        began = time.monotonic()
        refused = [asyncio.create_task(executor.execute(Act(), ACTOR)) for _ in range(5)]
        refused += [asyncio.create_task(small.fetchval("select 1")) for _ in range(5)]
        outcomes = await asyncio.gather(*refused, return_exceptions=True)
        assert [type(outcome) for outcome in outcomes] == [Unavailable] * 10
        assert 1.9 < time.monotonic() - began < 5
    await asyncio.gather(*[executor.execute(Act(), ACTOR) for _ in range(6)])
    assert await asyncio.gather(*[small.fetchval("select 1") for _ in range(6)]) == [1] * 6
    assert await _open_transactions(database) == 0
    await small.close()


async def test_whoever_is_cancelled_leaves_no_transaction_behind(
    server: TestServer, database_name: str, norrsken: Operator, ids: TestIds, clock: TestClock, database: Database
) -> None:
    """At whatever moment, and even while it is being undone: the next one on that connection would be inside it."""
    single = await open_database(server.server.application_url(database_name), connections=1)
    executor = Executor([crediting()], PostgresUnit(single, norrsken, ids, clock), ids)
    await executor.execute(Credit(idempotency_key="first"), ACTOR)
    done = 1
    for moment in range(40):
        execution = asyncio.create_task(executor.execute(Credit(idempotency_key=str(moment)), ACTOR))
        for _ in range(moment):
            await asyncio.sleep(0)
        execution.cancel()
        if moment % 2:
            await asyncio.sleep(0)
            execution.cancel()
        await asyncio.gather(execution, return_exceptions=True)
        await executor.execute(Credit(idempotency_key=f"after {moment}"), ACTOR)
        done += 1
        keys = await database.fetchval("select count(*) from idempotency where key like 'after%' or key = 'first'")
        assert keys == done, f"cancelled after {moment} turns of the loop"
    assert await _open_transactions(database) == 0
    assert len(set(await effects(database))) == 1
    await single.close()


async def _open_transactions(database: Database) -> int:
    return await database.fetchval(
        """select count(*) from pg_stat_activity
            where datname = current_database() and state like 'idle in transaction%'"""
    )
