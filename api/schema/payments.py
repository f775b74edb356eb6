"""What people pay with."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Final
from uuid import UUID

import strawberry

from api.context import Context
from api.schema.fields import shown, shown_field
from api.schema.ids import global_id
from api.schema.node import Node, found_by, in_order
from domain.kernel.access import Access
from persistence.queries.payments import PAYMENT_METHODS, PAYMENT_METHODS_OF_ACTOR, PaymentMethodRow

PREFIX: Final = "method"


@shown(Access.WALLET)
class PaymentMethod(Node):
    """A card or account at the payment provider. No card number is ever here."""

    key: strawberry.Private[UUID]
    brand: str = shown_field("What it is, such as visa.")
    last_digits: str = shown_field("The last digits, by which its owner recognises it.")
    expires_on: date = shown_field("The last day on which it can be used.")
    is_default: bool = shown_field("Whether it is offered first.")


def method_of(row: PaymentMethodRow) -> PaymentMethod:
    """A payment method as its owner sees it."""
    return PaymentMethod(
        id=strawberry.ID(global_id(PREFIX, row.id)),
        key=row.id,
        brand=row.brand,
        last_digits=row.last_digits,
        expires_on=row.expires_on,
        is_default=row.is_default,
    )


async def payment_methods_of_actor(context: Context) -> list[PaymentMethod]:
    """What one can pay with, the default first."""
    rows = await PAYMENT_METHODS_OF_ACTOR.all(context.services.database, me=context.me)
    return [method_of(row) for row in rows]


@found_by(PREFIX)
async def find_payment_methods(ids: Sequence[UUID], context: Context) -> Sequence[PaymentMethod | None]:
    """Payment methods by id: one's own, and no others."""
    rows = await PAYMENT_METHODS.all(context.services.database, ids=list(set(ids)), me=context.me)
    return in_order(ids, map(method_of, rows), lambda method: method.key)
