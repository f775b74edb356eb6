"""Staff adjust a card's money: at once when it is little, and else after a second person's yes."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, time
from typing import Final
from uuid import UUID
from zoneinfo import ZoneInfo

from domain.adjustments.adjustment import Adjustment, AdjustmentReason, AdjustmentState, ensure_fitting
from domain.adjustments.ports import AdjustmentWork
from domain.approvals.approval import ApprovalKind
from domain.approvals.requesting import request_approval
from domain.cards.card import Card
from domain.cards.errors import CardClosed, CardConverted, CardNotFound
from domain.kernel.access import Permission
from domain.kernel.errors import Invalid
from domain.kernel.events import Event
from domain.kernel.executor import Keyed, personal, use_case
from domain.kernel.quantities import Money
from domain.kernel.time import local_date
from domain.ledger.ledger import InsufficientBalance, Posting, Purpose, TransactionKind
from domain.topups.errors import CurrencyNotOffered

CANNOT_BE_POSTED: Final = (CardNotFound, CardClosed, CardConverted, InsufficientBalance)
"""How an adjustment can be impossible, when it is asked for or when it is approved."""


@dataclass(frozen=True, kw_only=True)
class AdjustBalance(Keyed[Adjustment]):
    """Correct a card's money, by more or less than zero."""

    card_id: UUID
    amount: Money
    reason: AdjustmentReason
    ticket: str
    note: str = personal()


async def _as_it_is_now(id: UUID, work: AdjustmentWork) -> Adjustment:
    """A replay is authorised afresh."""
    adjustment = await work.adjustments.get(id)
    if adjustment is None:
        raise CardNotFound
    await _card(adjustment.card_id, work)
    return adjustment


@use_case(Permission.BALANCE_ADJUST, rejects=[*CANNOT_BE_POSTED, CurrencyNotOffered], replay=_as_it_is_now)
async def adjust_balance(command: AdjustBalance, work: AdjustmentWork) -> Adjustment:
    """On the card of a customer whom one may know of.

    All that is adjusted for one customer in one local day counts together, whoever does it: so what is too much for
    one person to decide is not split into several that are not.
    """
    ensure_fitting(command.amount.amount_minor, command.reason)
    if command.amount.currency != work.operator.currency:
        raise CurrencyNotOffered(work.operator.currency)
    if not command.note.strip():
        raise Invalid("note is empty: it says why, in words for colleagues.")
    holder_id = (await _card(command.card_id, work)).holder_id
    assert holder_id is not None
    assert work.actor.staff_id is not None, "nobody else has the permission"
    today = await work.adjustments.adjusted_since(holder_id, _start_of_day(work))
    is_little = today + abs(command.amount.amount_minor) <= work.operator.adjustment_approval_minor
    adjustment = Adjustment(
        id=work.id,
        card_id=command.card_id,
        customer_id=holder_id,
        staff_id=work.actor.staff_id,
        amount=command.amount,
        reason=command.reason,
        ticket=command.ticket.strip(),
        note=command.note.strip(),
        state=AdjustmentState.POSTED if is_little else AdjustmentState.AWAITING_APPROVAL,
        requested_at=work.now,
    )
    await work.adjustments.add(adjustment)
    if is_little:
        await _post(adjustment, work)
    else:
        await request_approval(work, ApprovalKind.ADJUSTMENT, about_id=adjustment.id, customer_id=holder_id)
    return adjustment


async def approved(adjustment_id: UUID, work: AdjustmentWork) -> None:
    """It takes effect, in the transaction of the second person's yes. Raises one of `CANNOT_BE_POSTED`."""
    adjustment = await work.adjustments.get(adjustment_id)
    assert adjustment is not None, "an approval is about something"
    _ensure_open(await work.cards.get(adjustment.card_id), work)
    await work.adjustments.end(adjustment.id, AdjustmentState.POSTED)
    await _post(adjustment, work)


async def refused(adjustment_id: UUID, work: AdjustmentWork) -> None:
    """It never takes effect."""
    await work.adjustments.end(adjustment_id, AdjustmentState.REFUSED)


async def _card(id: UUID, work: AdjustmentWork) -> Card:
    """The card, if its holder is somebody whom this member of staff may know of."""
    card = await work.cards.of_staff(id)
    if card is None or card.holder_id is None:
        raise CardNotFound
    return _ensure_open(card, work)


def _ensure_open(card: Card, work: AdjustmentWork) -> Card:
    card.as_of(local_date(work.now, work.operator.time_zone)).ensure_in_use()
    return card


async def _post(adjustment: Adjustment, work: AdjustmentWork) -> None:
    minor, unit = adjustment.amount.amount_minor, adjustment.amount.currency
    origin = adjustment.origin if minor > 0 else None
    await work.ledger.post(
        TransactionKind.ADJUSTMENT,
        adjustment.id,
        [
            Posting(owner_id=adjustment.card_id, purpose=Purpose.MONEY, unit=unit, amount=minor, origin=origin),
            Posting(purpose=Purpose.ADJUSTMENTS, unit=unit, amount=-minor),
        ],
    )
    data = {
        "adjustment_id": str(adjustment.id),
        "card_id": str(adjustment.card_id),
        "amount_minor": minor,
        "currency": unit,
        "reason": adjustment.reason.value,
    }
    work.emit(Event("adjustment.posted", adjustment.customer_id, data))


def _start_of_day(work: AdjustmentWork) -> datetime:
    today = local_date(work.now, work.operator.time_zone)
    return datetime.combine(today, time.min, ZoneInfo(work.operator.time_zone))


USE_CASES: Final = (adjust_balance,)
