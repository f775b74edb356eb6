"""Where the bench takes place: a folder, a database server and servers of its own, as a deployment would have them."""

from __future__ import annotations

import asyncio
import os
import secrets
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, Literal

import asyncpg
import psutil

from bench.floor import DATABASE_URL
from domain.operators.operator import Operator
from kontant.progress import Progress
from kontant.settings import CHECKOUT, Settings, read_settings
from persistence.embedded import EmbeddedPostgres
from persistence.load import load_cards
from persistence.migrations import migrate
from persistence.places import is_root, make_folder
from persistence.servers import OWNER_ROLE, DatabaseServer, database_of

READY_SECONDS: Final = 60
HERE: Final = Path(__file__).parent

# As durable as any deployment. What would begin by itself, in one round and not in the other, does not.
SERVER_SETTINGS: Final[Mapping[str, str]] = {
    "autovacuum": "off",
    "checkpoint_timeout": "1h",
    "max_wal_size": "8GB",
    "shared_preload_libraries": "pg_stat_statements",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A deployment that nobody else uses."""

    folder: Path
    postgres: EmbeddedPostgres
    server: DatabaseServer
    settings: Settings
    operator: Operator

    @property
    def owner_url(self) -> str:
        """The operator's database, as its owner."""
        return self.server.owner_url(database_of(self.operator))

    @property
    def application_url(self) -> str:
        """The operator's database, as Kontant has it."""
        return self.server.application_url(database_of(self.operator))

    @property
    def superuser_url(self) -> str:
        """The operator's database, as who may look at everything."""
        return self.postgres.url(database_of(self.operator), "postgres")

    @property
    def postmaster(self) -> psutil.Process:
        """PostgreSQL's first process, whose children are the others."""
        pid = self.postgres.pid
        assert pid is not None
        return psutil.Process(pid)

    async def run(self, *statements: str) -> None:
        """Runs each statement by itself, as who may do everything."""
        connection = await asyncpg.connect(self.superuser_url)
        try:
            for statement in statements:
                await connection.execute(statement)
        finally:
            await connection.close()

    def seed(self, cards: int, progress: Progress) -> None:
        """Makes those that are missing of so many cards."""
        now = datetime.now(UTC).replace(microsecond=0)
        step = f"{cards} cards"
        loading = load_cards(
            self.owner_url, self.operator, cards=cards, now=now, progress=lambda there, of: progress(step, there, of)
        )
        asyncio.run(loading)


@contextmanager
def a_place(kept: Path | None) -> Generator[Place]:
    """A deployment in a temporary folder, or in one that is kept for another time. Its database runs meanwhile."""
    folder = kept.absolute() if kept else _temporary_folder()
    make_folder(folder)
    try:
        with EmbeddedPostgres(folder / "postgres", settings=SERVER_SETTINGS) as postgres:
            server = DatabaseServer.embedded(postgres)
            os.environ.update(_environment(folder, postgres))
            settings = read_settings()
            [operator] = settings.operators
            asyncio.run(server.provision(database_of(operator)))
            place = Place(folder=folder, postgres=postgres, server=server, settings=settings, operator=operator)
            migrate(place.owner_url)
            asyncio.run(place.run("create extension if not exists pg_stat_statements", *track_statements("none")))
            yield place
    finally:
        if not kept:
            shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def kontant_server(place: Place) -> Generator[psutil.Process]:
    """Kontant's own `kontant serve`, in a process of its own."""
    command = [sys.executable, "-m", "kontant", "serve"]
    with _running(command, place, place.settings.port, {}) as process:
        yield process


@contextmanager
def floor_server(place: Place, port: int) -> Generator[psutil.Process]:
    """The floor, in a process of its own. As the owner, since the application may not write the ledger's rows."""
    command = [sys.executable, "-m", "bench.floor", str(port)]
    with _running(command, place, port, {DATABASE_URL: place.owner_url}) as process:
        yield process


def track_statements(which: Literal["top", "none"]) -> Sequence[str]:
    """What makes pg_stat_statements count, or not: that costs time, so it is off while time is measured."""
    return (
        f"alter system set pg_stat_statements.track = '{which}'",
        "select pg_reload_conf()",
        "select pg_sleep(0.2)",  # until every process has heard of it
    )


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def _environment(folder: Path, postgres: EmbeddedPostgres) -> Mapping[str, str]:
    secret = folder / "secret"
    if not secret.exists():
        secret.write_text(secrets.token_hex(32))
    return {
        "KONTANT_SETTINGS": str(HERE / "kontant.toml"),
        "KONTANT_DATA_FOLDER": str(folder),
        "KONTANT_SECRET": secret.read_text(),
        "KONTANT_DATABASE_SERVER": postgres.url("postgres", OWNER_ROLE),
        "KONTANT_DATABASE_APPLICATION_PASSWORD": postgres.password("kontant_app"),
        "KONTANT_PORT": str(free_port()),
        "KONTANT_AUDIT__HEADS_FOLDER": str(folder),
    }


def _temporary_folder() -> Path:
    # As root the database runs as nobody, who must be able to go there.
    parent = Path("/var/tmp") if is_root() else Path(tempfile.gettempdir())
    return parent / f"kontant-bench-{secrets.token_hex(6)}"


@contextmanager
def _running(
    command: Sequence[str], place: Place, port: int, environment: Mapping[str, str]
) -> Generator[psutil.Process]:
    with (place.folder / f"{port}.log").open("ab") as log:
        process = psutil.Popen(
            list(command),
            cwd=CHECKOUT,
            env={**os.environ, **environment},
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
        )
    try:
        _wait_until_ready(process, port, Path(log.name))
        yield process
    finally:
        process.terminate()
        try:
            process.wait(20)
        except psutil.TimeoutExpired:
            process.kill()
            process.wait(20)


def _wait_until_ready(process: psutil.Popen, port: int, log: Path) -> None:
    deadline = time.monotonic() + READY_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise RuntimeError(f"Nobody answers on port {port}; the log ends so:\n{log.read_text()[-2000:]}")
