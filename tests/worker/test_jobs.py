"""Jobs are done, tried again, and never lost."""

from __future__ import annotations

import asyncio
import logging
import sys
from asyncio.subprocess import PIPE
from contextlib import suppress
from datetime import timedelta
from functools import partial
from uuid import UUID

import pytest

from domain.kernel.access import system
from domain.kernel.errors import Unavailable
from domain.kernel.events import Job
from persistence.database import Database
from persistence.jobs import JobQueue
from persistence.nudges import Nudges
from persistence.unit_of_work import PostgresUnit
from tests.support.connections import cut
from tests.support.databases import TestServer
from tests.support.time import TestIds
from tests.worker.support import WAIT_SECONDS, Handler, eventually, running
from worker.jobs import Jobs, Retries

ABOUT = UUID(int=7)
AT_ONCE = Retries(attempts=3, first_seconds=0.01, longest_seconds=0.02)
SECRET = "+46701740605"


class Bench:
    """A queue, and workers at it."""

    def __init__(self, database: Database, unit: PostgresUnit, ids: TestIds) -> None:
        self.database, self._unit, self._ids = database, unit, ids
        self.nudges = Nudges(database)
        self.queue = JobQueue(database, self.nudges)

    async def schedule(self, about: UUID = ABOUT, *, name: str = "polish", after: timedelta = timedelta(0)) -> None:
        """A transaction is not repeated where its connection turns out to be gone; so this is."""
        while True:
            with suppress(Unavailable):
                return await self._schedule(about, name, after)

    async def _schedule(self, about: UUID, name: str, after: timedelta) -> None:
        async with self._unit(system("test"), self._ids.new()) as work:
            work.schedule(Job(name, about, after))
            await work.record("schedule", {})

    def jobs(
        self,
        handler: Handler,
        *,
        poll_seconds: float = 0.1,
        concurrency: int = 4,
        heartbeat_seconds: float = 30,
        retries: Retries = AT_ONCE,
    ) -> Jobs:
        return Jobs(
            JobQueue(self.database, self.nudges),
            {"polish": handler},
            concurrency=concurrency,
            poll_seconds=poll_seconds,
            heartbeat_seconds=heartbeat_seconds,
            retries=retries,
        )

    async def statuses(self) -> list[str]:
        return [row[0] for row in await self.database.fetch("select status::text from pgqueuer")]

    async def is_empty(self) -> bool:
        return await self.statuses() == []


@pytest.fixture
def bench(database: Database, unit: PostgresUnit, ids: TestIds) -> Bench:
    return Bench(database, unit, ids)


async def test_a_job_is_done_once_and_gone(bench: Bench) -> None:
    handler = Handler()
    async with running(bench.jobs(handler).run()):
        await bench.schedule()
        await eventually(bench.is_empty)
    assert handler.calls == [ABOUT]


async def test_a_nudge_brings_a_job_to_its_handler_at_once(bench: Bench) -> None:
    handler = Handler()
    async with running(bench.nudges.run(), bench.jobs(handler, poll_seconds=60).run()):
        await bench.nudges.listening.wait()
        await asyncio.sleep(0.3)  # pgqueuer has looked, found nothing, and waits
        await bench.schedule()
        await eventually(lambda: handler.calls == [ABOUT], within_seconds=2)


async def test_a_storm_of_nudges_is_not_looked_into_one_by_one(bench: Bench) -> None:
    async with running(bench.nudges.run(), bench.jobs(Handler(), poll_seconds=60).run()):
        await bench.nudges.listening.wait()
        await asyncio.sleep(0.3)
        before = bench.database.statements
        async with asyncio.TaskGroup() as group:
            for _ in range(50):
                group.create_task(bench.database.execute("select pg_notify('ch_pgqueuer', '')"))
        await asyncio.sleep(0.5)
        assert bench.database.statements - before - 50 < 100


