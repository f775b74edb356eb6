"""Jobs as they are written and queued, and the nudges that tell of them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from datetime import timedelta
from uuid import UUID

import pytest
from pgqueuer.domain.types import QueueEntrypoint, QueueManagerId
from pgqueuer.ports.repository import EntrypointExecutionParameter

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

ABOUT = UUID(int=7)


@pytest.fixture
async def nudges(database: Database) -> AsyncGenerator[Nudges]:
    nudges = Nudges(database)
    running = asyncio.create_task(nudges.run())
    await nudges.listening.wait()
    yield nudges
    running.cancel()


@pytest.fixture
def queue(database: Database) -> JobQueue:
    return JobQueue(database, Nudges(database))


async def schedule(unit: PostgresUnit, ids: TestIds, job: Job) -> None:
    async with unit(system("test"), ids.new()) as work:
        work.schedule(job)
        await work.record("schedule", {})


async def pick(queue: JobQueue, name: str) -> list[bytes | None]:
    jobs = await queue.dequeue(
        batch_size=10,
        entrypoints={QueueEntrypoint(name): EntrypointExecutionParameter(concurrency_limit=0)},
        queue_manager_id=QueueManagerId(UUID(int=1)),
        global_concurrency_limit=None,
        heartbeat_timeout=timedelta(seconds=30),
    )
    return [job.payload for job in jobs]


async def test_a_job_is_there_once_its_transaction_has_committed(
    queue: JobQueue, unit: PostgresUnit, ids: TestIds
) -> None:
    await schedule(unit, ids, Job("polish", ABOUT))
    assert await queue.is_waiting("polish", ABOUT)
    assert await pick(queue, "polish") == [str(ABOUT).encode()]
    assert not await queue.is_waiting("polish", ABOUT)


async def test_a_transaction_that_is_rolled_back_leaves_no_job(
    queue: JobQueue, unit: PostgresUnit, ids: TestIds
) -> None:
    async def schedule_and_fail() -> None:
        async with unit(system("test"), ids.new()) as work:
            work.schedule(Job("polish", ABOUT))
            await work.record("schedule", {})
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await schedule_and_fail()
    assert not await queue.is_waiting("polish", ABOUT)


async def test_a_job_for_later_waits_and_is_not_due(queue: JobQueue, unit: PostgresUnit, ids: TestIds) -> None:
    await schedule(unit, ids, Job("polish", ABOUT, timedelta(hours=1)))
    assert await queue.is_waiting("polish", ABOUT)
    assert await pick(queue, "polish") == []
    assert (await queue.backlog()).due == 0


async def test_a_job_that_is_due_is_in_the_backlog(queue: JobQueue, unit: PostgresUnit, ids: TestIds) -> None:
    await schedule(unit, ids, Job("polish", ABOUT))
    backlog = await queue.backlog()
    assert (backlog.due, backlog.held) == (1, 0)
    assert backlog.oldest_at is not None


async def test_a_commit_with_news_nudges_who_listens(nudges: Nudges, unit: PostgresUnit, ids: TestIds) -> None:
    news = nudges.news()
    await schedule(unit, ids, Job("polish", ABOUT))
    await asyncio.wait_for(news.wait(), 1)


async def test_who_has_lost_the_connection_listens_again(
    nudges: Nudges, unit: PostgresUnit, ids: TestIds, server: TestServer, database_name: str
) -> None:
    news = nudges.news()
    await cut(server, database_name)
    await asyncio.wait_for(news.wait(), 3)  # what came meanwhile may have gone unheard, so it counts as a nudge
    assert nudges.listening.is_set()
    news.clear()
    await schedule(unit, ids, Job("polish", ABOUT))
    await asyncio.wait_for(news.wait(), 1)


async def test_behind_pgbouncer_nobody_listens(database: Database) -> None:
    nudges = Nudges(database, is_pooled=True)
    await asyncio.wait_for(nudges.run(), 1)
    assert not nudges.listening.is_set()


async def test_a_job_that_cannot_be_put_back_is_left_as_picked(
    queue: JobQueue, unit: PostgresUnit, ids: TestIds, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    await schedule(unit, ids, Job("polish", ABOUT))
    [job] = await queue.dequeue(
        batch_size=1,
        entrypoints={QueueEntrypoint("polish"): EntrypointExecutionParameter(concurrency_limit=0)},
        queue_manager_id=QueueManagerId(UUID(int=1)),
        global_concurrency_limit=None,
        heartbeat_timeout=timedelta(seconds=30),
    )

    async def unavailable(query: str, /, *args: object) -> str:
        raise Unavailable

    with monkeypatch.context() as patch:
        patch.setattr(database, "execute", unavailable)
        await queue.retry_job(job, timedelta(0), None)
    assert await database.fetchval("select status from pgqueuer where id = $1", job.id) == "picked"


async def test_who_is_cancelled_when_the_database_goes_does_not_begin_anew(database: Database) -> None:
    nudges = Nudges(database)
    running = asyncio.create_task(nudges.run())
    await nudges.listening.wait()
    running.cancel()
    await database.close()
    with pytest.raises(asyncio.CancelledError):
        await asyncio.wait_for(running, 2)
