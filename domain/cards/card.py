"""A prepaid card and its life."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum
from uuid import UUID

from domain.cards.errors import CardAwaitingRegistration, CardBlocked, CardClosed, CardConverted, CardNotBlocked
from domain.kernel.time import add_months
from domain.operators.operator import Operator


class CardStatus(StrEnum):
    """Where a card is in its life."""

    AWAITING_REGISTRATION = "AWAITING_REGISTRATION"
    ACTIVE = "ACTIVE"
    GRACE = "GRACE"  # receives calls and messages, makes none
    BLOCKED = "BLOCKED"  # lost, stolen, or by a parent
    CONVERTED = "CONVERTED"
    CLOSED = "CLOSED"


class BlockReason(StrEnum):
    """Why a card was blocked."""

    LOST = "LOST"
    STOLEN = "STOLEN"
    MISUSE = "MISUSE"


_CANNOT_BE_TOPPED_UP = {
    CardStatus.AWAITING_REGISTRATION: CardAwaitingRegistration,
    CardStatus.BLOCKED: CardBlocked,
    CardStatus.CONVERTED: CardConverted,
    CardStatus.CLOSED: CardClosed,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """A card as the rules see it. It is active on `active_until` itself, and in grace on `grace_until` itself."""

    id: UUID
    phone_number: str
    iccid: str
    status: CardStatus
    holder_id: UUID | None
    user_id: UUID | None
    active_until: date | None
    grace_until: date | None
    block_reason: BlockReason | None = None
    """Why it is blocked; None when it is not."""

    def ensure_can_be_topped_up(self) -> None:
        """Raises the card's reason why not."""
        reason = _CANNOT_BE_TOPPED_UP.get(self.status)
        if reason is not None:
            raise reason

    def ensure_in_use(self) -> None:
        """Raises `CardClosed` or `CardConverted`: it is no more."""
        if self.status in (CardStatus.CLOSED, CardStatus.CONVERTED):
            raise _CANNOT_BE_TOPPED_UP[self.status]

    def extended(self, operator: Operator, today: date) -> Card:
        """The card after a top-up today: active for the operator's period, and never for less than it was.

        A card in grace comes back to life. One that was blocked or closed meanwhile stays so: the money is credited,
        and what the card may do is another question.
        """
        until = add_months(today, operator.card_active_months)
        if self.active_until is not None:
            until = max(until, self.active_until)
        return replace(
            self,
            status=CardStatus.ACTIVE if self.status is CardStatus.GRACE else self.status,
            active_until=until,
            grace_until=add_months(until, operator.card_grace_months),
        )

    def activated(self, operator: Operator, today: date) -> Card:
        """The card after its holder has been identified."""
        return replace(self, status=CardStatus.ACTIVE).extended(operator, today)

    def blocked(self, reason: BlockReason) -> Card:
        """The card after it was lost, stolen, or taken away. Raises `CardClosed` and `CardConverted`."""
        self.ensure_in_use()
        return replace(self, status=CardStatus.BLOCKED, block_reason=reason)

    def unblocked(self, today: date) -> Card:
        """The card as it would be today if it had never been blocked. Raises `CardNotBlocked`.

        Its time went on meanwhile: it may be in grace by now, or closed.
        """
        if self.status is not CardStatus.BLOCKED:
            raise CardNotBlocked
        status = CardStatus.AWAITING_REGISTRATION if self.active_until is None else CardStatus.ACTIVE
        return replace(self, status=status, block_reason=None).as_of(today)

    def as_of(self, today: date) -> Card:
        """The card as the calendar has it, also before a worker has written that down."""
        return replace(self, status=status_as_of(today, self.status, self.active_until, self.grace_until))


def status_as_of(today: date, status: CardStatus, active_until: date | None, grace_until: date | None) -> CardStatus:
    """What a card's status is today: in grace once its active period is over, closed once its grace is."""
    if status is CardStatus.ACTIVE and active_until is not None and active_until < today:
        status = CardStatus.GRACE
    if status is CardStatus.GRACE and grace_until is not None and grace_until < today:
        status = CardStatus.CLOSED
    return status
