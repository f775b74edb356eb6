"""Rounds of load, by turns on both sides, and the CPU time that each took."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import IO, Any, Final

import orjson
import psutil

CONNECTIONS: Final = 8
SETTLE_SECONDS: Final = 0.1
"""After a round, for what goes on behind the last answer, such as a nudge."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """How many rounds of each side, and how long each takes."""

    rounds: int = 6
    seconds: float = 4.0
    warm_up_seconds: float = 3.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Round:
    """What one round of one side came to."""

    requests: int
    requests_per_second: float
    server_ms: float
    """CPU time of the server process, user's and system's, in milliseconds a request."""
    database_ms: float
    """CPU time of all of PostgreSQL's processes, in milliseconds a request."""
    p50_ms: float
    p99_ms: float

    @property
    def cpu_ms(self) -> float:
        """What a request costs, in milliseconds of CPU time."""
        return self.server_ms + self.database_ms


class Driver:
    """A process of load, driven from here."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        assert process.stdin is not None
        assert process.stdout is not None
        self._stdin: IO[bytes] = process.stdin
        self._stdout: IO[bytes] = process.stdout

    def round(self, *, seconds: float | None = None, times: int | None = None) -> dict[str, Any]:
        """Lets it send for so long, or so often."""
        self._stdin.write(orjson.dumps({"seconds": seconds, "times": times}) + b"\n")
        self._stdin.flush()
        told = self._stdout.readline()
        if not told:
            raise RuntimeError("The load has ended: see what it said above.")
        return orjson.loads(told)


@contextmanager
def driver(port: int, requests: Sequence[str], expected: str, connections: int = CONNECTIONS) -> Generator[Driver]:
    """Starts a process of load for one side."""
    plan = {"port": port, "connections": connections, "requests": requests, "expected": expected}
    command = [sys.executable, "-m", "bench.load"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdin is not None
        process.stdin.write(orjson.dumps(plan) + b"\n")
        try:
            yield Driver(process)
        finally:
            process.stdin.close()


@dataclass(frozen=True, slots=True, kw_only=True)
class Side:
    """Kontant or the floor: who sends, who serves, and the database beneath."""

    load: Driver
    server: psutil.Process
    database: psutil.Process

    def round(self, seconds: float) -> Round:
        """A round of so many seconds."""
        server, database = server_seconds(self.server), database_seconds(self.database)
        told = self.load.round(seconds=seconds)
        time.sleep(SETTLE_SECONDS)
        requests = told["requests"]
        return Round(
            requests=requests,
            requests_per_second=requests / told["seconds"],
            server_ms=1000 * (server_seconds(self.server) - server) / requests,
            database_ms=1000 * (database_seconds(self.database) - database) / requests,
            p50_ms=told["p50"],
            p99_ms=told["p99"],
        )


def interleaved(kontant: Side, floor: Side, pace: Pace, done: Callable[[int], None]) -> list[tuple[Round, Round]]:
    """Kontant, the floor, Kontant, the floor, …: what the machine does besides is done to both.

    `done` is told how many pairs there are.
    """
    for side in (kontant, floor):
        side.round(pace.warm_up_seconds)
    pairs: list[tuple[Round, Round]] = []
    while len(pairs) < pace.rounds:
        pairs.append((kontant.round(pace.seconds), floor.round(pace.seconds)))
        done(len(pairs))
    return pairs


def server_seconds(process: psutil.Process) -> float:
    """CPU time of a process and its threads so far."""
    times = process.cpu_times()
    return times.user + times.system


def database_seconds(postmaster: psutil.Process) -> float:
    """CPU time of PostgreSQL so far: of all processes, of those that have ended too."""
    times = postmaster.cpu_times()
    total = times.user + times.system + times.children_user + times.children_system
    for child in postmaster.children():
        with suppress(psutil.NoSuchProcess):
            total += server_seconds(child)
    return total
