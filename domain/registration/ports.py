"""What registration needs: of a transaction, and of those who hold the keys."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import Protocol
from uuid import UUID

from domain.cards.ports import Cards
from domain.kernel.executor import Work
from domain.registration.identity_numbers import IdentityNumber
from domain.registration.registration import CustomerIdentity, Registration, SealedNumber


class IdentityNumbers(Protocol):
    """Holds the keys to identity numbers. Nobody else can read one, or tell whose hash it is."""

    def seal(self, number: IdentityNumber, *, customer_id: UUID, key_version: int) -> SealedNumber:
        """The number as it is kept: of use only as this customer's."""
        ...

    def reseal(self, number: SealedNumber, *, customer_id: UUID, key_version: int) -> SealedNumber:
        """The same number by another version of the key. Raises `Unreadable`."""
        ...

    def digest(self, number: IdentityNumber, /) -> bytes:
        """32 bytes that stand for the number, the same for ever, and nothing without the key."""
        ...


class Unreadable(Exception):
    """What is kept is not this customer's number, or was changed, or another deployment's secret has sealed it."""


class Registrations(Protocol):
    """Who customers are, and their registrations, within a transaction."""

    async def key_version(self) -> int:
        """The version that seals now. No other begins until the transaction ends."""
        ...

    async def begin_key_version(self) -> int:
        """The next version, once every transaction has ended that seals by an earlier one."""
        ...

    async def current_identity(self, customer_id: UUID, /) -> CustomerIdentity | None:
        """Who the customer is, as was last said. It stays so until the transaction ends."""
        ...

    async def keep_identity(self, identity: CustomerIdentity, /) -> bool:
        """Makes it the customer's current one, and forgets those on which no registration rests.

        False when it is another customer's number.
        """
        ...

    async def sealed_before(self, key_version: int, /, *, limit: int) -> Sequence[CustomerIdentity]:
        """Identities whose number was sealed by an earlier version than this; locked."""
        ...

    async def keep_numbers(self, identities: Sequence[CustomerIdentity], /) -> None:
        """Writes their numbers anew."""
        ...

    async def add(self, registration: Registration, /) -> None: ...

    async def get(self, id: UUID, /) -> Registration | None: ...

    async def end(self, card_id: UUID, keep_until: date, /) -> None:
        """The card is no longer its holder's, or no more: its registration has a last day now."""
        ...

    async def erase(self, today: date, /, *, unused_since: datetime, limit: int) -> int:
        """Erases registrations whose last day is over, and identities on which none rests any more.

        Also those of customers who have registered nothing since then.
        """
        ...


class RegistrationWork(Work, Protocol):
    """A transaction, as registration sees it."""

    @property
    def cards(self) -> Cards: ...
    @property
    def registrations(self) -> Registrations: ...
    @property
    def identity_numbers(self) -> IdentityNumbers: ...
