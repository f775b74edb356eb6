"""Which sessions have ended, known here a few seconds later, so that verifying a token asks no database."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from auth.reading import SharedRead
from auth.tokens import LIFETIME
from domain.kernel.errors import Unavailable
from domain.kernel.time import Clock
from domain.support.session import SESSION_LIFETIME
from persistence.database import Database
from persistence.queries.identity import SESSIONS_ENDED_SINCE

FRESH_FOR: Final = timedelta(seconds=5)
GOOD_FOR: Final = timedelta(seconds=20)
"""Together with the slowest read, this keeps below the 30 s in which the tokens of an ended session must be dead."""
LONGEST_READ_SECONDS: Final = 5.0
LOOK_BACK: Final = max(LIFETIME, SESSION_LIFETIME) + timedelta(minutes=2)
"""Tokens of sessions that ended earlier have expired by themselves, even where clocks differ."""


class EndedSessions:
    """A list of the sessions that ended while their tokens might still be good.

    It is read when somebody asks, not by a task that has to be started, watched and stopped: a list older than 5 s is
    renewed behind the back of who asks, one older than 20 s before they are answered.
    """

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database, self._clock = database, clock
        self._ended: frozenset[UUID] = frozenset()
        self._as_of: datetime | None = None
        self._reading = SharedRead(self._read)

    async def has(self, session_id: UUID) -> bool:
        """Whether the session has ended. Raises `Unavailable` when that cannot be known."""
        age = self._clock.now() - self._as_of if self._as_of else None
        if age is None or age >= GOOD_FOR:
            await self._reading.done()
        elif age >= FRESH_FOR:
            self._reading.begin()
        return session_id in self._ended

    async def _read(self) -> None:
        as_of = self._clock.now()
        try:
            async with asyncio.timeout(LONGEST_READ_SECONDS):
                rows = await SESSIONS_ENDED_SINCE.all(self._database, since=as_of - LOOK_BACK)
        except TimeoutError:
            raise Unavailable from None
        self._ended, self._as_of = frozenset(row.id for row in rows), as_of

    async def aclose(self) -> None:
        """Waits for a read that is under way."""
        await self._reading.aclose()
