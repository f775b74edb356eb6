"""The real application, as `kontant run` starts it: with data and ports of its own, watched until it has gone.

A command with it for as long as it runs: python -m tests.conformance.support.application COMMAND…
It finds the operators' addresses in KONTANT_URLS, with a space between them, such as http://localhost:8000.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Generator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Final

import psutil

from tests.conformance.support.places import (
    STOP_SECONDS,
    SuiteError,
    a_folder,
    call,
    free_ports,
    is_listening,
    last_words,
    wait_until,
)
from tests.support.databases import CHECKOUT

READY_SECONDS: Final = 120  # with migrations and demo data, on a busy machine
GONE_SECONDS: Final = 5


class Application:
    """`kontant run` over one data folder, to be started and stopped as often as one likes."""

    def __init__(self, folder: Path, **environment: str) -> None:
        self._folder = folder
        self._environment = environment
        self._process: subprocess.Popen[bytes] | None = None
        self.ports = free_ports(2)
        self.facts: dict[str, Any] = {}
        """What `kontant run --json` says when it is ready."""

    @property
    def log(self) -> Path:
        """What its processes log, a JSON object a line."""
        return self._folder / "data" / "log" / "kontant.jsonl"

    @property
    def urls(self) -> list[str]:
        """The operators' addresses, such as http://localhost:8000."""
        return [operator["url"].removesuffix("/graphql") for operator in self.facts["operators"]]

    def start(self) -> None:
        """Returns when every address answers. Raises `SuiteError`."""
        begun_at = time.monotonic()
        inherited = {name: value for name, value in os.environ.items() if not name.startswith(("KONTANT_", "PORT"))}
        own = {"PORT": str(self.ports[0]), "KONTANT_DATA_FOLDER": str(self._folder / "data")}
        with (self._folder / "output").open("wb") as output, (self._folder / "errors").open("wb") as errors:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "kontant", "run", "--json"], env={**inherited, **own, **self._environment},
                cwd=CHECKOUT, stdin=subprocess.DEVNULL, stdout=output, stderr=errors, start_new_session=True,
            )  # fmt: skip
        wait_until(self._has_told, seconds=READY_SECONDS, otherwise=lambda: self._failed("was not ready in time"))
        self.facts = json.loads((self._folder / "output").read_text())
        _tell(f"kontant run was ready in {time.monotonic() - begun_at:.1f} s")

    def stop(self) -> None:
        """Stops it by SIGTERM. Raises `SuiteError` unless it ends with exit code 0 and leaves nothing behind."""
        process, self._process = self._process, None
        if process is None:
            return
        begun_at = time.monotonic()
        everyone = _family(process)
        process.terminate()
        try:
            code = process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            code = None
        _, alive = psutil.wait_procs(everyone, timeout=GONE_SECONDS)
        alive = {*alive, *_named_after(self._folder)}
        left = sorted(" ".join(_command(one)[:4]) for one in alive if one.is_running())
        for one in alive:
            one.kill()
        if code != 0:
            raise SuiteError(self._failed(f"ended with exit code {code}"))
        if left or any(is_listening(port) for port in self.ports):
            raise SuiteError(f"kontant run left something running: {left}")
        _tell(f"kontant run stopped in {time.monotonic() - begun_at:.1f} s with exit code 0, and left nothing running")

    def _has_told(self) -> bool:
        if self._process is None or self._process.poll() is not None:
            raise SuiteError(self._failed("ended by itself"))
        return (self._folder / "output").read_text().endswith("\n")

    def _failed(self, what: str) -> str:
        return f"kontant run {what}:{last_words(self._folder / 'errors')}{last_words(self.log)}"


@contextmanager
def running(**environment: str) -> Generator[Application]:
    """The application with data of its own, started; and in the end stopped as it should be."""
    with a_folder() as folder:
        application = Application(folder, **environment)
        try:
            application.start()
            yield application
        finally:
            application.stop()


def _family(process: subprocess.Popen[bytes]) -> list[psutil.Process]:
    try:
        parent = psutil.Process(process.pid)
        return [parent, *parent.children(recursive=True)]
    except psutil.NoSuchProcess:
        return []


def _named_after(folder: Path) -> set[psutil.Process]:
    """Processes that have the folder in their command: a database server that has lost its parent."""
    return {one for one in psutil.process_iter() if str(folder) in " ".join(_command(one))}


def _command(process: psutil.Process) -> list[str]:
    with suppress(psutil.Error):
        return process.cmdline()
    return []


def _tell(sentence: str) -> None:
    sys.stderr.write(f"   {sentence}\n")


def main() -> int:
    with running() as application:
        return call(sys.argv[1:], KONTANT_URLS=" ".join(application.urls))


if __name__ == "__main__":
    try:
        sys.exit(main())
    except SuiteError as failure:
        sys.exit(str(failure))
