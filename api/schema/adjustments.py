"""Adjustments of balances, and cards that staff block: operations of customer service under its own name."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

import strawberry
from strawberry.types import Info

from api.context import Context
from api.schema import cards
from api.schema.approvals import Approval, find_approvals, is_at_the_desk
from api.schema.customers import Customer, find_customers
from api.schema.errors import mutation, payload
from api.schema.fields import batched, shown, shown_field
from api.schema.ids import global_id, read_id_of
from api.schema.money import Money, MoneyInput, amount_of, money
from api.schema.node import Node, found_by, in_order
from api.schema.scalars import IdempotencyKey
from api.schema.texts import at_most
from domain.adjustments.adjustment import LONGEST_NOTE, AdjustmentReason, AdjustmentState
from domain.adjustments.usecases import AdjustBalance, adjust_balance
from domain.cards.card import BlockReason, CardStatus
from domain.cards.usecases import BlockCard, UnblockCard, block_card, unblock_card
from domain.kernel.access import Access, Permission
from domain.support.session import LONGEST_TICKET
from persistence.queries.approvals import ADJUSTMENTS, AdjustmentRow

PREFIX: Final = "adjustment"


async def adjusted_customers(adjustments: Sequence[Adjustment], *, context: Context) -> Sequence[Customer | None]:
    """Whose balance it is. Null for who may not know of them now."""
    return await find_customers([adjustment.customer_key for adjustment in adjustments], context)


async def adjustment_approvals(adjustments: Sequence[Adjustment], *, context: Context) -> Sequence[Approval | None]:
    """The second person's yes; null when it needed none."""
    keys = [adjustment.approval_key for adjustment in adjustments]
    found = iter(await find_approvals([key for key in keys if key is not None], context))
    return [next(found) if key is not None else None for key in keys]


@shown(Access.DESK)
class Adjustment(Node):
    """Staff correct a card's money, with a reason (TMF654)."""

    key: strawberry.Private[UUID]
    customer_key: strawberry.Private[UUID]
    approval_key: strawberry.Private[UUID | None]
    amount: Money = shown_field("More than zero for the customer's good, less for the operator's.")
    reason: AdjustmentReason = shown_field("Why.")
    ticket: str = shown_field("The number of the matter in the operator's own system.")
    note: str = shown_field("In the staff member's words. No customer is shown it.")
    state: AdjustmentState = shown_field("What has become of it.")
    requested_by: str = shown_field("Who asked for it, of the staff.")
    requested_at: datetime = shown_field("When it was asked for.")
    customer: Customer | None = batched(adjusted_customers)
    approval: Approval | None = batched(adjustment_approvals)


def _adjustment_of(row: AdjustmentRow, context: Context) -> Adjustment:
    return Adjustment(
        id=strawberry.ID(global_id(PREFIX, row.id)),
        key=row.id,
        customer_key=row.customer_id,
        approval_key=row.approval_id,
        amount=money(row.amount_minor, context.operator),
        reason=AdjustmentReason(row.reason),
        ticket=row.ticket,
        note=row.note,
        state=AdjustmentState(row.state),
        requested_by=row.requested_by,
        requested_at=row.requested_at,
    )


@found_by(PREFIX)
async def find_adjustments(ids: Sequence[UUID], context: Context) -> Sequence[Adjustment | None]:
    """Adjustments by id: for who works at the desk."""
    if not is_at_the_desk(context):
        return [None] * len(ids)
    rows = await ADJUSTMENTS.all(context.services.database, ids=list(set(ids)))
    return in_order(ids, [_adjustment_of(row, context) for row in rows], lambda adjustment: adjustment.key)


@strawberry.input(description="Which balance, by how much, why, and the key of this intention.")
class AdjustBalanceInput:
    card_id: strawberry.ID = strawberry.field(description="A card whose holder one has looked for today.")
    amount: MoneyInput = strawberry.field(
        description='More than zero for the customer\'s good, such as "50"; less for the operator\'s, such as "-50".'
    )
    reason: AdjustmentReason = strawberry.field(description="Why.")
    ticket: str = strawberry.field(description="The number of the matter in the operator's own system.")
    note: str = strawberry.field(description="Why, in words for colleagues; up to 500 characters.")
    idempotency_key: IdempotencyKey = strawberry.field(
        description="Made and stored before it is sent. Send again with the same key until there is an answer."
    )


@strawberry.input(description="Which card to block, and why.")
class BlockCardInput:
    card_id: strawberry.ID = strawberry.field(description="A card whose holder one has looked for today.")
    reason: BlockReason = strawberry.field(description="Why.")


@strawberry.input(description="Which card to let be used again.")
class UnblockCardInput:
    card_id: strawberry.ID = strawberry.field(description="A blocked card whose holder one has looked for today.")


@payload(adjust_balance.rejects)
class AdjustBalancePayload:
    """The adjustment as it now stands: posted, or waiting for a second person's yes."""

    adjustment: Adjustment | None = shown_field("The adjustment; null when it was refused.")


@payload(block_card.rejects)
class BlockCardPayload:
    """What has become of the card. Staff see no more of it under their own name."""

    status: CardStatus | None = shown_field("Where the card is in its life; null when it was refused.")


@payload(unblock_card.rejects)
class UnblockCardPayload:
    """What has become of the card. Staff see no more of it under their own name."""

    status: CardStatus | None = shown_field("Where the card is in its life; null when it was refused.")


@strawberry.type
class AdjustmentMutations:
    @mutation(Permission.BALANCE_ADJUST, rejects=adjust_balance.rejects)
    async def adjust_balance(self, info: Info[Context, None], input: AdjustBalanceInput) -> AdjustBalancePayload | None:
        """Corrects a card's money. The customer is told when it is done.

        What is adjusted for one customer in a day counts together; above the operator's threshold it waits for a
        second person's yes: see `support.approvals`. Safe to repeat with the same key.
        """
        context = info.context
        command = AdjustBalance(
            card_id=read_id_of(cards.PREFIX, input.card_id, "cardId"),
            amount=amount_of(input.amount, context.operator),
            reason=input.reason,
            ticket=at_most(LONGEST_TICKET, input.ticket, "ticket"),
            note=at_most(LONGEST_NOTE, input.note, "note"),
            idempotency_key=input.idempotency_key,
        )
        done = await context.services.executor.execute(command, context.actor)
        [adjustment] = await find_adjustments([done.id], context)
        return AdjustBalancePayload(adjustment=adjustment)

    @mutation(Permission.CARD_BLOCK, rejects=block_card.rejects)
    async def block_card(self, info: Info[Context, None], input: BlockCardInput) -> BlockCardPayload | None:
        """Stops a card for its holder, who is told. What is on it stays on it."""
        command = BlockCard(card_id=read_id_of(cards.PREFIX, input.card_id, "cardId"), reason=input.reason)
        card = await info.context.services.executor.execute(command, info.context.actor)
        return BlockCardPayload(status=card.status)

    @mutation(Permission.CARD_BLOCK, rejects=unblock_card.rejects)
    async def unblock_card(self, info: Info[Context, None], input: UnblockCardInput) -> UnblockCardPayload | None:
        """Lets a blocked card be used again; its holder is told. Its time went on meanwhile."""
        command = UnblockCard(card_id=read_id_of(cards.PREFIX, input.card_id, "cardId"))
        card = await info.context.services.executor.execute(command, info.context.actor)
        return UnblockCardPayload(status=card.status)
