"""The event log and the cursors over it."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

import asyncpg
import pytest

from domain.kernel.access import Permission, system
from domain.kernel.errors import Unavailable
from domain.kernel.events import Event
from domain.kernel.executor import Executor, use_case
from domain.kernel.subscribers import SHARDS, HandleEvents, NothingNew, Subscriber
from persistence.database import Database
from persistence.events import CHUNK, EventLog
from persistence.unit_of_work import PostgresUnit, PostgresWork
from tests.support.connections import cut
from tests.support.databases import TestServer
from tests.support.time import START, TestClock, TestIds

TEST = system("test")
SOMEBODY = UUID(int=4)  # in shard 0, like events without a subject


@dataclass(frozen=True, kw_only=True)
class CountEvents(HandleEvents):
    """Note each event, in the transaction of the cursor."""


COUNTER = Subscriber(name="counter", handles=frozenset({"thing.happened"}), command=CountEvents)


@use_case(Permission.MESSAGE_SEND, rejects=[NothingNew])
async def count_events(command: CountEvents, work: PostgresWork) -> int:
    events = await work.subscriptions.take(COUNTER, command.shard)
    for event in events:
        work.emit(Event("thing.counted", event.subject, {"position": event.position, "shard": command.shard}))
    return len(events)


class Log:
    """Makes things happen, counts them, and knows what was counted."""

    def __init__(self, database: Database, unit: PostgresUnit, ids: TestIds) -> None:
        self._unit, self._ids = unit, ids
        self._database = database
        self.log = EventLog(database)

    async def happen(self, *events: Event) -> None:
        async with self._unit(TEST, self._ids.new()) as work:
            for event in events:
                work.emit(event)
            await work.record("happen", {})

    async def count(self, reached: Callable[[str], None] = lambda step: None) -> int:
        """One chunk in each shard that has something."""
        executor = Executor([count_events], self._unit, self._ids, reached)
        counted = 0
        for shard in await self.log.shards_waiting(COUNTER):
            try:
                counted += await executor.execute(CountEvents(shard=shard), TEST)
            except NothingNew:
                await asyncio.sleep(0)
        return counted

    async def counted(self) -> list[int]:
        """The positions that were counted, as often as they were."""
        rows = await self._database.fetch("select data ->> 'position' from event where type = 'thing.counted'")
        return [int(row[0]) for row in rows]

    async def positions(self) -> list[int]:
        rows = await self._database.fetch("select position from event where type = 'thing.happened'")
        return [row[0] for row in rows]

    async def taken(self, shard: int = 0) -> list[int]:
        """What the subscriber is given next, in its order. Its cursor moves."""
        async with self._unit(TEST, self._ids.new()) as work:
            return [event.position for event in await work.subscriptions.take(COUNTER, shard)]


def a_thing(subject: UUID | None = SOMEBODY) -> Event:
    return Event("thing.happened", subject)


@pytest.fixture
def log(database: Database, unit: PostgresUnit, ids: TestIds) -> Log:
    return Log(database, unit, ids)


@asynccontextmanager
async def slow_transaction(owner: asyncpg.Connection[Any]) -> AsyncGenerator[Callable[[], Any]]:
    """A transaction that has its id, and commits when told. It can make a thing happen meanwhile."""
    async with owner.transaction():
        await owner.fetchval("select pg_current_xact_id()")

        async def happen() -> int:
            return await owner.fetchval(
                """insert into event (type, version, at, subject_id, actor, execution_id, data)
                   values ('thing.happened', 1, $1, $2, 'test', gen_random_uuid(), '{}') returning position""",
                *(START, SOMEBODY),
            )

        yield happen


async def test_an_event_of_a_transaction_that_commits_late_is_not_passed_over(
    log: Log, owner: asyncpg.Connection[Any]
) -> None:
    async with slow_transaction(owner) as happen:
        early = await happen()
        await log.happen(a_thing())
        assert await log.log.shards_waiting(COUNTER) == []
        with pytest.raises(NothingNew):
            await log.taken()
    late = next(position for position in await log.positions() if position != early)
    assert await log.taken() == [early, late]


async def test_an_event_with_a_higher_position_and_a_lower_transaction_is_not_passed_over(
    log: Log, owner: asyncpg.Connection[Any]
) -> None:
    async with slow_transaction(owner) as happen:
        await log.happen(a_thing())
        [first] = await log.positions()
        second = await happen()
        with pytest.raises(NothingNew):
            await log.taken()
    assert second > first
    assert await log.taken() == [second, first]


async def test_what_happens_while_a_cursor_stands_behind_it_comes_next(
    log: Log, owner: asyncpg.Connection[Any]
) -> None:
    await log.happen(a_thing())
    assert len(await log.taken()) == 1
    async with slow_transaction(owner) as happen:
        position = await happen()
    assert await log.taken() == [position]
    with pytest.raises(NothingNew):
        await log.taken()


async def test_each_event_counts_once_with_several_workers_at_the_same_shards(log: Log, ids: TestIds) -> None:
    for _ in range(4):
        await log.happen(*[a_thing(ids.new()) for _ in range(150)])

    async def work() -> None:
        while await log.log.shards_waiting(COUNTER):
            await log.count()

    await asyncio.gather(*[work() for _ in range(3)])
    assert Counter(await log.counted()) == Counter(await log.positions())


@pytest.mark.parametrize("step", ["count_events.before_commit", "count_events.committed"])
async def test_each_event_counts_once_when_a_worker_dies_at_the_commit(step: str, log: Log, ids: TestIds) -> None:
    await log.happen(*[a_thing(ids.new()) for _ in range(50)])

    def die(reached: str) -> None:
        if reached == step:
            raise SystemError("died")

    with pytest.raises(SystemError):
        await log.count(die)
    while await log.count():
        pass
    assert Counter(await log.counted()) == Counter(await log.positions())


async def test_each_event_counts_once_when_the_connection_is_lost_with_a_chunk_in_hand(
    log: Log, unit: PostgresUnit, ids: TestIds, server: TestServer, database_name: str
) -> None:
    await log.happen(a_thing(), a_thing())

    async def take_and_lose() -> None:
        async with unit(TEST, ids.new()) as work:
            assert len(await work.subscriptions.take(COUNTER, 0)) == 2
            await cut(server, database_name)
            await work.record("lost", {})

    with pytest.raises(Unavailable):
        await take_and_lose()
    assert await log.count() == 2
    assert Counter(await log.counted()) == Counter(await log.positions())


async def test_a_worker_passes_by_a_shard_that_another_is_at(log: Log, unit: PostgresUnit, ids: TestIds) -> None:
    await log.happen(a_thing())
    await log.taken()
    await log.happen(a_thing())
    async with unit(TEST, ids.new()) as work:
        assert len(await work.subscriptions.take(COUNTER, 0)) == 1
        async with asyncio.timeout(1):
            with pytest.raises(NothingNew):
                await log.taken()


async def test_with_its_cursor_at_zero_a_subscriber_reads_everything_again(
    log: Log, unit: PostgresUnit, ids: TestIds
) -> None:
    await log.happen(*[a_thing(ids.new()) for _ in range(30)])
    while await log.count():
        pass
    async with unit(TEST, ids.new()) as work:
        await work.subscriptions.rewind(COUNTER)
    while await log.count():
        pass
    assert Counter(await log.counted()) == Counter(2 * await log.positions())


async def test_a_cursor_moves_past_what_is_for_others(log: Log) -> None:
    await log.happen(*[Event("something.else", SOMEBODY) for _ in range(CHUNK)])
    await log.happen(a_thing())
    assert await log.taken() == []  # a whole chunk for others
    assert await log.taken() == await log.positions()


async def test_what_is_for_others_and_less_than_a_chunk_moves_nothing(log: Log, database: Database) -> None:
    await log.happen(Event("something.else", SOMEBODY))
    assert await log.log.shards_waiting(COUNTER) == []
    with pytest.raises(NothingNew):
        await log.taken()
    assert await database.fetchval("select count(*) from subscriber_cursor") == 0


async def test_every_event_is_in_one_shard_and_those_of_nobody_are_in_the_first(
    log: Log, ids: TestIds, database: Database
) -> None:
    await log.happen(a_thing(None), *[a_thing(ids.new()) for _ in range(40)])
    assert await log.log.shards_waiting(COUNTER) == list(range(SHARDS))
    while await log.count():
        pass
    assert Counter(await log.counted()) == Counter(await log.positions())
    shards = "select data ->> 'shard' from event where type = 'thing.counted' and subject_id is null"
    assert [row[0] for row in await database.fetch(shards)] == ["0"]


async def test_the_lag_tells_how_many_events_wait_and_since_when(log: Log, clock: TestClock, ids: TestIds) -> None:
    assert await log.log.lag(COUNTER) == (0, None)
    await log.happen(a_thing(ids.new()), Event("something.else", SOMEBODY))
    clock.advance(timedelta(minutes=1))
    await log.happen(a_thing(ids.new()))
    assert await log.log.lag(COUNTER) == (2, START)
    while await log.count():
        pass
    assert await log.log.lag(COUNTER) == (0, None)


async def test_the_lag_shows_what_an_open_transaction_holds_back(log: Log, owner: asyncpg.Connection[Any]) -> None:
    async with slow_transaction(owner):
        await log.happen(a_thing())
        assert await log.log.shards_waiting(COUNTER) == []
        assert (await log.log.lag(COUNTER)).waiting == 1
