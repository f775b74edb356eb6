"""Timed and retried work: takes jobs from the queue, and does not give up when the database goes away."""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from typing import Final
from uuid import UUID

from pgqueuer.core.executors import AbstractEntrypointExecutor, EntrypointExecutorParameters
from pgqueuer.core.qm import QueueManager
from pgqueuer.domain.errors import RetryRequested
from pgqueuer.domain.models import Context, Job

from persistence.jobs import JobQueue

Handler = Callable[[UUID], Awaitable[None]]
"""Does a job, given the id that it is about. It may be called again for work that it has done: then it does nothing."""

FIRST_PAUSE_SECONDS: Final = 0.1
LONGEST_PAUSE_SECONDS: Final = 5.0

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Retries:
    """How a job that fails is tried again: each pause is twice the last, and a part of it is left to chance.

    As it stands, a job is tried for about half an hour. Then it is held until somebody looks at it, and never lost.
    """

    attempts: int = 14
    first_seconds: float = 1
    longest_seconds: float = 600

    def pause(self, attempts: int) -> timedelta:
        """How long to wait after so many attempts, of which there was at least one."""
        longest = min(self.first_seconds * 2 ** (attempts - 1), self.longest_seconds)
        return timedelta(seconds=random.uniform(longest / 2, longest))


class JobFailed(Exception):
    """A job's last attempt failed. The message is the error's type: its own may quote what is personal."""


class Jobs:
    """Does the jobs that `handlers` name, so many at once. Jobs with other names are left to other workers.

    Whoever dies with a job in hand is noticed after `heartbeat_seconds`, and the job is done by another.
    """

    def __init__(
        self,
        queue: JobQueue,
        handlers: Mapping[str, Handler],
        *,
        concurrency: int,
        poll_seconds: float,
        heartbeat_seconds: float = 30,
        retries: Retries | None = None,
    ) -> None:
        self._queue, self._handlers, self._retries = queue, handlers, retries or Retries()
        # pgqueuer wants room for two batches.
        self._batch = max(1, concurrency // 2)
        self._concurrency = max(2, concurrency)
        self._poll, self._heartbeat = timedelta(seconds=poll_seconds), timedelta(seconds=heartbeat_seconds)
        self._stopping = asyncio.Event()
        self._manager: QueueManager | None = None

    def stop(self) -> None:
        """Takes no more jobs; `run` returns when those in hand are done."""
        self._stopping.set()
        if self._manager is not None:
            self._manager.shutdown.set()

    async def run(self) -> None:
        """Works until it is stopped. When it is cancelled, the jobs in hand are finished all the same."""
        pause = FIRST_PAUSE_SECONDS
        while not self._stopping.is_set():
            self._manager = self._new_manager()
            began = asyncio.get_running_loop().time()
            try:
                await self._manager.run(
                    dequeue_timeout=self._poll,
                    batch_size=self._batch,
                    max_concurrent_tasks=self._concurrency,
                    heartbeat_timeout=self._heartbeat,
                    log_aggregation_interval=timedelta(0),
                )
            except Exception:
                _log.warning("Taking jobs failed and begins anew.", exc_info=True)
            if asyncio.get_running_loop().time() - began > LONGEST_PAUSE_SECONDS:
                pause = FIRST_PAUSE_SECONDS
            with suppress(TimeoutError):
                await asyncio.wait_for(self._stopping.wait(), pause)
            pause = min(pause * 2, LONGEST_PAUSE_SECONDS)

    def _new_manager(self) -> QueueManager:
        manager = QueueManager(self._queue)
        for name, handler in self._handlers.items():
            manager.register_executor(name, _attempts(handler, self._retries))
        return manager


def _attempts(handler: Handler, retries: Retries) -> AbstractEntrypointExecutor:
    async def attempt(job: Job) -> None:
        assert job.payload is not None
        await handler(UUID(job.payload.decode()))

    parameters = EntrypointExecutorParameters(concurrency_limit=0, func=attempt, on_failure="hold")
    return _Attempts(parameters, attempt, retries)


@dataclass
class _Attempts(AbstractEntrypointExecutor):
    """One attempt at a job, and what follows when it fails.

    pgqueuer keeps what is raised here in its log, message and all. So nothing of the handler's error gets there but
    its type; where it was raised is in our own log.
    """

    attempt: Callable[[Job], Awaitable[None]]
    retries: Retries

    async def execute(self, job: Job, context: Context) -> None:
        try:
            await self.attempt(job)
        except asyncio.CancelledError:
            # pgqueuer would take it for a job that is not wanted any more, and delete it.
            raise RetryRequested(reason="The worker was stopped.") from None
        except Exception as error:
            attempts = job.attempts + 1
            kind = type(error).__name__
            if attempts >= self.retries.attempts:
                _log.exception("A job has failed for good and is held: %s %s", job.entrypoint, job.id)
                raise JobFailed(kind) from None
            _log.warning("A job failed and will be tried again: %s %s", job.entrypoint, job.id, exc_info=True)
            raise RetryRequested(self.retries.pause(attempts), kind) from None
