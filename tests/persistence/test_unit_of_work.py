"""What the executor and the unit of work promise, on real PostgreSQL: all or nothing, once, whoever else is there."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text

from domain.kernel.access import (
    ANONYMOUS,
    PERMISSIONS,
    Actor,
    ActorKind,
    Delegation,
    Permission,
    SupportAccess,
    customer,
    impersonating,
    system,
)
from domain.kernel.errors import (
    Busy,
    Contended,
    Fault,
    Forbidden,
    IdempotencyKeyReused,
    Unauthenticated,
    Undeclared,
)
from domain.kernel.executor import ATTEMPTS, Executor, UseCase
from domain.operators.operator import Operator
from persistence.database import Database
from persistence.unit_of_work import PostgresUnit
from tests.support.executions import (
    ACTOR,
    CARD,
    NOTHING,
    ONCE,
    Act,
    Credit,
    MakeExecutor,
    Once,
    Refused,
    acting,
    crediting,
    effects,
    wait_for,
)
from tests.support.time import TestIds
from tests.support.world import World


async def _refuse(work: Any) -> None:
    raise Refused


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
    monkeypatch.setitem(PERMISSIONS, ActorKind.CUSTOMER, frozenset({Permission.CARD_BLOCK}))
    staff_id, session_id = UUID(int=1), UUID(int=2)
    reader, assistant = (impersonating(staff_id, CARD, Delegation(session_id, access)) for access in SupportAccess)

    async def done_by(actor: Actor, while_impersonating: SupportAccess | None) -> bool:
        case = replace(crediting(), while_impersonating=while_impersonating)
        try:
            await executor_of(case).execute(Credit(idempotency_key="k"), actor)
        except Forbidden:
            return False
        return True

    assert [await done_by(reader, access) for access in (None, *SupportAccess)] == [False, True, False]
    assert [await done_by(assistant, access) for access in (None, *SupportAccess)] == [False, True, True]


async def test_what_is_done_in_a_support_session_says_so_in_the_audit_log(
    executor_of: MakeExecutor, monkeypatch: pytest.MonkeyPatch, database: Database
) -> None:
    monkeypatch.setitem(PERMISSIONS, ActorKind.CUSTOMER, frozenset({Permission.CARD_BLOCK}))
    actor = impersonating(UUID(int=1), CARD, Delegation(UUID(int=2), SupportAccess.ASSIST))
    case = replace(crediting(), while_impersonating=SupportAccess.ASSIST)
    await executor_of(case).execute(Credit(idempotency_key="k"), actor)
    row = await database.fetchrow("select actor, subject_id, details ->> 'support_session_id' from audit")
    assert tuple(row) == (f"staff:{UUID(int=1)}", CARD, str(UUID(int=2)))


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
