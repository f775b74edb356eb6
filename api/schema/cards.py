"""Lines: prepaid cards, and later contractless subscriptions."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Final
from uuid import UUID

import strawberry

from api.context import Context
from api.schema.customers import Customer, find_customers
from api.schema.errors import UserError, user_error
from api.schema.fields import batched, shown, shown_field
from api.schema.identifications import Registration, registrations_of
from api.schema.ids import global_id
from api.schema.ledger import (
    AccumulatedBalance,
    Bucket,
    StatementConnection,
    StatementEdge,
    accumulated,
    bucket_of,
    entry_cursor,
    entry_of,
    spendable_money,
)
from api.schema.money import Money
from api.schema.node import Node, found_by, in_order
from api.schema.paging import LAST_NUMBER, After, First, Page, PageInfo, id_cursor
from api.schema.scalars import PhoneNumber
from domain.cards.card import CardStatus, status_as_of
from domain.cards.errors import (
    CardAwaitingRegistration,
    CardBlocked,
    CardClosed,
    CardConverted,
    CardNotBlocked,
    CardNotFound,
)
from domain.kernel.access import ACCESS_BY_RELATIONS, Access
from domain.operators.operator import Operator
from persistence.queries.cards import CARDS, CardRow
from persistence.queries.ledger import LIVE_BUCKETS, STATEMENTS, BucketRow
from persistence.statement import beside

PREFIX: Final = "card"


@strawberry.interface(description="A mobile number in use.")
class Line:
    phone_number: PhoneNumber = strawberry.field(description="The number.")


class _Loaded(list[BucketRow]):
    """A card's live buckets, and whose currency they are counted in."""

    def __init__(self, rows: Sequence[BucketRow], operator: Operator) -> None:
        super().__init__(rows)
        self.operator = operator


async def live_buckets(cards: Sequence[Card], *, context: Context) -> Sequence[_Loaded]:
    """The buckets that can be used now, once for all fields that are made of them."""
    keys = [card.key for card in cards]
    rows = await LIVE_BUCKETS.all(context.services.database, cards=keys, now=context.now)
    return [_Loaded(of_one, context.operator) for of_one in beside(keys, rows, lambda row: row.card_id)]


async def holders(cards: Sequence[Card], *, context: Context) -> Sequence[Customer | None]:
    """Who owns the card. Null when nobody does yet, or when it is somebody whom you do not know."""
    return await find_customers_or_none([card.holder_key for card in cards], context)


async def users(cards: Sequence[Card], *, context: Context) -> Sequence[Customer | None]:
    """Who carries the card. Null when nobody does, or when it is somebody whom you do not know."""
    return await find_customers_or_none([card.user_key for card in cards], context)


async def find_customers_or_none(ids: Sequence[UUID | None], context: Context) -> list[Customer | None]:
    """Customers by id, where there is an id."""
    known = list({id for id in ids if id is not None})
    found = dict(zip(known, await find_customers(known, context), strict=True)) if known else {}
    return [found.get(id) if id is not None else None for id in ids]


async def statements(
    cards: Sequence[Card], *, context: Context, first: First = None, after: After = None
) -> Sequence[StatementConnection]:
    """How the money on the card came about, newest first. Null for who may not see the card's money."""
    page = Page(first, after)
    keys = [card.key for card in cards]
    rows = await STATEMENTS.all(
        context.services.database, cards=keys, before=page.after_number(LAST_NUMBER), most=page.most
    )
    return [
        page.of(StatementConnection, StatementEdge, [entry_of(row, context.operator) for row in of_one], entry_cursor)
        for of_one in beside(keys, rows, lambda row: row.card_id)
    ]


async def card_registrations(cards: Sequence[Card], *, context: Context) -> Sequence[Registration | None]:
    """Who answers for the card. Null when nobody does, and for anyone but them and their guardians."""
    return await registrations_of([card.key for card in cards], context)


