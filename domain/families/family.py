"""Customers who manage cards together."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol
from uuid import UUID


class FamilyRole(StrEnum):
    """What a member of a family may do there."""

    OWNER = "OWNER"  # one; pays; may hand the family over
    MANAGER = "MANAGER"  # an adult who may act for all
    MEMBER = "MEMBER"  # an adult with their own card
    CHILD = "CHILD"


@dataclass(frozen=True, slots=True, kw_only=True)
class FamilyMember:
    """A customer's place in a family."""

    family_id: UUID
    customer_id: UUID
    role: FamilyRole


class Families(Protocol):
    """The families within a transaction."""

    async def add(self, id: UUID, name: str, created_at: datetime, /) -> None: ...

    async def add_member(self, member: FamilyMember, joined_at: datetime, /) -> bool:
        """Keeps it. False when the customer is in a family already."""
        ...

    async def members(self, id: UUID, /) -> frozenset[UUID]:
        """The customers who are in the family. None of them leaves before the transaction ends."""
        ...

    async def add_guardianship(self, guardian_id: UUID, dependant_id: UUID, created_at: datetime, /) -> None: ...
