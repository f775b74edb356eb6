"""Changes of how a person is reached, and the time in which they can be taken back from where they were reached."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final, Protocol
from uuid import UUID

from domain.customers.customer import ContactKind
from domain.identity.contacts import Contact

UNDO_PERIOD: Final = timedelta(hours=72)
"""For so long a change can be taken back, and what was given up goes to nobody else."""


class ChangeKind(StrEnum):
    """What became of a contact point. It is in events."""

    ADDED = "ADDED"
    CHANGED = "CHANGED"
    REMOVED = "REMOVED"


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnContact:
    """How a customer is reached. A phone that was reported lost is told nothing more and signs nobody in."""

    contact: Contact
    is_lost: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ContactChange:
    """A change that can be taken back. The code for that is kept as its digest (32 bytes)."""

    id: UUID
    customer_id: UUID
    kind: ContactKind
    old_value: str | None = field(repr=False)
    """What is restored; None where nothing was there, or what was there had been reported lost."""
    changed_at: datetime
    undo_until: datetime
    undo_digest: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class NewUndoCode:
    """A code by which a change will be taken back: what it is derived from, and its digest."""

    id: UUID
    digest: bytes = field(repr=False)


class UndoCodes(Protocol):
    """Codes that take a change back. They are derived with a key of the operator's and kept nowhere."""

    def new(self) -> NewUndoCode:
        """A code that nobody can guess."""
        ...

    def digest_of(self, code: str, /) -> bytes:
        """32 bytes that stand for a code, however it is typed."""
        ...


class Contacts(Protocol):
    """How customers are reached, within a transaction."""

    async def lock(self, customer_id: UUID, /) -> None:
        """Until the transaction ends, nobody else changes how this customer is reached. Before anything else."""
        ...

    async def of_customer(self, customer_id: UUID, /) -> Sequence[OwnContact]: ...

    async def take(self, contact: Contact, customer_id: UUID, now: datetime, /) -> bool:
        """Gives a proven contact to a customer; one that was lost is found again.

        False when it is somebody else's, or was until lately and may be again.
        """
        ...

    async def give_up(self, contact: Contact, customer_id: UUID, /) -> None: ...

    async def report_lost(self, contact: Contact, customer_id: UUID, now: datetime, /) -> None: ...

    async def add_change(self, change: ContactChange, /) -> None: ...

    async def customer_of_change(self, undo_digest: bytes, /) -> UUID | None:
        """Whose change this code takes back."""
        ...

    async def changes_since(self, undo_digest: bytes, now: datetime, /) -> Sequence[ContactChange]:
        """The change that this code takes back, and all that came after it, oldest first.

        Empty when it has been taken back, or cannot be any more.
        """
        ...

    async def end_changes(self, changes: Sequence[ContactChange], now: datetime, /) -> None:
        """They have been taken back."""
        ...

    async def close_doors(self, customer_id: UUID, now: datetime, /) -> None:
        """Ends what could still become a session: codes that were sent, and authorization codes."""
        ...