@shown(Access.LINE)
class Card(Node, Line):
    """A prepaid card. One who may see that it is there does not always see what is on it: then that is null."""

    key: strawberry.Private[UUID]
    access: strawberry.Private[int]
    holder_key: strawberry.Private[UUID | None]
    user_key: strawberry.Private[UUID | None]
    phone_number: PhoneNumber = shown_field("The number.")
    iccid_suffix: str = shown_field("The last four digits of the SIM card's number.")
    status: CardStatus = shown_field("Where the card is in its life.")
    active_until: date | None = shown_field("The last day on which it can be used; a top-up moves it.")
    grace_until: date | None = shown_field("The last day on which it can be called and brought back by a top-up.")
    holder: Customer | None = batched(holders)
    user: Customer | None = batched(users)
    balance: Money | None = batched(
        live_buckets,
        "The money that can be spent now. Null for who may not see the card's balance.",
        access=Access.BALANCE,
        read=lambda _, rows: spendable_money(rows, rows.operator),
    )
    accumulated_balances: list[AccumulatedBalance] | None = batched(
        live_buckets,
        "What is left of each usage type, over all buckets. Null for who may not see the card's usage.",
        access=Access.USAGE,
        read=lambda _, rows: accumulated(rows, rows.operator),
    )
    buckets: list[Bucket] | None = batched(
        live_buckets,
        "What can be used now, in the order in which it will be. Null for who may not see the card's usage.",
        access=Access.USAGE,
        read=lambda _, rows: [bucket_of(row, rows.operator) for row in rows],
    )
    statement: StatementConnection | None = batched(statements, access=Access.MONEY)
    registration: Registration | None = batched(card_registrations, access=Access.IDENTITY)


@shown(Access.LINE)
class CardEdge:
    """A card in its place."""

    node: Card = shown_field("The card.")
    cursor: str = shown_field("Its place in the list, to be given as `after`.")


@shown(Access.SIGNED_IN)
class CardConnection:
    """A page of cards."""

    nodes: list[Card] = shown_field("The cards of this page.")
    edges: list[CardEdge] = shown_field("The cards of this page, each with its cursor.")
    page_info: PageInfo = shown_field("Where this page stands.")


def card_of(row: CardRow, today: date) -> Card:
    """A card as it is today, with what may be shown of it."""
    return Card(
        id=strawberry.ID(global_id(PREFIX, row.id)),
        key=row.id,
        access=ACCESS_BY_RELATIONS[row.relations],
        holder_key=row.holder_id,
        user_key=row.user_id,
        phone_number=PhoneNumber(row.phone_number),
        iccid_suffix=row.iccid_suffix,
        status=status_as_of(today, CardStatus(row.status), row.active_until, row.grace_until),
        active_until=row.active_until,
        grace_until=row.grace_until,
    )


def card_cursor(card: Card) -> str:
    """A card's place among the cards of one person."""
    return id_cursor(card.key)


@found_by(PREFIX)
async def find_cards(ids: Sequence[UUID], context: Context) -> Sequence[Card | None]:
    """Cards by id, as far as the actor may know of them."""
    rows = await CARDS.all(context.services.database, ids=list(set(ids)), me=context.me)
    today = context.today
    return in_order(ids, [card_of(row, today) for row in rows], lambda card: card.key)


@user_error(CardNotFound, path="cardId")
class CardNotFoundError(UserError):
    """There is no such card, or it is not yours to do this with."""


@user_error(CardClosed, path="cardId")
class CardClosedError(UserError):
    """The card's life has ended."""


@user_error(CardBlocked, path="cardId")
class CardBlockedError(UserError):
    """The card is blocked: lost, stolen, or by a parent."""


@user_error(CardConverted, path="cardId")
class CardConvertedError(UserError):
    """The number is a contractless subscription now."""


@user_error(CardAwaitingRegistration, path="cardId")
class CardAwaitingRegistrationError(UserError):
    """The card's holder has not been identified yet."""


@user_error(CardNotBlocked, path="cardId")
class CardNotBlockedError(UserError):
    """The card is not blocked."""
