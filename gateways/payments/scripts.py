"""The sandbox's test tokens, and what each makes a payment do."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final, Literal

from domain.payments.ports import DeclineReason, PaymentStatus

Outcome = Literal[PaymentStatus.CAPTURED, PaymentStatus.DECLINED]


class TestToken(StrEnum):
    """Payment method tokens that the sandbox knows. Any other is declined with REFUSED."""

    __test__ = False  # the name begins as a test class does, and pytest would collect it

    SUCCEEDS = "sandbox_succeeds"
    """Captured at once."""

    DECLINES = "sandbox_declines"
    """Declined at once with INSUFFICIENT_FUNDS."""

    NEEDS_ACTION = "sandbox_needs_action"
    """Waits for the customer at `action_url`, until `approve` (captured) or `refuse` (NOT_AUTHENTICATED)."""

    TIMES_OUT_THEN_SUCCEEDS = "sandbox_times_out_then_succeeds"
    """The call does not answer for `stall_seconds`; PENDING at first, captured `settles_after_seconds` later."""

    TIMES_OUT_THEN_FAILS = "sandbox_times_out_then_fails"
    """The call does not answer for `stall_seconds`; PENDING at first, REFUSED `settles_after_seconds` later."""

    DUPLICATES_WEBHOOK = "sandbox_duplicates_webhook"
    """Captured at once; its one event is delivered twice at the same time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Script:
    """How a payment goes. Without an `outcome` the customer decides."""

    outcome: Outcome | None
    decline_reason: DeclineReason | None = None
    is_late: bool = False
    webhook_copies: int = 1


_UNKNOWN_TOKEN: Final = Script(outcome=PaymentStatus.DECLINED, decline_reason=DeclineReason.REFUSED)

_SCRIPTS: Final[dict[str, Script]] = {
    TestToken.SUCCEEDS: Script(outcome=PaymentStatus.CAPTURED),
    TestToken.DECLINES: Script(outcome=PaymentStatus.DECLINED, decline_reason=DeclineReason.INSUFFICIENT_FUNDS),
    TestToken.NEEDS_ACTION: Script(outcome=None),
    TestToken.TIMES_OUT_THEN_SUCCEEDS: Script(outcome=PaymentStatus.CAPTURED, is_late=True),
    TestToken.TIMES_OUT_THEN_FAILS: Script(
        outcome=PaymentStatus.DECLINED, decline_reason=DeclineReason.REFUSED, is_late=True
    ),
    TestToken.DUPLICATES_WEBHOOK: Script(outcome=PaymentStatus.CAPTURED, webhook_copies=2),
}


def script_of(token: str) -> Script:
    """What a payment with this token does."""
    return _SCRIPTS.get(token, _UNKNOWN_TOKEN)
