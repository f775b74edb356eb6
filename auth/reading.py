"""What is read from the database for all who wait for it, at most once at the same time."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress

from domain.kernel.errors import Unavailable


class SharedRead:
    """Runs `read`, which raises `Unavailable` when it cannot. One run serves all who come meanwhile."""

    def __init__(self, read: Callable[[], Awaitable[None]]) -> None:
        self._read = read
        self._reading: asyncio.Task[None] | None = None

    async def done(self) -> None:
        """Waits for the read that is under way, or a new one, and raises what it raises."""
        # Shielded: who gives up waiting must not take it away from the others who wait for it.
        await asyncio.shield(self.begin())

    def begin(self) -> asyncio.Task[None]:
        """Has it read behind the back of who asks."""
        if self._reading is None or self._reading.done():
            self._reading = asyncio.get_running_loop().create_task(self._run())
            # What was read before stays good for a while; whoever must wait for more is told why there is none.
            self._reading.add_done_callback(lambda task: task.cancelled() or task.exception())
        return self._reading

    async def aclose(self) -> None:
        """Waits for a read that is under way."""
        if self._reading is not None:
            with suppress(Unavailable):
                await self._reading

    async def _run(self) -> None:
        await self._read()
