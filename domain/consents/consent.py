"""What people agree to, purpose by purpose. Nothing is agreed to until somebody says so."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Protocol
from uuid import UUID

from domain.customers.customer import Profile
from domain.kernel.time import age_on
from domain.operators.operator import ConsentPurpose, Operator


@dataclass(frozen=True, slots=True, kw_only=True)
class Consent:
    """What was said about a purpose at one time. The last one holds; all are kept."""

    customer_id: UUID
    purpose: str
    number: int
    """The first that a customer says of a purpose is 1."""
    is_given: bool
    text_version: int
    at: datetime
    said_by: UUID
    """The customer themselves, or a guardian of theirs."""
    client_id: str | None
    """The program in which it was said."""


class Consents(Protocol):
    """The consents within a transaction."""

    async def latest(self, customer_id: UUID, purpose: str, /) -> Consent | None:
        """What was said last. It stays the last for who has the customer locked."""
        ...

    async def add(self, consent: Consent, /) -> None: ...


class Said(Protocol):
    """What `is_agreed` needs to know of a consent."""

    @property
    def is_given(self) -> bool: ...
    @property
    def text_version(self) -> int: ...


def is_agreed(purpose: ConsentPurpose, latest: Said | None) -> bool:
    """Whether the purpose is agreed to, as it is asked today."""
    return latest is not None and latest.is_given and latest.text_version == purpose.text_version


async def has_consent(consents: Consents, operator: Operator, customer_id: UUID, purpose: str) -> bool:
    """Whether a customer agrees to something. Ask in the transaction that does it; what nobody asks, nobody gives."""
    asked = operator.consent_purpose(purpose)
    return asked is not None and is_agreed(asked, await consents.latest(customer_id, purpose))


def decides_alone(profile: Profile, today: date, consent_age: int) -> bool:
    """Whether somebody agrees for themselves. A child of unknown age, whom somebody has to look after, does not."""
    birth_date = profile.customer.birth_date
    return not profile.has_guardian if birth_date is None else age_on(today, birth_date) >= consent_age
