"""An operator's database: connections to read from, one engine to write through, and a nudge for who waits for news."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any, Final

import asyncpg
from sqlalchemy.engine import make_url
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from domain.kernel.errors import Unavailable
from persistence.faults import in_our_words, is_lost
from persistence.gate import Gate
from persistence.readers import Readers

CONNECT_SECONDS: Final = 2.0
NUDGE_CHANNEL: Final = "ch_pgqueuer"
NUDGE_PAUSE_SECONDS: Final = 0.01

_log: Final = logging.getLogger(__name__)


class Database:
    """Made by `open_database`. Holds no connection until one is needed, and recovers by itself when the server does."""

    def __init__(self, readers: Readers, engine: AsyncEngine, *, connections: int) -> None:
        self._readers, self._engine = readers, engine
        self._writers = Gate(connections)
        self._nudging: asyncio.Task[None] | None = None
        self.statements = 0
        """How many statements were read so far: what a test counts."""

    async def fetch(self, query: str, /, *args: Any) -> list[Any]:
        return await self._read("fetch", query, args)

    async def fetchrow(self, query: str, /, *args: Any) -> Any:
        return await self._read("fetchrow", query, args)

    async def fetchval(self, query: str, /, *args: Any) -> Any:
        return await self._read("fetchval", query, args)

    async def execute(self, query: str, /, *args: Any) -> str:
        return await self._read("execute", query, args)

    async def _read(self, method: str, query: str, args: tuple[Any, ...]) -> Any:
        """Once more on a fresh connection when the first turns out to be gone: a read can be repeated."""
        self.statements += 1
        with in_our_words():
            try:
                return await self._ask(method, query, args)
            except Exception as error:
                if not is_lost(error) or isinstance(error, TimeoutError):
                    raise
                self._readers.forget()
                return await self._ask(method, query, args)

    async def _ask(self, method: str, query: str, args: tuple[Any, ...]) -> Any:
        async with self._readers.connection() as connection:
            return await getattr(connection, method)(query, *args)

    @asynccontextmanager
    async def connection(self) -> AsyncGenerator[tuple[AsyncConnection, asyncpg.Connection[Any]]]:
        """A connection to write through: SQLAlchemy's, and the driver's beneath it.

        It is thrown away when it is lost, and when somebody was cancelled on it: they may have left it in the middle of
        anything, and the next one would find themselves inside their transaction.
        """
        async with self._writers.place(), self._engine.connect() as connection:
            driver = await _driver_of(connection)
            while driver.is_closed():  # it died while nobody used it
                await connection.invalidate()
                driver = await _driver_of(connection)
            try:
                yield connection, driver
            except BaseException as error:
                if not isinstance(error, Exception) or driver.is_in_transaction():
                    driver.terminate()
                raise
            finally:
                if driver.is_closed():
                    await connection.invalidate()

    @asynccontextmanager
    async def listening_connection(self) -> AsyncGenerator[asyncpg.Connection[Any]]:
        """A connection of one's own, for as long as one likes."""
        async with self._readers.connection() as connection:
            try:
                yield connection
            finally:
                if not connection.is_closed():
                    await connection.reset()

    def nudge(self) -> None:
        """Tells whoever listens that there is news. Gathered, sent after the commit, and nothing depends on it."""
        if self._nudging is None or self._nudging.done():
            self._nudging = asyncio.get_running_loop().create_task(self._nudge())

    async def _nudge(self) -> None:
        await asyncio.sleep(NUDGE_PAUSE_SECONDS)
        try:
            await self.execute("select pg_notify($1, '')", NUDGE_CHANNEL)
        except Unavailable:
            return
        except Exception:  # nobody waits for this task, so nobody else would ever tell
            _log.warning("A nudge could not be sent.", exc_info=True)

    async def is_ready(self) -> bool:
        """Whether the server answers."""
        try:
            return await self.fetchval("select 1") == 1
        except Unavailable:
            return False

    async def close(self) -> None:
        """Lets go of every connection."""
        if self._nudging is not None:
            self._nudging.cancel()
        self._readers.close()
        await self._engine.dispose()


async def _driver_of(connection: AsyncConnection) -> asyncpg.Connection[Any]:
    return (await connection.get_raw_connection()).driver_connection  # pyright: ignore[reportReturnType]


async def open_database(url: str, *, connections: int, is_pooled: bool = False) -> Database:
    """Opens `postgresql://…` without connecting yet. `is_pooled`: PgBouncer stands between, so nothing is prepared."""
    cache = 0 if is_pooled else 256

    async def connect() -> asyncpg.Connection[Any]:
        return await asyncpg.connect(url, timeout=CONNECT_SECONDS, statement_cache_size=cache)

    engine = create_async_engine(
        make_url(url).set(drivername="postgresql+asyncpg"),
        isolation_level="AUTOCOMMIT",
        pool_size=connections,
        max_overflow=0,
        pool_timeout=CONNECT_SECONDS,
        connect_args={"statement_cache_size": cache, "prepared_statement_cache_size": 0 if is_pooled else 100},
    )
    return Database(Readers(connect, connections=connections), engine, connections=connections)
