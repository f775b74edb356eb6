"""Who may have a connection next: whoever has waited longest."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Final

from domain.kernel.errors import Unavailable

PATIENCE_SECONDS: Final = 2.0


class Gate:
    """So many places, given in the order in which they were asked for.

    Whoever waits goes on waiting as long as the queue moves: a burst is worked off, however slow the machine. When no
    place has become free for `PATIENCE_SECONDS`, nobody is being served, and everyone who waits gets `Unavailable`.
    """

    def __init__(self, places: int) -> None:
        self._free = places
        self._waiting: deque[asyncio.Future[None]] = deque()
        self._moved_at = 0.0

    @asynccontextmanager
    async def place(self) -> AsyncGenerator[None]:
        """A place, for as long as it is needed. Raises `Unavailable`."""
        await self._enter()
        try:
            yield
        finally:
            self._leave()

    async def _enter(self) -> None:
        if self._free and not self._waiting:
            self._free -= 1
            return
        loop = asyncio.get_running_loop()
        if not self._waiting:
            self._moved_at = loop.time()
        turn: asyncio.Future[None] = loop.create_future()
        self._waiting.append(turn)
        try:
            while not turn.done():
                patience = self._moved_at + PATIENCE_SECONDS - loop.time()
                if patience <= 0:
                    raise Unavailable
                await asyncio.wait([turn], timeout=patience)
        except BaseException:
            if turn.done() and not turn.cancelled():
                self._leave()  # the turn came in the very moment of giving up
            else:
                turn.cancel()
                self._waiting.remove(turn)
            raise

    def _leave(self) -> None:
        self._moved_at = asyncio.get_running_loop().time()
        if self._waiting:
            self._waiting.popleft().set_result(None)
        else:
            self._free += 1
