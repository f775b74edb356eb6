"""A wire between the application and its database that a test takes down and puts up again."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
from typing import Final
from urllib.parse import urlsplit, urlunsplit

HERE: Final = "127.0.0.1"


class Wire:
    """Listens on a port of its own and passes everything on. While it is down, nobody answers there."""

    def __init__(self, url: str) -> None:
        self._there = urlsplit(url)
        self._server: asyncio.Server | None = None
        self._port = 0
        self._open: set[asyncio.StreamWriter] = set()

    @property
    def url(self) -> str:
        """The database's URL, through the wire."""
        credentials = self._there.netloc.rpartition("@")[0]
        return urlunsplit(self._there._replace(netloc=f"{credentials}@{HERE}:{self._port}"))

    async def up(self) -> None:
        self._server = await asyncio.start_server(self._connected, HERE, self._port)
        self._port = self._server.sockets[0].getsockname()[1]

    async def down(self) -> None:
        """Breaks what is connected, and refuses what comes."""
        if self._server is not None:
            self._server.close()
            for writer in list(self._open):
                writer.transport.abort()
            await self._server.wait_closed()
            self._server = None

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        far_reader, far_writer = await asyncio.open_connection(self._there.hostname, self._there.port)
        ends = {writer, far_writer}
        self._open |= ends
        try:
            await asyncio.gather(self._pass_on(reader, far_writer), self._pass_on(far_reader, writer))
        finally:
            self._open -= ends
            for each in ends:
                each.close()

    @staticmethod
    async def _pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            while data := await reader.read(65_536):
                writer.write(data)
                await writer.drain()
        writer.close()


@asynccontextmanager
async def a_wire(url: str) -> AsyncGenerator[Wire]:
    """A wire that is up."""
    wire = Wire(url)
    await wire.up()
    try:
        yield wire
    finally:
        await wire.down()
