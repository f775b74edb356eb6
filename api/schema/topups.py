"""Top-ups."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any, Final
from uuid import UUID

import strawberry
from strawberry.types import Info

from api.context import Context
from api.schema import cards, payments
from api.schema.cards import Card, find_cards
from api.schema.errors import UserError, mutation, payload, told, user_error
from api.schema.fields import batched, shown, shown_field
from api.schema.ids import global_id, read_id_of
from api.schema.money import Money, MoneyInput, amount_of, money
from api.schema.node import Node, found_by, in_order
from api.schema.paging import LAST_UUID, Page, PageInfo, id_cursor
from api.schema.payments import PaymentMethod, find_payment_methods
from api.schema.scalars import URL, IdempotencyKey
from domain.kernel.access import ACCESS_BY_RELATIONS, Access, Permission
from domain.kernel.errors import Rejection
from domain.payments.method import PaymentMethodExpired, PaymentMethodNotFound
from domain.payments.ports import DeclineReason
from domain.topups.errors import AmountNotOffered, PaymentDeclined
from domain.topups.processes import TopUpProcess
from domain.topups.topup import TopUpStatus
from domain.topups.usecases import TopUpCard
from persistence.queries.topups import TOP_UPS, TOP_UPS_OF_ACTOR, TopUpRow

PREFIX: Final = "topup"


async def top_up_cards(top_ups: Sequence[TopUp], *, context: Context) -> Sequence[Card | None]:
    """The card that was topped up. Null when you may no longer see that card."""
    return await find_cards([top_up.card_key for top_up in top_ups], context)


async def top_up_methods(top_ups: Sequence[TopUp], *, context: Context) -> Sequence[PaymentMethod | None]:
    """What it is paid with. Null for who does not pay."""
    return await find_payment_methods([top_up.method_key for top_up in top_ups], context)


@shown(Access.MONEY)
class TopUp(Node):
    """Buys balance for a card."""

    key: strawberry.Private[UUID]
    access: strawberry.Private[int]
    card_key: strawberry.Private[UUID]
    method_key: strawberry.Private[UUID]
    status: TopUpStatus = shown_field("What has become of it so far.")
    amount: Money = shown_field("What it buys, and costs.")
    decline_reason: DeclineReason | None = shown_field(
        "Why the payment provider said no; null unless it did, and for who does not pay.", access=Access.WALLET
    )
    action_url: URL | None = shown_field(
        "Where the customer confirms the payment; null unless that is awaited, and for who does not pay.",
        access=Access.WALLET,
    )
    created_at: datetime = shown_field("When it was asked for.")
    settled_at: datetime | None = shown_field("When it was completed or declined; null before that.")
    active_until: date | None = shown_field("Until when the card was active because of it; null unless completed.")
    card: Card | None = batched(top_up_cards)
    payment_method: PaymentMethod | None = batched(top_up_methods, access=Access.WALLET)


@shown(Access.MONEY)
class TopUpEdge:
    """A top-up in its place."""

    node: TopUp = shown_field("The top-up.")
    cursor: str = shown_field("Its place in the list, to be given as `after`.")


@shown(Access.SIGNED_IN)
class TopUpConnection:
    """A page of top-ups, newest first."""

    nodes: list[TopUp] = shown_field("The top-ups of this page.")
    edges: list[TopUpEdge] = shown_field("The top-ups of this page, each with its cursor.")
    page_info: PageInfo = shown_field("Where this page stands.")


def top_up_of(row: TopUpRow, context: Context) -> TopUp:
    """A top-up as it is shown."""
    return TopUp(
        id=strawberry.ID(global_id(PREFIX, row.id)),
        key=row.id,
        access=ACCESS_BY_RELATIONS[row.relations],
        card_key=row.card_id,
        method_key=row.payment_method_id,
        status=TopUpStatus(row.status),
        amount=money(row.amount_minor, context.operator),
        decline_reason=DeclineReason(row.decline_reason) if row.decline_reason else None,
        action_url=URL(row.action_url) if row.action_url else None,
        created_at=row.created_at,
        settled_at=row.settled_at,
        active_until=row.active_until,
    )


async def top_ups_of_actor(context: Context, first: int | None, after: str | None) -> TopUpConnection:
    """A page of what one has paid for, newest first."""
    page = Page(first, after)
    rows = await TOP_UPS_OF_ACTOR.all(
        context.services.database, me=context.me, before=page.after_id(LAST_UUID), most=page.most
    )
    nodes = [top_up_of(row, context) for row in rows]
    return page.of(TopUpConnection, TopUpEdge, nodes, lambda top_up: id_cursor(top_up.key))


@found_by(PREFIX)
async def find_top_ups(ids: Sequence[UUID], context: Context) -> Sequence[TopUp | None]:
    """Top-ups by id: those that one paid, and those of cards whose money one may see."""
    rows = await TOP_UPS.all(context.services.database, ids=list(set(ids)), me=context.me)
    return in_order(ids, [top_up_of(row, context) for row in rows], lambda top_up: top_up.key)


@user_error(PaymentMethodNotFound, path="paymentMethodId")
class PaymentMethodNotFoundError(UserError):
    """There is no such payment method of yours."""


@user_error(PaymentMethodExpired, path="paymentMethodId")
class PaymentMethodExpiredError(UserError):
    """The payment method's last day has passed."""

    expired_on: date = shown_field("Its last day.")

    @classmethod
    def extras(cls, refusal: Rejection, context: Context) -> dict[str, Any]:
        return refusal.data()


