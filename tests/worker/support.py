"""What the worker's tests share: a handler that notes what it is asked for, and the way of a message to a phone."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Coroutine
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any
from uuid import UUID

from domain.kernel.access import system
from domain.kernel.events import Job
from domain.kernel.executor import Executor
from domain.notifications import usecases as notifications
from domain.notifications.messages import Channel, Message
from domain.notifications.processes import MessageDelivery
from gateways.messaging.outbox import Outbox
from gateways.words.words import Words
from persistence.events import EventLog
from persistence.queries.notifications import PostgresMessageQueue
from tests.support.world import USE_CASES, World

WAIT_SECONDS = 5.0


class Handler:
    """Notes each call, then does what the test says."""

    def __init__(self, then: Callable[[], Awaitable[object]] | None = None) -> None:
        self.calls: list[UUID] = []
        self.done: list[UUID] = []
        self._then = then

    async def __call__(self, id: UUID) -> None:
        self.calls.append(id)
        if self._then is not None:
            await self._then()
        self.done.append(id)


async def eventually(condition: Callable[[], Any], within_seconds: float = WAIT_SECONDS) -> None:
    """Waits until the condition holds. It may be a coroutine function."""
    async with asyncio.timeout(within_seconds):
        while True:
            holds = condition()
            if await holds if asyncio.iscoroutine(holds) else holds:
                return
            await asyncio.sleep(0.01)


@asynccontextmanager
async def running(*endless: Coroutine[Any, Any, None]) -> AsyncGenerator[None]:
    """Runs these meanwhile, and cancels them at the end."""
    tasks = [asyncio.create_task(one) for one in endless]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        for task in tasks:
            with suppress(asyncio.CancelledError):
                await task


class Mail:
    """The delivery of messages into an outbox, over the operator's own words."""

    def __init__(self, world: World, folder: Path, reached: Callable[[str], None] = lambda step: None) -> None:
        self.outbox = Outbox(folder / "outbox.sqlite", world.clock)
        self.executor = Executor((*USE_CASES, *notifications.USE_CASES), world.unit, world.ids, reached)
        self.delivery = MessageDelivery(
            self.executor,
            PostgresMessageQueue(world.database),
            writer=Words(world.operator),
            sender=self.outbox,
            clock=world.clock,
            code_of=lambda challenge_id: f"{challenge_id.int:06}",
            undo_code_of=str,
        )
        self._world = world

    async def queue(self, message: Message, *, address: str = "+46701740605") -> UUID:
        """Leaves a message to be sent, and the job to send it."""
        id = self._world.ids.new()
        async with self._world.unit(system("test"), id) as work:
            assert await work.messages.add(id, message, channel=Channel.SMS, address=address, created_at=work.now)
            work.schedule(Job(notifications.DELIVER_MESSAGE, id))
            await work.record("queue", {})
        return id

    async def told(self, address: str = "+46701740605") -> list[str]:
        """The texts that were sent there, newest first."""
        return [message.text for message in await self.outbox.messages(address)]

    async def tell_of_events(self) -> None:
        """Lets the subscriber read all there is."""
        log = EventLog(self._world.database)
        while shards := await log.shards_waiting(notifications.MESSAGES):
            for shard in shards:
                await self.executor.execute(notifications.QueueMessages(shard=shard), system("messages"))

    async def deliver_all(self) -> None:
        for row in await self._world.database.fetch("select id from message where ended_at is null order by id"):
            await self.delivery.deliver(row["id"])
