"""Heads of the chain: how far it had come at a moment, signed, and kept where the database's owner cannot change it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from datetime import datetime
from typing import Final, NamedTuple, Protocol

from domain.audit.chain import Seal

MARK_BYTES: Final = 4
MOST_SEALS: Final = 1_000
"""Under one head. So a line of the heads has at most about 8 kB."""


class BrokenHeads(Exception):
    """What was published is not what we publish. The message is a sentence."""


class Head(NamedTuple):
    """How far the chain had come.

    The hash vouches for every row up to here. The marks, which are the beginnings of the hashes since the head before,
    add nothing to that: they tell which row it was where a chain was made anew.
    """

    sequence: int
    hash: bytes
    at: datetime
    marks: bytes

    @property
    def after(self) -> int:
        """The sequence of the head before; 0 for the first."""
        return self.sequence - len(self.marks) // MARK_BYTES

    def agrees_with(self, seal: Seal) -> bool:
        """Whether this is the chain that the head was taken from, as far as a seal under it can tell."""
        if seal.sequence == self.sequence and seal.hash != self.hash:
            return False
        place = (seal.sequence - self.after - 1) * MARK_BYTES
        return self.marks[place : place + MARK_BYTES] == seal.hash[:MARK_BYTES]


def head_over(seals: Sequence[Seal], at: datetime) -> Head:
    """The head over these seals, which follow those under the head before."""
    marks = b"".join(seal.hash[:MARK_BYTES] for seal in seals)
    return Head(sequence=seals[-1].sequence, hash=seals[-1].hash, at=at, marks=marks)


class HeadSigner(Protocol):
    """Signs heads with the operator's key, and reads them back."""

    async def sign(self, head: Head, /) -> str:
        """The head as one line, signed."""
        ...

    async def read(self, line: str, /) -> Head | None:
        """The head in a line; None where the line is not whole, as a crash in the middle of writing leaves it.

        Raises `BrokenHeads` when it is whole, and not signed by this operator.
        """
        ...


class HeadsAppender(Protocol):
    """The place where heads are published, while nobody else publishes there."""

    def last_lines(self) -> Sequence[str]:
        """The newest lines, the oldest of them first. All there are, or several."""
        ...

    def append(self, line: str, /) -> None:
        """Adds a line. When this returns it will survive a loss of power."""
        ...


class HeadsPlace(Protocol):
    """Where one operator's heads are published: outside the database, one line a head, only ever added to."""

    def appending(self) -> AbstractContextManager[HeadsAppender | None]:
        """None when somebody else is publishing here in this moment."""
        ...

    def lines(self) -> Iterator[str]:
        """Every line, the oldest first. There are none where nothing was ever published."""
        ...
