"""The workers of all operators, until they are told to stop."""

from __future__ import annotations

import asyncio
import signal
from contextlib import AsyncExitStack

from domain.notifications.processes import MessageDelivery
from gateways.audit.heads_file import HeadsFile
from kontant.settings import Settings
from kontant.wiring import Parts, parts_of
from persistence.audit import AuditChain
from persistence.queries.notifications import PostgresMessageQueue
from worker.audit import HeadPublisher
from worker.worker import Worker


async def work(settings: Settings) -> None:
    """Works until SIGTERM or SIGINT; what is in hand is finished first."""
    async with AsyncExitStack() as stack:
        parts = [await stack.enter_async_context(parts_of(settings, operator)) for operator in settings.operators]
        workers = [_worker(settings, each) for each in parts]

        def stop() -> None:
            for worker in workers:
                worker.stop()

        for number in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(number, stop)
        async with asyncio.TaskGroup() as group:
            for worker in workers:
                group.create_task(worker.run())


def _worker(settings: Settings, parts: Parts) -> Worker:
    return Worker(
        parts.database,
        parts.executor,
        top_ups=parts.top_ups,
        messages=MessageDelivery(
            parts.executor,
            PostgresMessageQueue(parts.database),
            writer=parts.words,
            sender=parts.outbox,
            clock=parts.clock,
            code_of=parts.identity.codes.code_of,
            undo_code_of=parts.identity.undo_codes.code_of,
        ),
        heads=HeadPublisher(
            AuditChain(parts.database),
            HeadsFile(settings.heads_file_of(parts.operator)),
            parts.identity.heads,
            parts.clock,
            every_seconds=settings.audit_head_seconds,
        ),
        clock=parts.clock,
        key_rotation=parts.identity.key_rotation,
        concurrency=settings.worker_concurrency,
        poll_seconds=settings.worker_poll_seconds,
        is_pooled=parts.is_pooled,
    )
