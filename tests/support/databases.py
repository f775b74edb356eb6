"""Real PostgreSQL for tests: a server that stays migrated between runs, and a database each, cloned from a template."""

from __future__ import annotations

import asyncio
import fcntl
import hashlib
import os
from collections.abc import AsyncGenerator, Generator
from contextlib import asynccontextmanager, contextmanager
from itertools import count
from pathlib import Path
from typing import Any

import asyncpg

from persistence.embedded import EmbeddedPostgres
from persistence.migrations import FOLDER, migrate
from persistence.places import data_folder, make_folder
from persistence.servers import DatabaseServer

CHECKOUT = Path(__file__).resolve().parents[2]
OTHER_SERVER = "KONTANT_TEST_DATABASE_SERVER"
"""`postgresql://` URLs of other servers to run the tests on, such as Debian's PostgreSQL 15: one for each process of
the run. Two processes must not share one: transactions that are open anywhere on a server hold back its readers of
events, in every database."""


class TestServer:
    """Hands out databases. Those of one test run are dropped when the next one begins."""

    __test__ = False

    def __init__(self, server: DatabaseServer, worker: str) -> None:
        self.server = server
        self._names = (f"test_{worker}_{n}" for n in count())
        self._template = f"template_{worker}"

    async def prepare(self) -> None:
        """Makes the template, unless it is there and as the migrations are today."""
        written = hashlib.sha256(
            b"".join(file.read_bytes() for file in sorted(FOLDER.rglob("*")) if file.suffix in {".py", ".sql"})
        ).hexdigest()[:16]
        async with self.administrator() as connection:
            names: list[str] = [row[0] for row in await connection.fetch("select datname from pg_database")]
            mine = self._template.removeprefix("template")
            for name in names:
                if name.startswith(f"test{mine}_") or (name.startswith(f"template{mine}_") and written not in name):
                    await connection.execute(f'drop database "{name}" with (force)')
            self._template = f"{self._template}_{written}"
            if self._template in names:
                return
        draft = f"{self._template}_draft"
        await self.server.provision(draft)
        await asyncio.to_thread(migrate, self.server.owner_url(draft))
        async with self.administrator() as connection:
            await connection.execute(f'alter database "{draft}" rename to "{self._template}"')

    async def new_database(self) -> str:
        """The name of a fresh, migrated database."""
        name = next(self._names)
        async with self.administrator() as connection:
            await connection.execute(f'create database "{name}" template "{self._template}" strategy wal_log')
            rows = await connection.fetch(
                """select r.rolname, unnest(s.setconfig) as setting
                     from pg_db_role_setting s join pg_roles r on r.oid = s.setrole
                    where s.setdatabase = (select oid from pg_database where datname = $1)""",
                self._template,
            )
            for row in rows:  # a template's settings by role do not come along
                key, _, value = row["setting"].partition("=")
                await connection.execute(f"alter role {row['rolname']} in database \"{name}\" set {key} = '{value}'")
        return name

    async def drop(self, name: str) -> None:
        async with self.administrator() as connection:
            await connection.execute(f'drop database "{name}" with (force)')

    @asynccontextmanager
    async def administrator(self) -> AsyncGenerator[asyncpg.Connection[Any]]:
        connection = await asyncpg.connect(self.server.administrator_url)
        try:
            yield connection
        finally:
            await connection.close()


@contextmanager
def a_server(worker: str) -> Generator[TestServer]:
    """A server that no other test run has: an embedded one, or one that KONTANT_TEST_DATABASE_SERVER names."""
    urls = os.environ.get(OTHER_SERVER, "").split()
    if urls:
        yield TestServer(DatabaseServer.at(urls[int(worker.removeprefix("gw")) if worker != "main" else 0]), worker)
        return
    with _a_folder(worker) as folder, EmbeddedPostgres(folder, durable=False) as embedded:
        yield TestServer(DatabaseServer.embedded(embedded), worker)


@contextmanager
def _a_folder(worker: str) -> Generator[Path]:
    """The first folder for this worker that is free: two test runs at once have a server each."""
    folders = data_folder(CHECKOUT) / "tests"
    make_folder(folders)
    for n in count():
        with (folders / f"{worker}-{n}.lock").open("w") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                continue
            yield folders / f"{worker}-{n}"
            return
