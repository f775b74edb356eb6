"""A wire to PostgreSQL that can be cut at the worst moment: around COMMIT."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
from enum import Enum
from urllib.parse import urlsplit, urlunsplit

HOST = "127.0.0.1"
COMMIT = b"Q\x00\x00\x00\x0cCOMMIT;\x00"
"""The message as the driver sends it: one simple query."""


class Cut(Enum):
    """Where the next COMMIT is lost."""

    BEFORE_IT_ARRIVES = 1
    BEFORE_ITS_ANSWER = 2


class Proxy:
    """Forwards bytes both ways. `cut` is done once, to the next connection that commits."""

    def __init__(self, upstream_port: int) -> None:
        self._upstream_port = upstream_port
        self.cut: Cut | None = None
        self.is_down = False
        """Lets nobody in, and answers nobody: the server is gone."""
        self.goes_down_with_cut = False
        self.commits_seen = 0
        self._wires: set[asyncio.StreamWriter] = set()

    async def handle(self, client: asyncio.StreamReader, to_client: asyncio.StreamWriter) -> None:
        """One connection, until either side closes or it is cut."""
        if self.is_down:
            to_client.transport.abort()
            return
        server, to_server = await asyncio.open_connection(HOST, self._upstream_port)
        self._wires |= {to_client, to_server}
        answering = asyncio.create_task(_pump(server, to_client))
        try:
            while data := await client.read(65536):
                if COMMIT not in data:
                    to_server.write(data)
                    continue
                self.commits_seen += 1
                cut, self.cut = self.cut, None
                if cut is Cut.BEFORE_ITS_ANSWER:
                    await _stop(answering)
                    to_server.write(data)
                    await server.read(1)  # what comes first is the answer to COMMIT
                if cut:
                    self.is_down = self.goes_down_with_cut
                    return
                to_server.write(data)
        except ConnectionError:
            pass
        finally:
            await _stop(answering)
            for wire in (to_client, to_server):
                wire.transport.abort()
                self._wires.discard(wire)

    def go_down(self) -> None:
        """Cuts every connection there is, and lets nobody in until `is_down` is false again."""
        self.is_down = True
        for wire in self._wires:
            wire.transport.abort()


@asynccontextmanager
async def a_proxy(url: str) -> AsyncGenerator[tuple[Proxy, str]]:
    """A proxy before the server that a `postgresql://` URL names, and the URL that leads through it."""
    parts = urlsplit(url)
    assert parts.port is not None
    proxy = Proxy(parts.port)
    listening = await asyncio.start_server(proxy.handle, HOST, 0)
    port = listening.sockets[0].getsockname()[1]
    try:
        yield proxy, urlunsplit(parts._replace(netloc=f"{parts.netloc.rpartition('@')[0]}@{HOST}:{port}"))
    finally:
        listening.close()
        proxy.go_down()
        await listening.wait_closed()
        await asyncio.sleep(0)


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(ConnectionError):
        while data := await reader.read(65536):
            writer.write(data)
        writer.close()


async def _stop(task: asyncio.Task[None]) -> None:
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task
