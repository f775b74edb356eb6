"""A card's life, but for its top-ups."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Protocol
from uuid import UUID

from domain.cards.card import Card, CardStatus
from domain.cards.errors import CardAlreadyIssued, CardClosed, CardConverted
from domain.cards.ports import Cards
from domain.kernel.access import Permission
from domain.kernel.chores import CHUNK, Chore, NothingDue
from domain.kernel.events import Event
from domain.kernel.executor import Command, Work, personal, use_case
from domain.kernel.time import local_date
from domain.registration.ports import Registrations
from domain.registration.registration import kept_until


class CardWork(Work, Protocol):
    """What cards need of a transaction."""

    @property
    def cards(self) -> Cards: ...
    @property
    def registrations(self) -> Registrations: ...


@dataclass(frozen=True, kw_only=True)
class IssueCard(Command[Card]):
    """Hand out a card to its holder, for its user to carry.

    Unless the holder is identified it awaits registration, at an operator that asks for one.
    """

    phone_number: str = personal()
    iccid: str = personal()
    holder_id: UUID
    user_id: UUID
    is_registered: bool


@dataclass(frozen=True, kw_only=True)
class BlockCard(Command[Card]):
    """Stop a card that is lost or stolen, or that a parent has taken away."""

    card_id: UUID


@dataclass(frozen=True, kw_only=True)
class EndCardPeriods(Chore):
    """Let the calendar have its way with cards: the end of their active period, or of their grace."""


@use_case(Permission.CARD_ISSUE, rejects=[CardAlreadyIssued])
async def issue_card(command: IssueCard, work: CardWork) -> Card:
    """A registered card is active from the start, for as long as a top-up would make it."""
    card = Card(
        id=work.id,
        phone_number=command.phone_number,
        iccid=command.iccid,
        status=CardStatus.AWAITING_REGISTRATION,
        holder_id=command.holder_id,
        user_id=command.user_id,
        active_until=None,
        grace_until=None,
    )
    if command.is_registered or not work.operator.card_registration_required:
        card = card.activated(work.operator, local_date(work.now, work.operator.time_zone))
    if not await work.cards.add(card, work.now):
        raise CardAlreadyIssued
    work.emit(_event("issued", card))
    return card


@use_case(Permission.CARD_BLOCK, rejects=[CardClosed, CardConverted])
async def block_card(command: BlockCard, work: CardWork) -> Card:
    """What is on the card stays on it."""
    card = await work.cards.get(command.card_id)
    return await _keep(card, card.as_of(local_date(work.now, work.operator.time_zone)).blocked(), work)


@use_case(Permission.CARD_PERIOD_END, rejects=[NothingDue])
async def end_card_periods(command: EndCardPeriods, work: CardWork) -> int:
    """Writes down what everybody is shown already, and says that it has happened."""
    today = local_date(work.now, work.operator.time_zone)
    cards = await work.cards.whose_period_is_over(today, limit=CHUNK)
    if not cards:
        raise NothingDue
    for card in cards:
        after = await _keep(card, card.as_of(today), work)
        if after.status is CardStatus.CLOSED and after.grace_until is not None:
            await work.registrations.end(card.id, kept_until(after.grace_until))
    return len(cards)


async def _keep(before: Card, after: Card, work: CardWork) -> Card:
    if after.status is not before.status:
        await work.cards.keep_period(after)
        work.emit(_event(_BECAME[after.status], after))
    return after


_BECAME: Final = {CardStatus.BLOCKED: "blocked", CardStatus.GRACE: "entered_grace", CardStatus.CLOSED: "closed"}


def _event(what: str, card: Card) -> Event:
    return Event(f"card.{what}", card.holder_id, {"card_id": str(card.id)})


USE_CASES: Final = (issue_card, block_card, end_card_periods)
