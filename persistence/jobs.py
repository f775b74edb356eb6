"""The queue of jobs: pgqueuer's tables, over our own connections.

pgqueuer takes a connection, listens on it once and never again. Here it gets a driver that has none: statements go
through the pool, which outlives any connection, and nudges come from `Nudges`, which listens again. Jobs are written
by the unit of work, in the transaction that needs them (`unit_of_work.RECORD`).
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final, Self
from uuid import UUID

from pgqueuer.adapters.persistence.queries import Queries
from pgqueuer.core.tm import TaskManager
from pgqueuer.domain.models import Job, TableChangedEvent, TracebackRecord, utc_now
from pgqueuer.domain.types import Channel, QueueEntrypoint, QueueManagerId
from pgqueuer.ports.driver import NotifyCallback
from pgqueuer.ports.repository import EntrypointExecutionParameter

from domain.kernel.errors import Unavailable
from persistence.database import NUDGE_CHANNEL, Database
from persistence.nudges import Listener, Nudges
from persistence.queries.operations import Backlog, backlog

IS_WAITING: Final = """
select exists (select from pgqueuer where entrypoint = $1 and payload = convert_to($2, 'UTF8') and status = 'queued')"""


class JobQueue(Queries):
    """pgqueuer's queries, and what else is asked of the queue."""

    def __init__(self, database: Database, nudges: Nudges) -> None:
        self._pooled = _PooledDriver(database, nudges)
        super().__init__(self._pooled)
        self._database = database

    async def dequeue(
        self,
        batch_size: int,
        entrypoints: dict[QueueEntrypoint, EntrypointExecutionParameter],
        queue_manager_id: QueueManagerId,
        global_concurrency_limit: int | None,
        heartbeat_timeout: timedelta,
    ) -> list[Job]:
        """Takes jobs in hand. What comes after this needs another nudge."""
        self._pooled.is_nudged = False
        return await super().dequeue(
            batch_size, entrypoints, queue_manager_id, global_concurrency_limit, heartbeat_timeout
        )

    async def retry_job(self, job: Job, delay: timedelta, traceback_record: TracebackRecord | None) -> None:
        """Puts a job back for another attempt.

        When the database does not answer, pgqueuer would have failed the job for good. It is left as picked instead,
        with a heart that no longer beats: so it is found and tried again like a dead worker's.
        """
        with suppress(Unavailable):
            await super().retry_job(job, delay, traceback_record)

    async def is_waiting(self, name: str, about: UUID) -> bool:
        """Whether a job of this name about this id waits to be done, now or later."""
        return await self._database.fetchval(IS_WAITING, name, str(about))

    async def backlog(self) -> Backlog:
        """How the queue stands."""
        return await backlog(self._database)


@dataclass
class _PooledDriver:
    """A `pgqueuer.ports.driver.Driver` over a pool that somebody else opens and closes."""

    database: Database
    nudges: Nudges
    shutdown: asyncio.Event = field(default_factory=asyncio.Event)
    tm: TaskManager = field(default_factory=TaskManager)
    listeners: list[Listener] = field(default_factory=list[Listener])
    is_nudged: bool = False
    """Whether pgqueuer has been nudged and has not looked since. It queues nudges, and looks for each of them."""

    async def fetch(self, query: str, *args: object) -> list[dict[str, object]]:
        return [dict(row) for row in await self.database.fetch(query, *args)]

    async def execute(self, query: str, *args: object) -> str:
        return await self.database.execute(query, *args)

    async def add_listener(self, channel: str, callback: NotifyCallback) -> None:
        def listener(payload: str) -> None:
            if payload:  # pgqueuer's own words, as its command line says them
                callback(payload)
            elif not self.is_nudged:
                self.is_nudged = True
                callback(_something_changed())

        self.listeners.append(listener)
        self.nudges.add(listener)

    async def notify(self, channel: str, payload: str) -> None:
        """Only pgqueuer's question whether it still listens comes this way, and the answer is always yes."""
        for listener in self.listeners:
            listener(payload)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        while self.listeners:
            self.nudges.remove(self.listeners.pop())


def _something_changed() -> str:
    """A nudge says nothing. This is what pgqueuer's own trigger would have said."""
    channel = Channel(NUDGE_CHANNEL)
    return TableChangedEvent(
        channel=channel, sent_at=utc_now(), type="table_changed_event", operation="insert", table="pgqueuer"
    ).model_dump_json()
