"""Everything that one operator's worker does."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from typing import Final

from auth.key_rotation import KeyRotation
from domain.kernel.executor import Executor
from domain.kernel.subscribers import Subscriber
from domain.kernel.time import Clock
from domain.notifications.processes import MessageDelivery
from domain.notifications.usecases import DELIVER_MESSAGE, MESSAGES
from domain.topups.processes import TopUpProcess
from domain.topups.usecases import ADVANCE_TOP_UP
from persistence.audit import AuditChain
from persistence.database import Database
from persistence.events import EventLog
from persistence.jobs import JobQueue
from persistence.maintenance import delete_what_has_passed
from persistence.nudges import Nudges
from worker.audit import HeadPublisher, Sealer
from worker.chores import do_chores
from worker.jobs import Jobs, Retries
from worker.subscribers import Follower
from worker.topups import advancing

SUBSCRIBERS: Final = (MESSAGES,)
MAINTENANCE_SECONDS: Final = 3600.0
CHORES_SECONDS: Final = 30.0

_log = logging.getLogger(__name__)


class Worker:
    """Jobs, subscribers, chores, the audit log's sealer, and hourly maintenance of one operator.

    The database's pool needs a connection to listen, and at best one more for each job at a time. `is_pooled`:
    PgBouncer stands between, so that news are found by polling only.
    """

    def __init__(
        self,
        database: Database,
        executor: Executor,
        *,
        top_ups: TopUpProcess,
        messages: MessageDelivery,
        heads: HeadPublisher,
        clock: Clock,
        key_rotation: KeyRotation,
        concurrency: int,
        poll_seconds: float,
        is_pooled: bool = False,
        heartbeat_seconds: float = 30,
        retries: Retries | None = None,
        subscribers: Sequence[Subscriber] = SUBSCRIBERS,
    ) -> None:
        self._database, self._executor, self._clock = database, executor, clock
        self._key_rotation = key_rotation
        self.nudges = Nudges(database, is_pooled=is_pooled)
        queue = JobQueue(database, self.nudges)
        handlers = {ADVANCE_TOP_UP: advancing(top_ups, database, queue), DELIVER_MESSAGE: messages.deliver}
        self._sealer, self._heads = Sealer(AuditChain(database), clock), heads
        self._jobs = Jobs(
            queue,
            handlers,
            concurrency=concurrency,
            poll_seconds=poll_seconds,
            heartbeat_seconds=heartbeat_seconds,
            retries=retries,
        )
        log = EventLog(database)
        self._followers = [
            Follower(s, log=log, executor=executor, news=self.nudges.news(), poll_seconds=poll_seconds)
            for s in subscribers
        ]

    def stop(self) -> None:
        """Takes no more work; `run` returns when the jobs in hand are done."""
        self._jobs.stop()

    async def run(self) -> None:
        """Works until it is stopped or cancelled. The jobs in hand are finished either way.

        A chunk of events in hand is rolled back, and handled whole by the next worker.
        """
        async with asyncio.TaskGroup() as group:
            chores = do_chores(self._executor, every_seconds=CHORES_SECONDS)
            parts = [part.run() for part in (self.nudges, self._sealer, self._heads, *self._followers)]
            tasks = [group.create_task(one) for one in (self._maintain(), chores, *parts)]
            await self._jobs.run()
            for task in tasks:
                task.cancel()

    async def _maintain(self) -> None:
        while True:
            try:
                deleted = await delete_what_has_passed(self._database, self._clock.now())
                _log.info("Deleted %s rows whose time had passed.", deleted)
                await self._key_rotation.rotate_when_due()
            except Exception:
                _log.warning("Maintenance failed and is tried again in an hour.", exc_info=True)
            await asyncio.sleep(MAINTENANCE_SECONDS)
