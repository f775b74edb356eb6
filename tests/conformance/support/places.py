"""Folders, ports and processes of a suite's own, all gone when it ends."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Generator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any, Final

START_SECONDS: Final = 30
STOP_SECONDS: Final = 30


class SuiteError(Exception):
    """A suite cannot go on. The message is a sentence that says why."""


@contextmanager
def a_folder() -> Generator[Path]:
    """A folder that servers of another user may pass through, for as long as it is needed."""
    folder = Path(tempfile.mkdtemp(prefix="kontant-conformance-", dir="/var/tmp"))
    folder.chmod(0o711)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def free_ports(count: int) -> range:
    """Ports in a row on which nobody listens now."""
    while True:
        with ExitStack() as held:
            first = held.enter_context(socket.create_server(("127.0.0.1", 0))).getsockname()[1]
            with suppress(OSError, OverflowError):  # a neighbour is taken: begin elsewhere
                for port in range(first + 1, first + count):
                    held.enter_context(socket.create_server(("127.0.0.1", port)))
                return range(first, first + count)


def wait_until(is_so: Callable[[], bool], *, seconds: float, otherwise: Callable[[], str]) -> None:
    """Asks again and again. Raises `SuiteError` with what `otherwise` says when the time is up."""
    deadline = time.monotonic() + seconds
    while not is_so():
        if time.monotonic() > deadline:
            raise SuiteError(otherwise())
        time.sleep(0.05)


def is_listening(port: int) -> bool:
    """Whether somebody answers there."""
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def owned_by_server(folder: Path) -> Path:
    """Makes a folder that belongs to whoever the servers run as, and that nobody else may enter."""
    folder.mkdir(mode=0o700)
    if user := _user():
        os.chown(folder, user["user"], user["group"])
    return folder


def run_as_server(command: Sequence[str], folder: Path) -> None:
    """Runs a command to its end. Raises `SuiteError` with what it said when it fails."""
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60, cwd=folder, **_user())
    if done.returncode != 0:
        raise SuiteError(f"{command[0]} failed: {done.stdout}{done.stderr}")


@contextmanager
def a_server(command: Sequence[str], folder: Path, *, stop_with: int) -> Generator[subprocess.Popen[Any]]:
    """A server that writes its log into its folder, stopped by a signal in the end."""
    with (folder / "server.log").open("wb") as log:
        options: dict[str, Any] = {"stdin": subprocess.DEVNULL, "stdout": log, "stderr": log, **_user()}
        server: subprocess.Popen[Any] = subprocess.Popen(command, cwd=folder, start_new_session=True, **options)
    try:
        yield server
    finally:
        server.send_signal(stop_with)
        try:
            server.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            server.kill()
            server.wait()


def call(command: Sequence[str], **environment: str) -> int:
    """Runs a command to its end and returns its exit code. When this process is told to stop, so is the command."""
    signal.signal(signal.SIGTERM, _leave)
    child = subprocess.Popen(command, env={**os.environ, **environment}, process_group=0)
    try:
        return child.wait()
    finally:
        for number in (signal.SIGINT, signal.SIGKILL):
            if child.poll() is None:
                os.killpg(child.pid, number)
                with suppress(subprocess.TimeoutExpired):
                    child.wait(STOP_SECONDS)


def last_words(log: Path, *, lines: int = 15) -> str:
    """The end of a log, to be shown when something went wrong."""
    told = log.read_text(errors="replace").splitlines()[-lines:] if log.exists() else []
    return "".join(f"\n  {line}" for line in told)


def _leave(number: int, _: object) -> None:
    sys.exit(128 + number)


def _user() -> dict[str, Any]:
    """Whom servers run as, that refuse to be root: Debian's own user for PostgreSQL."""
    if os.geteuid() != 0:
        return {}
    user = pwd.getpwnam("postgres")
    return {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}