async def test_without_nudges_a_job_is_found_by_polling(bench: Bench) -> None:
    handler = Handler()
    async with running(bench.jobs(handler).run()):
        await asyncio.sleep(0.3)
        await bench.schedule()
        await eventually(lambda: handler.calls == [ABOUT])


async def test_a_job_for_later_is_not_done_before(bench: Bench) -> None:
    handler = Handler()
    async with running(bench.jobs(handler).run()):
        await bench.schedule(after=timedelta(seconds=1))
        await asyncio.sleep(0.5)
        assert handler.calls == []
        await eventually(lambda: handler.calls == [ABOUT])


async def test_a_job_that_nobody_here_knows_is_left_alone(bench: Bench) -> None:
    async with running(bench.jobs(Handler()).run()):
        await bench.schedule(name="of_a_newer_version")
        await asyncio.sleep(0.5)
    assert await bench.statuses() == ["queued"]


async def test_a_handler_that_fails_is_tried_again(bench: Bench) -> None:
    async def fail_twice() -> None:
        if len(handler.calls) < 3:
            raise ValueError

    handler = Handler(fail_twice)
    async with running(bench.jobs(handler).run()):
        await bench.schedule()
        await eventually(bench.is_empty)
    assert handler.calls == [ABOUT] * 3


async def test_a_handler_that_always_fails_is_held_after_its_last_attempt(bench: Bench) -> None:
    async def fail() -> None:
        raise ValueError(SECRET)

    handler = Handler(fail)
    async with running(bench.jobs(handler).run()):
        await bench.schedule()
        await eventually(lambda: len(handler.calls) == AT_ONCE.attempts)
        await eventually(partial(_holds, bench.queue))
        await asyncio.sleep(0.3)
    assert len(handler.calls) == AT_ONCE.attempts
    assert await bench.statuses() == ["failed"]


async def _holds(queue: JobQueue) -> bool:
    return (await queue.backlog()).held == 1


async def test_what_an_error_says_is_not_kept(bench: Bench, caplog: pytest.LogCaptureFixture) -> None:
    async def fail() -> None:
        raise ValueError(SECRET)

    with caplog.at_level(logging.INFO):
        async with running(bench.jobs(Handler(fail)).run()):
            await bench.schedule()
            await eventually(partial(_holds, bench.queue))
    kept = await bench.database.fetch("select traceback::text from pgqueuer_log where traceback is not null")
    assert len(kept) == AT_ONCE.attempts
    assert all("ValueError" in row[0] and SECRET not in row[0] for row in kept)
    assert not any(SECRET in record.getMessage() for record in caplog.records)


async def test_the_pauses_double_are_bounded_and_differ() -> None:
    retries = Retries(attempts=9, first_seconds=1, longest_seconds=60)
    for attempts, longest in [(1, 1), (2, 2), (5, 16), (9, 60)]:
        pauses = {retries.pause(attempts).total_seconds() for _ in range(20)}
        assert all(longest / 2 <= pause <= longest for pause in pauses)
        assert len(pauses) > 1


async def test_the_job_of_a_killed_worker_is_done_by_another(
    bench: Bench, server: TestServer, database_name: str
) -> None:
    await bench.schedule()
    doomed = await asyncio.create_subprocess_exec(sys.executable, "-m", "tests.worker.doomed", stdin=PIPE, stdout=PIPE)
    try:
        assert doomed.stdin is not None
        assert doomed.stdout is not None
        doomed.stdin.write(f"{server.server.application_url(database_name)}\n".encode())
        assert await asyncio.wait_for(doomed.stdout.readline(), 20) == f"{ABOUT}\n".encode()
    finally:
        doomed.kill()
        await doomed.wait()
    other = Handler()
    async with running(bench.jobs(other, heartbeat_seconds=0.5).run()):
        await eventually(bench.is_empty)
    assert other.done == [ABOUT]


