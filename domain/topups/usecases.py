"""Top-ups: the intent, the right to the next step, and the settlement."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Protocol
from uuid import UUID

from domain.cards.errors import CardAwaitingRegistration, CardBlocked, CardClosed, CardConverted, CardNotFound
from domain.cards.ports import Cards
from domain.cases.case import CaseKind
from domain.cases.ports import Cases
from domain.cases.usecases import bring_up
from domain.kernel.access import Access, Permission
from domain.kernel.errors import NotFound
from domain.kernel.events import Event, Job
from domain.kernel.executor import Command, Keyed, Work, use_case
from domain.kernel.quantities import Money
from domain.kernel.time import local_date
from domain.ledger.ledger import Ledger, Origin, Posting, Purpose, TransactionKind
from domain.operators.operator import Operator
from domain.payments.method import PaymentMethodExpired, PaymentMethodNotFound, PaymentMethods
from domain.topups.errors import AmountNotOffered, CurrencyNotOffered
from domain.topups.topup import LEASE, SETTLED, Outcome, TopUp, TopUps, TopUpStatus

ADVANCE_TOP_UP: Final = "advance_top_up"
"""The job that takes an unfinished top-up further, whoever left it."""


class TopUpWork(Work, Protocol):
    """What top-ups need of a transaction."""

    @property
    def cards(self) -> Cards: ...
    @property
    def payment_methods(self) -> PaymentMethods: ...
    @property
    def top_ups(self) -> TopUps: ...
    @property
    def ledger(self) -> Ledger: ...
    @property
    def cases(self) -> Cases: ...


@dataclass(frozen=True, kw_only=True)
class TopUpCard(Keyed[TopUp]):
    """Buy balance for a card."""

    card_id: UUID
    amount: Money
    payment_method_id: UUID


@dataclass(frozen=True, kw_only=True)
class LeaseTopUp(Command[TopUp]):
    """Become the one who takes a top-up's next step."""

    top_up_id: UUID


@dataclass(frozen=True, kw_only=True)
class SettleTopUp(Command[TopUp]):
    """Keep what the provider answered. `is_look`: we asked because it was time to, and not because the customer did."""

    top_up_id: UUID
    outcome: Outcome
    is_look: bool = True


def ensure_offered(amount: Money, operator: Operator) -> None:
    """Raises `CurrencyNotOffered` or `AmountNotOffered`."""
    if amount.currency != operator.currency:
        raise CurrencyNotOffered(operator.currency)
    offer = operator.top_up_offer
    if not offer.offers(amount.amount_minor):
        raise AmountNotOffered(
            Money(offer.minimum_minor, operator.currency),
            Money(offer.maximum_minor, operator.currency),
            tuple(Money(minor, operator.currency) for minor in offer.fixed_minor),
        )


async def _as_it_is_now(id: UUID, work: TopUpWork) -> TopUp:
    """A replay is authorised afresh and answered with the top-up as it stands; the next step, too, if nobody has it."""
    top_up = await work.top_ups.get(id)
    if top_up is None or await work.cards.of_actor(top_up.card_id, Access.TOP_UP) is None:
        raise CardNotFound
    return await work.top_ups.lease(id, work.now + LEASE) or top_up


@use_case(
    Permission.CARD_TOP_UP,
    rejects=[
        CardNotFound,
        CardAwaitingRegistration,
        CardBlocked,
        CardConverted,
        CardClosed,
        CurrencyNotOffered,
        AmountNotOffered,
        PaymentMethodNotFound,
        PaymentMethodExpired,
    ],
    replay=_as_it_is_now,
)
async def top_up_card(command: TopUpCard, work: TopUpWork) -> TopUp:
    """Step one, the intent: key, top-up, lease and rescue job are one commit, before the provider hears of it (P1)."""
    card = await work.cards.of_actor(command.card_id, Access.TOP_UP)
    if card is None:
        raise CardNotFound
    today = local_date(work.now, work.operator.time_zone)
    card.as_of(today).ensure_can_be_topped_up()
    ensure_offered(command.amount, work.operator)
    method = await work.payment_methods.of_actor(command.payment_method_id)
    if method is None:
        raise PaymentMethodNotFound
    method.ensure_valid(today)
    top_up = TopUp(
        id=work.id,
        card_id=card.id,
        customer_id=method.customer_id,
        payment_method_id=method.id,
        method_token=method.token,
        amount=command.amount,
        status=TopUpStatus.CREATED,
        is_leased=True,
    )
    await work.top_ups.add(top_up, work.now + LEASE)
    work.emit(_event("created", top_up))
    work.schedule(Job(ADVANCE_TOP_UP, top_up.id, LEASE))
    return top_up


