"""People of the operator's staff."""

from __future__ import annotations

from dataclasses import dataclass, field
from uuid import UUID

from domain.kernel.access import StaffRole


@dataclass(frozen=True, slots=True, kw_only=True)
class StaffMember:
    """Somebody of the operator's staff, as the operator's identity provider knows them."""

    id: UUID
    issuer: str
    """The identity provider."""
    subject: str
    """What the provider calls them, for ever."""
    name: str = field(repr=False)
    roles: frozenset[StaffRole]
