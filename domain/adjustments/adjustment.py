"""An adjustment of a card's money."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Final
from uuid import UUID

from domain.kernel.errors import Invalid
from domain.kernel.quantities import Money
from domain.ledger.ledger import Origin

LONGEST_NOTE: Final = 500


class AdjustmentReason(StrEnum):
    """Why staff correct a balance."""

    BILLING_ERROR = "BILLING_ERROR"  # we had taken or given too much
    GOODWILL = "GOODWILL"  # a kindness
    SERVICE_FAILURE = "SERVICE_FAILURE"  # something of ours did not work
    MISUSE = "MISUSE"  # what was given had been come by unfairly


CREDITS_ONLY: Final = frozenset({AdjustmentReason.GOODWILL, AdjustmentReason.SERVICE_FAILURE})
DEBITS_ONLY: Final = frozenset({AdjustmentReason.MISUSE})


class AdjustmentState(StrEnum):
    """What has become of an adjustment."""

    AWAITING_APPROVAL = "AWAITING_APPROVAL"
    POSTED = "POSTED"
    REFUSED = "REFUSED"  # nobody's second yes came


@dataclass(frozen=True, slots=True, kw_only=True)
class Adjustment:
    """An adjustment as it stands. What it does to whom was said when it was asked for, and never changes."""

    id: UUID
    card_id: UUID
    customer_id: UUID
    """The card's holder."""
    staff_id: UUID
    """Who asked for it."""
    amount: Money
    """More than zero for the customer's good, less for ours."""
    reason: AdjustmentReason
    ticket: str
    note: str = field(repr=False)
    """In the staff member's words, at most 500 characters. No customer is shown it."""
    state: AdjustmentState
    requested_at: datetime

    @property
    def origin(self) -> Origin:
        """Whose money a credit is: what was taken wrongly is the customer's own again, and a kindness is given."""
        return Origin.PURCHASED if self.reason is AdjustmentReason.BILLING_ERROR else Origin.GRANTED


def ensure_fitting(amount_minor: int, reason: AdjustmentReason) -> None:
    """Raises `Invalid` for an amount that this reason cannot have."""
    if amount_minor == 0:
        raise Invalid("An adjustment changes something: amount is more or less than zero.")
    if amount_minor < 0 and reason in CREDITS_ONLY:
        raise Invalid(f"For {reason}, amount is more than zero.")
    if amount_minor > 0 and reason in DEBITS_ONLY:
        raise Invalid(f"For {reason}, amount is less than zero.")