@use_case(Permission.TOP_UP_SETTLE)
async def lease_top_up(command: LeaseTopUp, work: TopUpWork) -> TopUp:
    """How a worker, a webhook or a return page becomes the one who takes the next step; or learns that it is not."""
    leased = await work.top_ups.lease(command.top_up_id, work.now + LEASE)
    top_up = leased or await work.top_ups.get(command.top_up_id)
    if top_up is None:
        raise NotFound
    return top_up


@use_case(Permission.TOP_UP_SETTLE)
async def settle_top_up(command: SettleTopUp, work: TopUpWork) -> TopUp:
    """Step three. Reply, webhook, return page and poll may race: whoever comes second changes nothing (P4)."""
    outcome = command.outcome
    top_up = await work.top_ups.get(command.top_up_id)
    if top_up is None:
        raise NotFound
    if outcome.status is TopUpStatus.COMPLETED:
        await _credit(top_up, outcome, work)
    elif outcome.status in SETTLED:
        if await work.top_ups.settle(top_up.id, outcome, None):
            work.emit(_event("declined", top_up, reason=outcome.decline_reason))
    else:
        await _look_again_later(top_up, command, work)
    settled = await work.top_ups.get(top_up.id)
    assert settled is not None
    return settled


async def _credit(top_up: TopUp, outcome: Outcome, work: TopUpWork) -> None:
    today = local_date(work.now, work.operator.time_zone)
    card = (await work.cards.get(top_up.card_id)).as_of(today)
    extended = card.extended(work.operator, today)
    if not await work.top_ups.settle(top_up.id, outcome, extended.active_until):
        return
    await work.cards.keep_period(extended)
    minor, currency = top_up.amount.amount_minor, top_up.amount.currency
    await work.ledger.post(
        TransactionKind.TOP_UP,
        top_up.id,
        [
            Posting(owner_id=card.id, purpose=Purpose.MONEY, unit=currency, amount=minor, origin=Origin.PURCHASED),
            Posting(purpose=Purpose.CLEARING, unit=currency, amount=-minor),
        ],
    )
    work.emit(_event("completed", top_up))


async def _look_again_later(top_up: TopUp, command: SettleTopUp, work: TopUpWork) -> None:
    """The first silence begins the row of looks, and each look leads to the next (P3).

    However often a customer asks in between, they neither use up the looks nor put them off.
    """
    status, counts = command.outcome.status, command.is_look or top_up.looks == 0
    if not await work.top_ups.suspend(top_up.id, command.outcome, top_up.looks + counts):
        return
    after = top_up.next_look
    if counts and after is not None:
        work.schedule(Job(ADVANCE_TOP_UP, top_up.id, after))
    elif counts:
        work.emit(_event("unresolved", top_up))
        await bring_up(work, CaseKind.TOP_UP_UNRESOLVED, about_id=top_up.id, customer_id=top_up.customer_id)
        return
    if status is not top_up.status:
        work.emit(_event("requires_action" if status is TopUpStatus.REQUIRES_ACTION else "unknown", top_up))


def _event(what: str, top_up: TopUp, *, reason: str | None = None) -> Event:
    data = {
        "top_up_id": str(top_up.id),
        "card_id": str(top_up.card_id),
        "amount_minor": top_up.amount.amount_minor,
        "currency": top_up.amount.currency,
    }
    return Event(f"top_up.{what}", top_up.customer_id, data | ({"reason": reason} if reason else {}))


USE_CASES: Final = (top_up_card, lease_top_up, settle_top_up)
