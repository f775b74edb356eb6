"""Bonuses."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

import strawberry

from api.context import Context
from api.schema.cards import Card, find_cards
from api.schema.enums import Unit, unit_of
from api.schema.fields import batched, shown, shown_field
from api.schema.ids import global_id
from api.schema.money import Money, money
from api.schema.node import Node, found_by, in_order
from api.schema.paging import LAST_UUID, Page, PageInfo, id_cursor
from api.schema.scalars import BigInt
from domain.kernel.access import Access
from domain.kernel.quantities import UsageType
from persistence.queries.loyalty import BONUSES, BONUSES_OF_ACTOR, BonusRow

PREFIX: Final = "bonus"


async def bonus_cards(bonuses: Sequence[Bonus], *, context: Context) -> Sequence[Card | None]:
    """The card that it was given on. Null when you may no longer see that card."""
    return await find_cards([bonus.card_key for bonus in bonuses], context)


@shown(Access.MONEY)
class Bonus(Node):
    """A reward that was granted, with its cause."""

    key: strawberry.Private[UUID]
    card_key: strawberry.Private[UUID]
    code: str = shown_field("Which reward, for a program; an operator can add new ones.")
    name: str = shown_field("Which reward, in the asker's language.")
    usage_type: UsageType = shown_field("What it is used for.")
    quantity: BigInt = shown_field("How much was granted, in `unit`.")
    unit: Unit = shown_field("What the quantity counts.")
    money: Money | None = shown_field("`quantity` as money; null for anything but money.")
    granted_at: datetime = shown_field("When it was granted.")
    valid_until: datetime | None = shown_field("Until when it can be used; null for as long as its card.")
    card: Card | None = batched(bonus_cards)


@shown(Access.MONEY)
class BonusEdge:
    """A bonus in its place."""

    node: Bonus = shown_field("The bonus.")
    cursor: str = shown_field("Its place in the list, to be given as `after`.")


@shown(Access.SIGNED_IN)
class BonusConnection:
    """A page of bonuses, newest first."""

    nodes: list[Bonus] = shown_field("The bonuses of this page.")
    edges: list[BonusEdge] = shown_field("The bonuses of this page, each with its cursor.")
    page_info: PageInfo = shown_field("Where this page stands.")


def _bonus_of(row: BonusRow, context: Context) -> Bonus:
    usage = UsageType(row.usage_type)
    return Bonus(
        id=strawberry.ID(global_id(PREFIX, row.id)),
        key=row.id,
        card_key=row.card_id,
        code=row.code,
        name=context.services.words.name(context.locale, "bonus", row.code),
        usage_type=usage,
        quantity=BigInt(row.quantity),
        unit=unit_of(row.unit),
        money=money(row.quantity, context.operator) if usage is UsageType.MONEY else None,
        granted_at=row.granted_at,
        valid_until=row.valid_until,
    )


async def bonuses_of_actor(context: Context, first: int | None, after: str | None) -> BonusConnection:
    """A page of what one was granted, newest first."""
    page = Page(first, after)
    rows = await BONUSES_OF_ACTOR.all(
        context.services.database, me=context.me, before=page.after_id(LAST_UUID), most=page.most
    )
    nodes = [_bonus_of(row, context) for row in rows]
    return page.of(BonusConnection, BonusEdge, nodes, lambda bonus: id_cursor(bonus.key))


@found_by(PREFIX)
async def find_bonuses(ids: Sequence[UUID], context: Context) -> Sequence[Bonus | None]:
    """Bonuses by id: one's own, and those on cards whose money one may see."""
    rows = await BONUSES.all(context.services.database, ids=list(set(ids)), me=context.me)
    return in_order(ids, [_bonus_of(row, context) for row in rows], lambda bonus: bonus.key)