@user_error(AmountNotOffered, path="amount")
class AmountNotOfferedError(UserError):
    """The operator does not offer this amount. See `operator.topUpAmounts` and `operator.topUpRange`."""

    minimum: Money = shown_field("The smallest amount on offer.")
    maximum: Money = shown_field("The greatest amount on offer.")
    amounts: list[Money] = shown_field("The fixed amounts on offer.")

    @classmethod
    def extras(cls, refusal: Rejection, context: Context) -> dict[str, Any]:
        offered = refusal.data()
        return {
            "minimum": money(offered["minimum"].amount_minor, context.operator),
            "maximum": money(offered["maximum"].amount_minor, context.operator),
            "amounts": [money(amount.amount_minor, context.operator) for amount in offered["amounts"]],
        }


@user_error(PaymentDeclined, path="paymentMethodId")
class PaymentDeclinedError(UserError):
    """The payment provider said no; nothing was taken. The payload's top-up keeps it."""

    reason: DeclineReason = shown_field("Why, as far as it is known.")

    @classmethod
    def extras(cls, refusal: Rejection, context: Context) -> dict[str, Any]:
        return refusal.data()


@strawberry.input(description="Which card, how much, with what, and the key of this intention.")
class TopUpCardInput:
    card_id: strawberry.ID = strawberry.field(description="The card: one's own, or a relative's that one may top up.")
    amount: MoneyInput = strawberry.field(description="An amount that the operator offers.")
    payment_method_id: strawberry.ID = strawberry.field(description="One of the customer's own payment methods.")
    idempotency_key: IdempotencyKey = strawberry.field(
        description="Made and stored before it is sent. Send again with the same key until there is an answer."
    )


@payload(TopUpProcess.rejects)
class TopUpCardPayload:
    """The top-up as it now stands, and the card with its new balance."""

    top_up: TopUp | None = shown_field("The top-up; null when it was refused before any charge.")
    card: Card | None = shown_field("The card as it is after it.")


@strawberry.type
class TopUpMutations:
    @mutation(Permission.CARD_TOP_UP, rejects=TopUpProcess.rejects)
    async def top_up_card(self, info: Info[Context, None], input: TopUpCardInput) -> TopUpCardPayload | None:
        """Buys balance for a card of one's own or of one's family, and keeps the card active.

        Returns as soon as the payment provider has answered, and after 8 seconds at the latest; a top-up that is then
        UNKNOWN completes by itself or is declined. Safe to repeat with the same key: it is charged once.
        """
        context = info.context
        command = TopUpCard(
            card_id=read_id_of(cards.PREFIX, input.card_id, "cardId"),
            amount=amount_of(input.amount, context.operator),
            payment_method_id=read_id_of(payments.PREFIX, input.payment_method_id, "paymentMethodId"),
            idempotency_key=input.idempotency_key,
        )
        done = await context.services.top_ups.start(command, context.actor)
        [top_up] = await find_top_ups([done.id], context)
        [card] = await find_cards([done.card_id], context)
        errors = [told(PaymentDeclined(done.decline_reason), context)] if done.decline_reason else []
        # `errors` is added by the decorator.
        return TopUpCardPayload(top_up=top_up, card=card, errors=errors)  # pyright: ignore[reportCallIssue]
