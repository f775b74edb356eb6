"""The embedded server through what happens to servers: kills, orphans, half-done work and other people's processes."""

from __future__ import annotations

import asyncio
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import asyncpg
import psutil
import pytest

from persistence.embedded import HOST, EmbeddedPostgres
from persistence.places import data_folder, is_root, make_folder, run_as_server

CHECKOUT = Path(__file__).resolve().parents[2]
START = "from pathlib import Path; from persistence.embedded import EmbeddedPostgres as E; import os, sys;"


@pytest.fixture
def empty() -> Iterator[Path]:
    """A folder for one server, where it may be also when the tests run as root."""
    yield from _place()


@pytest.fixture(scope="module")
def made() -> Iterator[Path]:
    """The folder of a server that has run once."""
    for path in _place():
        with EmbeddedPostgres(path, durable=False):
            pass
        yield path


@pytest.fixture
def root(empty: Path, made: Path) -> Path:
    """A copy of it: making one anew for each test takes a second."""
    subprocess.run(["cp", "-a", f"{made}/.", empty], check=True)
    return empty


@pytest.fixture
def postgres(root: Path) -> EmbeddedPostgres:
    server = EmbeddedPostgres(root, durable=False)
    server.start()
    return server


def _place() -> Iterator[Path]:
    path = data_folder(CHECKOUT) / f"test-embedded-{secrets.token_hex(4)}"
    make_folder(path)
    yield path
    EmbeddedPostgres(path, durable=False).stop()
    shutil.rmtree(path)


async def _ask(server: EmbeddedPostgres, statement: str) -> object:
    connection = await asyncpg.connect(server.url("postgres", "postgres"))
    try:
        return await connection.fetchval(statement)
    finally:
        await connection.close()


def _pid(server: EmbeddedPostgres) -> int:
    pid = server.pid
    assert pid is not None
    return pid


def _in_another_process(root: Path, then: str) -> subprocess.Popen[bytes]:
    """Starts the server from a process of its own, which then does something else."""
    code = f"{START} server = E(Path({str(root)!r}), durable=False); {then}"
    return subprocess.Popen([sys.executable, "-c", code], cwd=CHECKOUT)


async def test_it_answers_from_start_to_stop(postgres: EmbeddedPostgres) -> None:
    assert await _ask(postgres, "select upper('å')") == "Å"
    postgres.stop()
    assert postgres.pid is None
    with pytest.raises(OSError, match="Connect call failed"):
        await _ask(postgres, "select 1")


async def test_a_wrong_password_is_refused(postgres: EmbeddedPostgres) -> None:
    with pytest.raises(asyncpg.InvalidPasswordError):
        await asyncpg.connect(host=HOST, port=postgres.port, user="postgres", password="guess", database="postgres")


async def test_what_was_committed_survives_kill_9_of_the_server(root: Path) -> None:
    durable = EmbeddedPostgres(root, settings={"shared_buffers": "64MB"})
    durable.start()
    await _ask(durable, "create table kept as select 42 as answer")
    os.kill(_pid(durable), signal.SIGKILL)
    durable.start()
    assert await _ask(durable, "select answer from kept") == 42


