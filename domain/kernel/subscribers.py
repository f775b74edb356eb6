"""Those who act on what has happened. Each reads the events in the order of their commits, and counts each once.

A subscriber is a use case over a chunk of events. It takes them with `work.subscriptions.take`, which moves its cursor
in the same transaction: its effects and its place in the log commit together, or neither does.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Protocol
from uuid import UUID

from domain.kernel.errors import Rejection
from domain.kernel.events import JsonScalar
from domain.kernel.executor import Command, Work

SHARDS: Final = 4
"""Into how many parts the log is divided, by customer. So many workers can serve a subscriber at once.

It is for ever: with another number, the cursors that there are would pass events over and count others twice.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordedEvent:
    """An event, as it is read back."""

    position: int
    """Its number in the log, which names it. It does not tell the order: that is the order of the commits."""
    type: str
    version: int
    at: datetime
    subject: UUID | None
    cause: UUID
    """The execution in which it happened."""
    data: Mapping[str, JsonScalar]


class NothingNew(Rejection):
    """There was nothing for the subscriber in this shard, or another worker is at it. So there is nothing to keep."""

    code = "NOTHING_NEW"


@dataclass(frozen=True, kw_only=True)
class HandleEvents(Command[int]):
    """What comes next in one shard; the answer is how many events it was. Each subscriber has a subclass of its own."""

    shard: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Subscriber:
    """Who acts on events of these types, and the command by which it does."""

    name: str
    handles: frozenset[str]
    command: type[HandleEvents]


class Subscriptions(Protocol):
    """The log and the cursors over it, within a transaction."""

    async def take(self, subscriber: Subscriber, shard: int, /) -> Sequence[RecordedEvent]:
        """What comes next in this shard, and moves the cursor past it. Never more than a chunk.

        Empty when the cursor has passed only what is not for this subscriber. Raises `NothingNew`.
        """
        ...

    async def rewind(self, subscriber: Subscriber, /) -> None:
        """Sets the cursors to zero, so that everything is read again: for a subscriber that rebuilds what it keeps."""
        ...


class SubscriberWork(Work, Protocol):
    """What a subscriber needs of a transaction."""

    @property
    def subscriptions(self) -> Subscriptions: ...