async def test_a_slow_job_is_not_taken_for_dead(bench: Bench) -> None:
    async def slowly() -> None:
        await asyncio.sleep(1.5)

    first, second = Handler(slowly), Handler()
    async with running(bench.jobs(first, heartbeat_seconds=0.5).run()):
        await bench.schedule()
        await eventually(lambda: first.calls == [ABOUT])
        async with running(bench.jobs(second, heartbeat_seconds=0.5).run()):
            await eventually(lambda: first.done == [ABOUT])
            await eventually(bench.is_empty)
    assert second.calls == []


async def test_no_more_jobs_are_done_at_once_than_allowed(bench: Bench, ids: TestIds) -> None:
    at_once: list[int] = []

    async def work() -> None:
        at_once.append(len(handler.calls) - len(handler.done))
        await asyncio.sleep(0.05)

    handler = Handler(work)
    for _ in range(20):
        await bench.schedule(ids.new())
    async with running(bench.jobs(handler, concurrency=4).run()):
        await eventually(bench.is_empty)
    assert max(at_once) == 4
    assert len(set(handler.done)) == len(handler.done) == 20


async def test_stopping_finishes_what_is_in_hand_and_takes_no_more(bench: Bench, ids: TestIds) -> None:
    go = asyncio.Event()

    async def wait() -> None:
        await go.wait()

    handler = Handler(wait)
    jobs = bench.jobs(handler)
    task = asyncio.create_task(jobs.run())
    await bench.schedule()
    await eventually(lambda: handler.calls == [ABOUT])
    jobs.stop()
    await asyncio.sleep(0.5)  # a look that had begun may still have found the next job
    await bench.schedule(ids.new())
    await asyncio.sleep(0.3)
    assert not task.done()
    go.set()
    await asyncio.wait_for(task, 2)
    assert handler.done == [ABOUT]
    assert await bench.statuses() == ["queued"]


async def test_being_cancelled_finishes_what_is_in_hand(bench: Bench) -> None:
    handler = Handler(lambda: asyncio.sleep(0.3))
    task = asyncio.create_task(bench.jobs(handler).run())
    await bench.schedule()
    await eventually(lambda: handler.calls == [ABOUT])
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert handler.done == [ABOUT]
    assert await bench.is_empty()


async def test_a_job_that_is_broken_off_is_not_lost(bench: Bench) -> None:
    handler = Handler(lambda: asyncio.sleep(60))
    task = asyncio.create_task(bench.jobs(handler).run())
    await bench.schedule()
    await eventually(lambda: handler.calls == [ABOUT])
    for _ in range(2):  # the second time it does not wait for what is in hand
        task.cancel()
        await asyncio.sleep(0.1)
    await asyncio.wait({task}, timeout=WAIT_SECONDS)
    assert await bench.statuses() == ["queued"]


async def test_jobs_go_on_after_the_connections_are_lost(
    bench: Bench, ids: TestIds, server: TestServer, database_name: str
) -> None:
    handler = Handler()
    async with running(bench.nudges.run(), bench.jobs(handler, poll_seconds=60).run()):
        await bench.schedule()
        await eventually(lambda: len(handler.done) == 1)
        await cut(server, database_name)
        await eventually(bench.nudges.listening.is_set)
        await asyncio.sleep(0.3)
        await bench.schedule(ids.new())
        await eventually(lambda: len(handler.done) == 2)


async def test_jobs_go_on_after_the_database_was_away(
    bench: Bench, server: TestServer, database_name: str, ids: TestIds
) -> None:
    handler = Handler()
    async with running(bench.nudges.run(), bench.jobs(handler).run()):
        await bench.schedule()
        await eventually(lambda: len(handler.done) == 1)
        async with server.administrator() as connection:
            await connection.execute(f'alter database "{database_name}" connection limit 0')
            await cut(server, database_name)
            with pytest.raises(Unavailable):
                await bench.statuses()
            await asyncio.sleep(0.5)
            await connection.execute(f'alter database "{database_name}" connection limit -1')
        await bench.schedule(ids.new())
        await eventually(lambda: len(handler.done) == 2)
