"""The documented identity check that a prepaid card needs before it may be used."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Final
from uuid import UUID

from domain.cards.card import Card, CardStatus
from domain.cards.errors import CardBlocked, CardClosed, CardConverted
from domain.identity.session import AuthenticationMethod
from domain.kernel.errors import Rejection
from domain.kernel.time import add_months
from domain.registration.errors import AddressIncomplete, CardAlreadyRegistered, HolderTooYoung

KEPT_MONTHS: Final = 12
"""For so long after the service has ended a registration is kept, and no longer."""

UNUSED_IS_KEPT: Final = timedelta(days=365)
"""For so long it is kept who a customer is who registers nothing."""

HOLDS_CARDS_FROM_AGE: Final = 16
"""Who is younger may not dispose of money of their own, and so holds no card."""

LONGEST_PART: Final = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """Where somebody lives, as they say."""

    street: str = field(repr=False)
    postal_code: str = field(repr=False)
    city: str = field(repr=False)
    country: str
    """ISO 3166-1 alpha-2."""

    def tidied(self) -> Address:
        """Without blanks around its parts. Raises `AddressIncomplete`."""
        tidy = Address(
            street=self.street.strip(),
            postal_code=self.postal_code.strip(),
            city=self.city.strip(),
            country=self.country,
        )
        parts = (tidy.street, tidy.postal_code, tidy.city)
        if not all(0 < len(part) <= LONGEST_PART and part.isprintable() for part in parts):
            raise AddressIncomplete
        return tidy


@dataclass(frozen=True, slots=True, kw_only=True)
class SealedNumber:
    """A national identity number as it is kept: encrypted, by a keyed hash, and masked."""

    sealed: bytes = field(repr=False)
    key_version: int
    digest: bytes = field(repr=False)
    masked: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CustomerIdentity:
    """Who a customer is, as an identity provider has said. One is the customer's current one; it may change."""

    id: UUID
    customer_id: UUID
    provider: str
    subject: str = field(repr=False)
    method: AuthenticationMethod
    given_name: str = field(repr=False)
    family_name: str = field(repr=False)
    birth_date: date | None = field(repr=False)
    number: SealedNumber
    identified_at: datetime

    def ensure_may_hold_cards(self, today: date) -> None:
        """Raises `HolderTooYoung`. A provider that tells no birth date vouches for adults."""
        if self.birth_date and add_months(self.birth_date, 12 * HOLDS_CARDS_FROM_AGE) > today:
            raise HolderTooYoung(HOLDS_CARDS_FROM_AGE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Registration:
    """A card, who answers for it, and by which identification. The next holder registers anew."""

    id: UUID
    card_id: UUID
    customer_id: UUID
    identity_id: UUID
    service_number: str = field(repr=False)
    """The card's phone number, in E.164."""
    address: Address
    registered_at: datetime
    keep_until: date | None = None
    """The last day on which it is kept; None as long as the service lasts."""


def kept_until(ended_on: date) -> date:
    """The last day on which a registration is kept whose service ended on this day."""
    return add_months(ended_on, KEPT_MONTHS)


_CANNOT_BE_REGISTERED: Final[dict[CardStatus, type[Rejection]]] = {
    CardStatus.ACTIVE: CardAlreadyRegistered,
    CardStatus.GRACE: CardAlreadyRegistered,
    CardStatus.BLOCKED: CardBlocked,
    CardStatus.CONVERTED: CardConverted,
    CardStatus.CLOSED: CardClosed,
}


def ensure_can_be_registered(card: Card) -> None:
    """Raises the card's reason why not."""
    reason = _CANNOT_BE_REGISTERED.get(card.status)
    if reason is not None:
        raise reason
