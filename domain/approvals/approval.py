"""An approval: asked for by one person, decided by another."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final
from uuid import UUID

from domain.approvals.errors import ApprovalIsOnesOwn, ApprovalNotFound, ApprovalSettled

LIFETIME: Final = timedelta(days=7)
"""Until then somebody must have said yes, or it never takes effect."""


class ApprovalKind(StrEnum):
    """What waits for a second person's yes."""

    ADJUSTMENT = "ADJUSTMENT"


class ApprovalState(StrEnum):
    """What has become of an approval."""

    PENDING = "PENDING"
    GIVEN = "GIVEN"
    DECLINED = "DECLINED"
    WITHDRAWN = "WITHDRAWN"  # by who had asked for it
    EXPIRED = "EXPIRED"


@dataclass(frozen=True, slots=True, kw_only=True)
class Approval:
    """What is to take effect stands where `about_id` points, by kind, and does not change while this is pending."""

    id: UUID
    kind: ApprovalKind
    about_id: UUID
    customer_id: UUID | None
    requested_by: UUID
    """Who of the staff."""
    requested_at: datetime
    expires_at: datetime
    state: ApprovalState = ApprovalState.PENDING
    decided_by: UUID | None = None
    decided_at: datetime | None = None

    def decided(self, state: ApprovalState, staff_id: UUID, now: datetime) -> Approval:
        """The approval after a second person's word. Raises `ApprovalIsOnesOwn` and `ApprovalSettled`."""
        if staff_id == self.requested_by:
            raise ApprovalIsOnesOwn
        return self._settled(state, staff_id, now)

    def withdrawn(self, staff_id: UUID, now: datetime) -> Approval:
        """The approval after who had asked for it thought better. Raises `ApprovalNotFound` and `ApprovalSettled`."""
        if staff_id != self.requested_by:
            raise ApprovalNotFound
        return self._settled(ApprovalState.WITHDRAWN, staff_id, now)

    def _settled(self, state: ApprovalState, staff_id: UUID, now: datetime) -> Approval:
        if self.state is not ApprovalState.PENDING or now >= self.expires_at:
            raise ApprovalSettled
        return replace(self, state=state, decided_by=staff_id, decided_at=now)


def state_as_of(now: datetime, state: ApprovalState, expires_at: datetime) -> ApprovalState:
    """The state as the calendar has it, also before a worker has written that down."""
    return ApprovalState.EXPIRED if state is ApprovalState.PENDING and now >= expires_at else state
