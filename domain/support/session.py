"""Support sessions: staff act for a customer, for a reason, for a quarter of an hour, and the customer knows."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from domain.kernel.access import SupportAccess

SESSION_LIFETIME: Final = timedelta(minutes=15)
"""From its start to its end. It is never prolonged: who needs longer starts another, and the customer is told."""

LONGEST_REASON: Final = 500
LONGEST_TICKET: Final = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class SupportSession:
    """Why, how far and until when somebody of the staff acts for a customer."""

    id: UUID
    staff_id: UUID
    customer_id: UUID
    access: SupportAccess
    reason: str = field(repr=False)
    """In the staff member's words, at most 500 characters. The customer reads it."""
    ticket: str
    """The number of the matter in the operator's own system, at most 64 characters."""
    started_at: datetime
    expires_at: datetime
    ended_at: datetime | None = None
    disputed_at: datetime | None = None
    dispute: str | None = field(default=None, repr=False)
    """What the customer says was wrong about it."""

    def is_open(self, now: datetime) -> bool:
        """Whether it lets anybody do anything at this time."""
        return self.ended_at is None and now < self.expires_at
