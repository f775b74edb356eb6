"""Whatever happens to a connection, and whenever: nothing is half done, nothing done twice, and it passes."""

from __future__ import annotations

import asyncio
import gc
import time
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

import asyncpg
import pytest

from domain.kernel.errors import (
    Unavailable,
)
from domain.kernel.executor import Executor
from domain.operators.operator import Operator
from persistence.database import Database, open_database
from persistence.readers import Readers
from persistence.unit_of_work import PostgresUnit
from tests.support.connections import cut
from tests.support.databases import TestServer
from tests.support.executions import (
    ACTOR,
    NOTHING,
    ONCE,
    Act,
    Credit,
    MakeExecutor,
    Once,
    Refused,
    acting,
    crediting,
    do_nothing,
    effects,
    wait_for,
)
from tests.support.proxy import Cut, Proxy, a_proxy
from tests.support.time import TestClock, TestIds

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
    executor = executor_of(acting(do_nothing))
    for _ in range(5):
        await executor.execute(Act(), ACTOR)
        assert await database.fetchval("select 1") == 1


async def test_a_database_that_is_down_is_unavailable_at_once_and_comes_back_by_itself(
    wire: tuple[Proxy, PostgresUnit], ids: TestIds
) -> None:
    proxy, unit = wire
    executor = Executor([acting(do_nothing)], unit, ids)
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
    executor = Executor([acting(do_nothing)], unit, ids)
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


# -- reading


async def test_a_read_that_is_cut_off_is_read_again(database: Database, server: TestServer, database_name: str) -> None:
    await asyncio.gather(*[database.fetchval("select pg_sleep(0.05)") for _ in range(3)])
    reading = asyncio.create_task(database.fetchval("select 7 from pg_sleep(0.5)"))
    await asyncio.sleep(0.2)
    assert await cut(server, database_name) > 0
    assert await reading == 7


async def test_a_reader_who_was_cancelled_leaves_nothing_of_theirs_behind(database: Database) -> None:
    for _ in range(10):
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(database.fetchval("select 1 from pg_sleep(5)"), 0.05)
    assert [await database.fetchval("select $1::int", n) for n in range(10)] == list(range(10))


async def test_a_refused_read_costs_no_connection(database: Database) -> None:
    before = await database.fetchval("select pg_backend_pid()")
    with pytest.raises(asyncpg.PostgresError):
        await database.fetchval("select 1/0")
    assert await database.fetchval("select pg_backend_pid()") == before


class BrokenConnection:
    """Dies in the middle of its first answer, in the driver's own words."""

    def terminate(self) -> None:
        pass

    async def fetchval(self, query: str) -> Any:
        raise asyncpg.InternalClientError("cannot switch to state 12; another operation (2) is in progress")


async def test_a_connection_that_dies_in_the_middle_of_an_answer_is_lost_like_any_other(
    database: Database, server: TestServer, database_name: str
) -> None:
    connections: list[Any] = [BrokenConnection(), await asyncpg.connect(server.server.application_url(database_name))]

    async def connect() -> Any:
        return connections.pop(0) if connections else BrokenConnection()

    readers = Readers(connect, connections=1)
    breaking = Database(readers, database._engine, connections=1)  # pyright: ignore[reportPrivateUsage]  # not written through
    assert await breaking.fetchval("select 7") == 7
    readers.forget()
    with pytest.raises(Unavailable):
        await breaking.fetchval("select 7")


async def test_a_nudge_that_fails_is_told_of_once_and_leaves_nothing_behind(
    database: Database, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fail(query: str, *args: Any) -> str:
        raise RuntimeError

    monkeypatch.setattr(database, "execute", fail)
    database.nudge()
    await asyncio.sleep(0.05)
    del fail
    gc.collect()
    assert [(each.name, each.levelname) for each in caplog.records] == [("persistence.database", "WARNING")]
