"""The processes of `kontant run`, seen from both ends.

A pipe leads from the supervisor to each child, and is never written to but once: a byte that lets the child begin. The
child loads its modules meanwhile. When the pipe closes, the supervisor is gone, even by `kill -9`, and the child ends.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import threading
import time
from pathlib import Path
from typing import IO, Final, Self

GRACE_SECONDS: Final = 10


class Child:
    """A process of ours with a name, such as `serve`."""

    def __init__(self, name: str, process: asyncio.subprocess.Process, line: IO[bytes]) -> None:
        self.name = name
        self._process = process
        self._line = line

    @classmethod
    async def start(cls, command: str, log: IO[bytes] | None) -> Self:
        """Starts `kontant <command>`, which loads and then waits until it may begin. `log` takes what it says.

        It is in a process group of its own, for Ctrl-C is ours to pass on, in our order.
        """
        reading, writing = os.pipe()
        try:
            process = await asyncio.create_subprocess_exec(
                sys.executable, "-m", "kontant", command, "--supervised-by", str(reading),
                stdin=asyncio.subprocess.DEVNULL, stdout=log, stderr=log, pass_fds=[reading], process_group=0,
            )  # fmt: skip
        finally:
            os.close(reading)
        return cls(command, process, os.fdopen(writing, "wb", buffering=0))

    def let_begin(self) -> None:
        """Lets it go on from loading to working."""
        self._line.write(b"1")

    async def ended(self) -> int:
        """Waits until it has ended by itself, or has been stopped. Returns its exit code."""
        return await self._process.wait()

    async def stop(self, hurry: asyncio.Event) -> None:
        """Lets it finish what it is doing; by force after some seconds, or as soon as there is a hurry."""
        if self._process.returncode is None:
            self._process.terminate()
            waits = [asyncio.create_task(self._process.wait()), asyncio.create_task(hurry.wait())]
            await asyncio.wait(waits, timeout=GRACE_SECONDS, return_when=asyncio.FIRST_COMPLETED)
            for wait in waits:
                wait.cancel()
            if self._process.returncode is None:
                self._process.kill()
                await self._process.wait()
        self._line.close()


def wait_to_begin(line: int) -> None:
    """In the child: waits until the supervisor lets it begin, and from then on ends when the supervisor is gone."""
    if not os.read(line, 1):
        sys.exit(1)
    threading.Thread(target=_end_with_supervisor, args=(line,), daemon=True).start()


def _end_with_supervisor(line: int) -> None:
    while os.read(line, 1):
        pass
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(GRACE_SECONDS)
    os._exit(1)


def last_lines(log: Path, count: int = 5) -> list[str]:
    """The end of a log, for a person who wants to know why."""
    return log.read_text(errors="replace").splitlines()[-count:] if log.exists() else []
