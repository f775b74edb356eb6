"""What is being done, told to who waits for it: a moving bar on a terminal, now and then a line elsewhere."""

from __future__ import annotations

import sys
import time
from collections.abc import Generator
from contextlib import contextmanager
from typing import Final, Protocol

_SECONDS_BETWEEN_LINES: Final = 5.0


class Progress(Protocol):
    """Is told how far a step has come. The last call of a step has `done` equal to `total`."""

    def __call__(self, step: str, done: int, total: int) -> None: ...


def silent(step: str, done: int, total: int) -> None:
    """Progress that nobody watches."""


def say(sentence: str) -> None:
    """Tells a person something, beside whatever a script reads from standard output."""
    sys.stderr.write(f"{sentence}\n")
    sys.stderr.flush()


@contextmanager
def watched() -> Generator[Progress]:
    """Progress on standard error, as fits what it is."""
    if not sys.stderr.isatty():
        yield _Lines()
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, TaskID, TextColumn, TimeRemainingColumn
    from rich.progress import Progress as Bars

    columns = (TextColumn("  {task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    tasks: dict[str, TaskID] = {}
    with Bars(*columns, console=Console(stderr=True)) as bars:

        def show(step: str, done: int, total: int) -> None:
            if step not in tasks:
                tasks[step] = bars.add_task(step, total=total)
            bars.update(tasks[step], completed=done, total=total)

        yield show


class _Lines:
    def __init__(self) -> None:
        self._told: dict[str, float] = {}
        self._begun: dict[str, tuple[float, int]] = {}

    def __call__(self, step: str, done: int, total: int) -> None:
        now = time.monotonic()
        if done < total and now - self._told.get(step, 0) < _SECONDS_BETWEEN_LINES:
            return
        self._told[step] = now
        begun_at, begun_with = self._begun.setdefault(step, (now, done))
        rate = (done - begun_with) / (now - begun_at) if now > begun_at else 0.0
        left = f", {rate * 60:,.0f} a minute, {(total - done) / rate:.0f} s left" if rate and done < total else ""
        say(f"  {step}: {done} of {total}{left}")
