"""The connections that are read from."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any, TypeAlias

import asyncpg

from persistence.gate import Gate

Connection: TypeAlias = "asyncpg.Connection[Any]"


class Readers:
    """Up to so many connections, made when first needed and kept: to take one costs nothing.

    asyncpg's pool asks for a task, a time-out and a statement of cleaning each time, which is as much as a small
    statement costs. Here readers leave nothing behind that would have to be cleaned, and a connection on which
    something went wrong is not used again.
    """

    def __init__(self, connect: Callable[[], Awaitable[Connection]], *, connections: int) -> None:
        self._connect, self._gate = connect, Gate(connections)
        self._idle: list[Connection] = []
        self._is_closed = False

    @asynccontextmanager
    async def connection(self) -> AsyncGenerator[Connection]:
        """A connection, for as long as it is needed. Raises `Unavailable`, and what connecting raises."""
        async with self._gate.place():
            connection = self._kept() or await self._connect()
            try:
                yield connection
            except asyncpg.PostgresError:
                self._keep(connection)  # the server has said no, and is ready for the next question
                raise
            except BaseException:
                connection.terminate()
                raise
            self._keep(connection)

    def _keep(self, connection: Connection) -> None:
        if self._is_closed:
            connection.terminate()
        else:
            self._idle.append(connection)

    def _kept(self) -> Connection | None:
        while self._idle:
            connection = self._idle.pop()
            if not connection.is_closed():
                return connection
        return None

    def forget(self) -> None:
        """Closes what is idle: whatever broke one connection has probably broken them all."""
        while self._idle:
            self._idle.pop().terminate()

    def close(self) -> None:
        """Closes what is idle now, and everything else when it is given back."""
        self._is_closed = True
        self.forget()
