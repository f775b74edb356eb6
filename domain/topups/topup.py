"""A top-up and its states."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Final, Protocol
from uuid import UUID

from domain.kernel.quantities import Money
from domain.payments.ports import DeclineReason, PaymentResult, PaymentStatus


class TopUpStatus(StrEnum):
    """What has become of a top-up so far. The last two are settled, and a settled one never changes its mind (I4)."""

    CREATED = "CREATED"
    REQUIRES_ACTION = "REQUIRES_ACTION"
    UNKNOWN = "UNKNOWN"
    COMPLETED = "COMPLETED"
    DECLINED = "DECLINED"


SETTLED: Final = frozenset({TopUpStatus.COMPLETED, TopUpStatus.DECLINED})

LEASE: Final = timedelta(seconds=30)
"""How long the one who takes the next step has it to themselves."""

LOOKS: Final = (timedelta(minutes=1), timedelta(minutes=5), timedelta(hours=1), *[timedelta(days=1)] * 5)
"""How long after each silent answer the provider is asked again (P3). Then a person must look at it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TopUp:
    """A top-up as the process sees it. `is_leased` tells that this caller, and no other, takes the next step."""

    id: UUID
    card_id: UUID
    customer_id: UUID
    payment_method_id: UUID
    method_token: str
    amount: Money
    status: TopUpStatus
    decline_reason: DeclineReason | None = None
    looks: int = 0
    is_leased: bool = False

    @property
    def is_settled(self) -> bool:
        return self.status in SETTLED

    @property
    def next_look(self) -> timedelta | None:
        """How long to wait before the provider is asked again; None when it has been asked often enough."""
        return LOOKS[self.looks] if self.looks < len(LOOKS) else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What a provider's answer makes of a top-up."""

    status: TopUpStatus
    reference: str | None = None
    decline_reason: DeclineReason | None = None
    action_url: str | None = field(default=None, metadata={"personal": True})


UNANSWERED: Final = Outcome(status=TopUpStatus.UNKNOWN)

_STATUS: Final = {
    PaymentStatus.CAPTURED: TopUpStatus.COMPLETED,
    PaymentStatus.DECLINED: TopUpStatus.DECLINED,
    PaymentStatus.REQUIRES_ACTION: TopUpStatus.REQUIRES_ACTION,
    PaymentStatus.PENDING: TopUpStatus.UNKNOWN,
    PaymentStatus.NOT_FOUND: TopUpStatus.UNKNOWN,
}


def outcome_of(result: PaymentResult, asked: Money) -> Outcome:
    """What the provider's answer means. A capture of anything but what was asked for is no credit (P6)."""
    if result.status is PaymentStatus.CAPTURED and result.amount != asked:
        return UNANSWERED
    return Outcome(
        status=_STATUS[result.status],
        reference=result.reference,
        decline_reason=result.decline_reason,
        action_url=result.action_url,
    )


class TopUps(Protocol):
    """The top-ups within a transaction."""

    async def add(self, top_up: TopUp, leased_until: datetime, /) -> None: ...

    async def get(self, id: UUID, /) -> TopUp | None: ...

    async def lease(self, id: UUID, until: datetime, /) -> TopUp | None:
        """Takes the next step for this caller, unless it is settled or somebody else has it."""
        ...

    async def settle(self, id: UUID, outcome: Outcome, active_until: date | None, /) -> bool:
        """Keeps a settled outcome. False when it was settled before: the first caller wins."""
        ...

    async def suspend(self, id: UUID, outcome: Outcome, looks: int, /) -> bool:
        """Keeps an outcome that is not the last word, and lets go of the lease. False when it was settled before."""
        ...
