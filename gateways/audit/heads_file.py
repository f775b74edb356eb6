"""Published heads as a file: one line each, only ever added to. Its folder may be a mount that keeps what it has.

Nothing is ever rewritten, so the file may be one to which its owner can only append (`chattr +a`). Where a crash has
left the beginning of a line, the next one begins on a line of its own.
"""

from __future__ import annotations

import errno
import fcntl
import os
from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

MODE: Final = 0o640
TAIL_BYTES: Final = 65_536
"""Where the newest lines are looked for: some eight, at their longest."""


class HeadsFile:
    """A `HeadsPlace` in a file. Any number of processes may share it; its folder must be there."""

    def __init__(self, path: Path) -> None:
        self.path = path

    @contextmanager
    def appending(self) -> Generator[HeadsFileAppender | None]:
        file = os.open(self.path, os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, MODE)
        try:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                yield None
            else:
                yield HeadsFileAppender(file)
        finally:
            os.close(file)  # and so lets go of the lock

    def lines(self) -> Iterator[str]:
        if not self.path.exists():
            return
        with self.path.open("rb") as file:
            yield from (text for line in file if (text := line.decode(errors="replace").strip()))


class HeadsFileAppender:
    """A `HeadsAppender`, as long as the file is locked."""

    def __init__(self, file: int) -> None:
        self._file = file

    def last_lines(self) -> Sequence[str]:
        start = max(0, self._size - TAIL_BYTES)
        tail = os.pread(self._file, TAIL_BYTES, start).decode(errors="replace").split("\n")
        return [line for line in tail[1 if start else 0 :] if line]

    def append(self, line: str, /) -> None:
        is_torn = self._size > 0 and os.pread(self._file, 1, self._size - 1) != b"\n"
        text = f"\n{line}\n" if is_torn else f"{line}\n"
        if os.write(self._file, text.encode()) < len(text.encode()):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        os.fsync(self._file)

    @property
    def _size(self) -> int:
        return os.fstat(self._file).st_size
