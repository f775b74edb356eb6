"""A person known to the operator, and how they are reached."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Protocol
from uuid import UUID


class ContactKind(StrEnum):
    """How a person is reached."""

    PHONE = "PHONE"
    EMAIL = "EMAIL"


@dataclass(frozen=True, slots=True, kw_only=True)
class Customer:
    """A person. `locale` is BCP 47; `birth_date` is local to where they live."""

    id: UUID
    given_name: str
    family_name: str
    birth_date: date | None
    locale: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ContactPoint:
    """A proven way to reach a person: a phone number in E.164, or an e-mail address. Nobody else has the same."""

    customer_id: UUID
    kind: ContactKind
    value: str


@dataclass(frozen=True, slots=True)
class Profile:
    """A customer, as the rules about what they may say of themselves see them."""

    customer: Customer
    has_guardian: bool


class Customers(Protocol):
    """The customers within a transaction."""

    async def of_actor(self, id: UUID, /) -> Profile | None:
        """The customer, locked, if it is who acts or one whose guardian they are; the second gate."""
        ...

    async def keep(self, customer: Customer, /) -> None: ...

    async def add(self, customer: Customer, created_at: datetime, /) -> None: ...

    async def add_contact_point(self, point: ContactPoint, verified_at: datetime, /) -> bool:
        """Keeps it. False when somebody has it already."""
        ...
