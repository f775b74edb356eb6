"""How a subscriber is brought forward."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

import pytest

from domain.kernel.access import Permission, system
from domain.kernel.events import Event
from domain.kernel.executor import Executor, use_case
from domain.kernel.subscribers import HandleEvents, NothingNew, Subscriber
from persistence.events import EventLog
from persistence.nudges import Nudges
from persistence.unit_of_work import PostgresUnit, PostgresWork
from tests.support.world import World
from tests.worker.support import eventually, running
from worker.subscribers import Follower


@dataclass(frozen=True, kw_only=True)
class Note(HandleEvents):
    """Note what happened."""


NOTER = Subscriber(name="noter", handles=frozenset({"thing.happened"}), command=Note)


class Notes:
    """A subscriber that notes what it is told of, and fails in some shards."""

    def __init__(self, world: World) -> None:
        self.happened: list[int] = []
        self.attempts: dict[int, int] = {}
        self.failing: Sequence[int] = ()
        self.world, self.nudges = world, Nudges(world.database)

        @use_case(Permission.MESSAGE_SEND, rejects=[NothingNew])
        async def note(command: Note, work: PostgresWork) -> int:
            events = await work.subscriptions.take(NOTER, command.shard)
            self.attempts[command.shard] = self.attempts.get(command.shard, 0) + 1
            if command.shard in self.failing:
                raise ValueError("of no use")
            self.happened.extend(int(str(event.data["number"])) for event in events)
            return len(events)

        self.executor = Executor([note], world.unit, world.ids)

    def follower(self, *, poll_seconds: float = 0.1) -> Follower:
        return Follower(
            NOTER,
            log=EventLog(self.world.database),
            executor=self.executor,
            news=self.nudges.news(),
            poll_seconds=poll_seconds,
        )

    async def happen(self, *numbers: int, unit: PostgresUnit | None = None) -> None:
        async with (unit or self.world.unit)(system("test"), self.world.ids.new()) as work:
            for number in numbers:
                work.emit(Event("thing.happened", self.world.ids.new(), {"number": number}))
            await work.record("happen", {})


@pytest.fixture
def notes(world: World) -> Notes:
    return Notes(world)


async def test_what_happens_is_noted_though_nobody_nudges(notes: Notes) -> None:
    async with running(notes.follower().run()):
        await notes.happen(1)
        await eventually(lambda: notes.happened == [1])
        await notes.happen(2)
        await eventually(lambda: notes.happened == [1, 2])


async def test_a_nudge_is_enough(notes: Notes) -> None:
    async with running(notes.nudges.run(), notes.follower(poll_seconds=60).run()):
        await notes.nudges.listening.wait()
        await asyncio.sleep(0.3)
        await notes.happen(1)
        await eventually(lambda: notes.happened == [1], within_seconds=1)


async def test_more_than_a_chunk_is_noted_without_a_pause(notes: Notes) -> None:
    for first in range(0, 1000, 250):
        await notes.happen(*range(first, first + 250))
    async with running(notes.follower(poll_seconds=60).run()):
        await eventually(lambda: sorted(notes.happened) == list(range(1000)))


async def test_a_chunk_that_fails_holds_up_only_its_shard_and_is_not_left_out(notes: Notes) -> None:
    notes.failing = [0, 1]
    numbers = list(range(40))
    await notes.happen(*numbers)
    async with running(notes.follower().run()):
        await eventually(lambda: set(notes.attempts) == {0, 1, 2, 3})
        assert 0 < len(notes.happened) < len(numbers)
        await asyncio.sleep(0.4)
        assert notes.attempts[0] == 1  # it rests
        notes.failing = []
        await eventually(lambda: sorted(notes.happened) == numbers)


async def test_a_subscriber_goes_on_after_the_log_could_not_be_read(
    notes: Notes, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fail(*args: object) -> None:
        raise OSError

    follower = notes.follower()
    with monkeypatch.context() as patch:
        patch.setattr(notes.world.database, "fetch", fail)
        assert not await follower.advance()
    await notes.happen(1)
    assert await follower.advance()
