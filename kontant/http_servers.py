"""HTTP servers of one process, which stop together."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Generator, Sequence
from contextlib import contextmanager

import uvicorn


class Server(uvicorn.Server):
    """Leaves the signals to us: two servers in a process would each put the other's handlers back."""

    @contextmanager
    def capture_signals(self) -> Generator[None]:
        yield


async def together(servers: Sequence[Server]) -> None:
    """Serves until SIGTERM or SIGINT, or until one of them has ended."""

    def stop() -> None:
        for server in servers:
            server.should_exit = True

    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop)
    async with asyncio.TaskGroup() as group:
        for server in servers:
            group.create_task(server.serve()).add_done_callback(lambda _: stop())
