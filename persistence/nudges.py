"""Who waits for news is told of it: at once where the database can say so, and otherwise by the next poll."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager, suppress
from typing import Any, Final

import asyncpg

from persistence.database import NUDGE_CHANNEL, Database

FIRST_PAUSE_SECONDS: Final = 0.1
LONGEST_PAUSE_SECONDS: Final = 5.0
ASK_EVERY_SECONDS: Final = 10.0
ASK_TIMEOUT_SECONDS: Final = 5.0

Listener = Callable[[str], None]

_log = logging.getLogger(__name__)


class Nudges:
    """One connection that listens, for all who wait in this process. It comes back by itself when it is lost.

    It is a hint and no more: what comes while nobody listens is not told again, so who waits also polls. Behind
    PgBouncer nobody can listen (`is_pooled`), and then there is only the poll.
    """

    def __init__(self, database: Database, *, is_pooled: bool = False) -> None:
        self._database, self._is_pooled = database, is_pooled
        self._listeners: list[Listener] = []
        self.listening = asyncio.Event()
        """Set as long as nudges are heard."""

    def add(self, listener: Listener) -> None:
        """From now on `listener` is told the payload of each nudge."""
        self._listeners.append(listener)

    def remove(self, listener: Listener) -> None:
        self._listeners.remove(listener)

    def news(self) -> asyncio.Event:
        """An event that each nudge sets; who waits for it clears it."""
        news = asyncio.Event()
        self.add(lambda payload: news.set())
        return news

    async def run(self) -> None:
        """Listens until it is cancelled."""
        pause = FIRST_PAUSE_SECONDS
        while not self._is_pooled:
            try:
                async with self._connection() as (connection, lost):
                    pause = FIRST_PAUSE_SECONDS
                    await self._stay(connection, lost)
            except Exception:
                _log.warning("Listening for nudges failed and begins anew.", exc_info=True)
                _stop_if_cancelled()
            await asyncio.sleep(pause)
            pause = min(pause * 2, LONGEST_PAUSE_SECONDS)

    @asynccontextmanager
    async def _connection(self) -> AsyncGenerator[tuple[asyncpg.Connection[Any], asyncio.Event]]:
        """A connection that listens, and an event that is set when it is known to be lost."""
        lost = asyncio.Event()
        async with self._database.listening_connection() as connection:
            try:
                connection.add_termination_listener(lambda _: lost.set())
                await connection.add_listener(NUDGE_CHANNEL, self._hear)
                self.listening.set()
                self._tell("")  # something may have come while nobody listened
                yield connection, lost
            finally:
                self.listening.clear()

    @staticmethod
    async def _stay(connection: asyncpg.Connection[Any], lost: asyncio.Event) -> None:
        """Waits until the connection is lost, and asks now and then: a network can drop it without a word."""
        while True:
            with suppress(TimeoutError):
                await asyncio.wait_for(lost.wait(), ASK_EVERY_SECONDS)
                return
            try:
                await connection.fetchval("select 1", timeout=ASK_TIMEOUT_SECONDS)
            except Exception:
                connection.terminate()  # it would not answer to being cleaned for the pool either
                raise

    def _hear(self, connection: object, process_id: int, channel: str, payload: object) -> None:
        self._tell(str(payload))

    def _tell(self, payload: str) -> None:
        for listener in tuple(self._listeners):
            listener(payload)


def _stop_if_cancelled() -> None:
    """An error while a connection is cleaned up takes the place of the cancellation that led there."""
    task = asyncio.current_task()
    if task is not None and task.cancelling():
        raise asyncio.CancelledError
