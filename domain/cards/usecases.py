"""A card's life, but for its top-ups."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Final, Protocol
from uuid import UUID

from domain.cards.card import BlockReason, Card, CardStatus
from domain.cards.errors import CardAlreadyIssued, CardClosed, CardConverted, CardNotBlocked, CardNotFound
from domain.cards.ports import Cards
from domain.kernel.access import ActorKind, Permission
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
    """Stop a card that is lost or stolen, or misused."""

    card_id: UUID
    reason: BlockReason


@dataclass(frozen=True, kw_only=True)
class UnblockCard(Command[Card]):
    """Let a blocked card be used again."""

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


@use_case(Permission.CARD_BLOCK, rejects=[CardNotFound, CardClosed, CardConverted])
async def block_card(command: BlockCard, work: CardWork) -> Card:
    """What is on the card stays on it. To block it twice changes the reason at most."""
    card = await _of(command.card_id, work)
    return await _keep(card, card.as_of(_today(work)).blocked(command.reason), work)


@use_case(Permission.CARD_BLOCK, rejects=[CardNotFound, CardNotBlocked])
async def unblock_card(command: UnblockCard, work: CardWork) -> Card:
    """Nobody gets back the time that has passed."""
    card = await _of(command.card_id, work)
    return await _keep(card, card.unblocked(_today(work)), work)


@use_case(Permission.CARD_PERIOD_END, rejects=[NothingDue])
async def end_card_periods(command: EndCardPeriods, work: CardWork) -> int:
    """Writes down what everybody is shown already, and says that it has happened."""
    today = _today(work)
    cards = await work.cards.whose_period_is_over(today, limit=CHUNK)
    if not cards:
        raise NothingDue
    for card in cards:
        after = await _keep(card, card.as_of(today), work)
        if after.status is CardStatus.CLOSED and after.grace_until is not None:
            await work.registrations.end(card.id, kept_until(after.grace_until))
    return len(cards)


async def _of(id: UUID, work: CardWork) -> Card:
    """Any card for our own processes; for staff, one of a customer whom they may know of."""
    if work.actor.kind is ActorKind.SYSTEM:
        return await work.cards.get(id)
    card = await work.cards.of_staff(id)
    if card is None:
        raise CardNotFound
    return card


async def _keep(before: Card, after: Card, work: CardWork) -> Card:
    if after != before:
        await work.cards.keep_period(after)
    if after.status is not before.status:
        what = "unblocked" if before.status is CardStatus.BLOCKED else _BECAME[after.status]
        work.emit(_event(what, after, is_by_staff=work.actor.kind is ActorKind.STAFF))
    return after


_BECAME: Final = {CardStatus.BLOCKED: "blocked", CardStatus.GRACE: "entered_grace", CardStatus.CLOSED: "closed"}


def _event(what: str, card: Card, *, is_by_staff: bool = False) -> Event:
    return Event(f"card.{what}", card.holder_id, {"card_id": str(card.id), "is_by_staff": is_by_staff})


def _today(work: CardWork) -> date:
    return local_date(work.now, work.operator.time_zone)


USE_CASES: Final = (issue_card, block_card, unblock_card, end_card_periods)
