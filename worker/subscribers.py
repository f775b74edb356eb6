"""Follows the event log for the subscribers."""

from __future__ import annotations

import asyncio
import logging
from contextlib import suppress
from typing import Final

from domain.kernel.access import system
from domain.kernel.executor import Executor
from domain.kernel.subscribers import NothingNew, Subscriber
from persistence.events import EventLog

GATHER_SECONDS: Final = 0.05
"""After a nudge, so that a burst of events is one chunk and not one each."""

FIRST_PAUSE_SECONDS: Final = 0.5
LONGEST_PAUSE_SECONDS: Final = 30.0

_log = logging.getLogger(__name__)


class Follower:
    """Brings one subscriber forward through the log. Any number of workers may do so at once.

    A chunk that fails is tried again, for events are not left out. Until it succeeds its shard stands still, and the
    other shards go on; the lag shows it.
    """

    def __init__(
        self,
        subscriber: Subscriber,
        *,
        log: EventLog,
        executor: Executor,
        news: asyncio.Event,
        poll_seconds: float,
    ) -> None:
        self._subscriber, self._log, self._executor, self._news = subscriber, log, executor, news
        self._poll_seconds = poll_seconds
        self._pauses: dict[int, float] = {}
        self._rests_until: dict[int, float] = {}

    async def run(self) -> None:
        """Follows until it is cancelled."""
        while True:
            self._news.clear()
            if not await self.advance():
                with suppress(TimeoutError):
                    await asyncio.wait_for(self._news.wait(), self._poll_seconds)
                await asyncio.sleep(GATHER_SECONDS)

    async def advance(self) -> bool:
        """One chunk in every shard that has something. Whether there was any; then there may be more."""
        try:
            shards = await self._log.shards_waiting(self._subscriber)
        except Exception:
            _log.warning("The event log could not be read for %s.", self._subscriber.name, exc_info=True)
            return False
        return any([await self._handled(shard) for shard in shards])

    async def _handled(self, shard: int) -> bool:
        if asyncio.get_running_loop().time() < self._rests_until.get(shard, 0):
            return False
        name = self._subscriber.name
        try:
            await self._executor.execute(self._subscriber.command(shard=shard), system(name))
        except NothingNew:
            return False
        except Exception:
            _log.warning("The subscriber %s failed in shard %s and stands still there.", name, shard, exc_info=True)
            self._rest(shard)
            return False
        self._pauses.pop(shard, None)
        return True

    def _rest(self, shard: int) -> None:
        pause = self._pauses.get(shard, FIRST_PAUSE_SECONDS)
        self._pauses[shard] = min(pause * 2, LONGEST_PAUSE_SECONDS)
        self._rests_until[shard] = asyncio.get_running_loop().time() + pause