async def test_a_server_that_dies_while_it_is_looked_at_is_started_again(
    postgres: EmbeddedPostgres, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = _pid(postgres)

    def dies(process: psutil.Process) -> list[str]:
        os.kill(process.pid, signal.SIGKILL)
        raise psutil.ZombieProcess(process.pid)

    monkeypatch.setattr(psutil.Process, "cmdline", dies)
    postgres.start()
    assert await _ask(postgres, "select 1") == 1
    assert _pid(postgres) != found


async def test_a_statement_that_outlives_its_server_is_ended_at_the_next_start(postgres: EmbeddedPostgres) -> None:
    busy = asyncio.create_task(_ask(postgres, "select count(*) from generate_series(1, 100000000000) as n"))
    await asyncio.sleep(0.3)
    survivors = psutil.Process(_pid(postgres)).children()
    os.kill(_pid(postgres), signal.SIGKILL)
    postgres.start()
    assert await _ask(postgres, "select 1") == 1
    assert not any(process.is_running() for process in survivors)
    with pytest.raises((asyncpg.PostgresError, OSError)):
        await busy


async def test_an_orphan_is_taken_over(root: Path) -> None:
    parent = _in_another_process(root, "server.start(); os.kill(os.getpid(), 9)")
    parent.wait()
    server = EmbeddedPostgres(root, durable=False)
    orphan = _pid(server)
    server.start()
    assert server.pid == orphan
    assert await _ask(server, "select 1") == 1
    server.stop()
    assert not psutil.pid_exists(orphan)


def test_an_orphan_with_other_settings_is_replaced(root: Path, postgres: EmbeddedPostgres) -> None:
    before = _pid(postgres)
    other = EmbeddedPostgres(root, durable=False, settings={"work_mem": "5MB"})
    other.start()
    assert other.pid not in (None, before)


async def test_a_pid_file_that_names_somebody_elses_process_is_no_obstacle(postgres: EmbeddedPostgres) -> None:
    pid_file = postgres.data / "postmaster.pid"
    lines = pid_file.read_text().splitlines()
    postgres.stop()
    with (postgres.data.parent / "sleep.log").open("wb") as log:
        stranger = run_as_server(["sleep", "60"], log)
    try:
        pid_file.write_text("\n".join([str(stranger.pid), *lines[1:]]))
        shutil.chown(pid_file, "nobody" if is_root() else None, os.getgid())
        assert postgres.pid is None
        postgres.start()
        assert await _ask(postgres, "select 1") == 1
        assert stranger.is_running()
    finally:
        stranger.kill()
        stranger.wait()


async def test_an_empty_pid_file_is_no_obstacle(postgres: EmbeddedPostgres) -> None:
    postgres.stop()
    (postgres.data / "postmaster.pid").touch()
    postgres.start()
    assert await _ask(postgres, "select 1") == 1


def test_a_half_made_cluster_is_made_anew(empty: Path) -> None:
    parent = _in_another_process(empty, "server.start()")
    while not list(empty.glob("unfinished.*")):
        time.sleep(0.01)
    parent.kill()
    parent.wait()
    server = EmbeddedPostgres(empty, durable=False)
    assert not server.data.exists()
    server.start()
    assert (server.data / "PG_VERSION").exists()
    server.stop()
    server.start()
    assert not list(empty.glob("unfinished.*"))


async def test_two_that_start_at_once_share_one_server(empty: Path) -> None:
    starters = [_in_another_process(empty, "server.start(); sys.exit(server.pid is None)") for _ in range(2)]
    assert [starter.wait() for starter in starters] == [0, 0]
    running = [p for p in psutil.process_iter() if p.name() == "postgres" and str(empty / "data") in p.cmdline()]
    assert len(running) == 1


async def test_another_port_is_chosen_when_the_kept_one_is_taken(postgres: EmbeddedPostgres) -> None:
    port = postgres.port
    postgres.stop()
    with socket.create_server((HOST, port)):
        postgres.start()
        assert postgres.port != port
        assert await _ask(postgres, "select 1") == 1


def test_what_is_secret_is_readable_by_its_owner_only(root: Path, postgres: EmbeddedPostgres) -> None:
    assert (root / "secret").stat().st_mode & 0o077 == 0
    assert postgres.data.stat().st_mode & 0o077 == 0
    assert not (root / "password").exists()


async def test_its_log_quotes_nobody(root: Path, postgres: EmbeddedPostgres) -> None:
    await _ask(postgres, "create table person (phone text primary key)")
    for _ in range(2):
        try:
            await _ask(postgres, "insert into person values ('+46701740605')")
        except asyncpg.UniqueViolationError:
            break
    else:
        pytest.fail("the second insert must be refused")
    log = (root / "server.log").read_text()
    assert "duplicate key" in log
    assert "46701740605" not in log


@pytest.mark.skipif(not is_root(), reason="only root is somebody whom PostgreSQL refuses to run as")
def test_as_root_the_server_runs_as_nobody(postgres: EmbeddedPostgres) -> None:
    assert psutil.Process(_pid(postgres)).username() == "nobody"
