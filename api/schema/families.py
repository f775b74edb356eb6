"""Families."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

import strawberry

from api.context import Context
from api.schema.cards import Card, card_of
from api.schema.customers import Customer, customer_of
from api.schema.fields import batched, shown, shown_field
from api.schema.ids import global_id
from api.schema.node import Node, found_by
from domain.families.family import FamilyRole
from domain.kernel.access import Access
from persistence.queries.cards import CARDS_CARRIED
from persistence.queries.customers import CustomerRow
from persistence.queries.families import FAMILY_OF_ACTOR, FamilyMemberRow
from persistence.statement import beside

PREFIX: Final = "family"


async def cards_carried(members: Sequence[FamilyMember], *, context: Context) -> Sequence[list[Card]]:
    """The cards that the member carries, whoever holds them."""
    keys = [member.customer.key for member in members]
    rows = await CARDS_CARRIED.all(context.services.database, customers=keys, me=context.me)
    today = context.today
    return [[card_of(row, today) for row in of_one] for of_one in beside(keys, rows, lambda row: row.user_id)]


@shown(Access.FAMILY)
class FamilyMember:
    """A person's place in the family."""

    role: FamilyRole = shown_field("What the member may do.")
    joined_at: datetime = shown_field("Since when.")
    customer: Customer = shown_field("The person.")
    cards: list[Card] = batched(cards_carried)


@shown(Access.FAMILY)
class Family(Node):
    """Customers who manage cards together."""

    key: strawberry.Private[UUID]
    name: str = shown_field("What the family calls itself.")
    members: list[FamilyMember] = shown_field("Everyone, in the order in which they joined.")


def _member_of(row: FamilyMemberRow) -> FamilyMember:
    return FamilyMember(role=FamilyRole(row.role), joined_at=row.joined_at, customer=customer_of(CustomerRow(*row[4:])))


async def family_of_actor(context: Context) -> Family | None:
    """The family to which the one belongs for whom the actor acts."""
    rows = await FAMILY_OF_ACTOR.all(context.services.database, me=context.me)
    if not rows:
        return None
    first = rows[0]
    return Family(
        id=strawberry.ID(global_id(PREFIX, first.family_id)),
        key=first.family_id,
        name=first.name,
        members=[_member_of(row) for row in rows],
    )


@found_by(PREFIX)
async def find_families(ids: Sequence[UUID], context: Context) -> Sequence[Family | None]:
    """Families by id: one's own, and no other."""
    own = await family_of_actor(context)
    return [own if own is not None and own.key == id else None for id in ids]
