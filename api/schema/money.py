"""Money, in and out. Inside, it is whole minor units; here, a decimal string."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import strawberry

from api.context import Context
from api.schema.errors import UserError, user_error
from api.schema.fields import shown, shown_field
from api.schema.scalars import CurrencyCode, DecimalText
from domain.kernel import quantities
from domain.kernel.access import Access
from domain.kernel.errors import Invalid, Rejection
from domain.operators.operator import Operator
from domain.topups.errors import CurrencyNotOffered


@shown(Access.PUBLIC)
class Money:
    """An amount of a currency."""

    amount: DecimalText = shown_field("The amount in whole units of the currency, with all of its decimals.")
    currency: CurrencyCode = shown_field("The currency.")


@strawberry.input(description="An amount of a currency.")
class MoneyInput:
    amount: DecimalText = strawberry.field(description='The amount in whole units of the currency, such as "100".')
    currency: CurrencyCode = strawberry.field(description="The currency; an operator sells in one.")


def money(amount_minor: int, operator: Operator) -> Money:
    """Minor units of the operator's currency, as they are shown."""
    return Money(
        amount=DecimalText(decimal_text(amount_minor, operator.currency_digits)),
        currency=CurrencyCode(operator.currency),
    )


def decimal_text(amount_minor: int, digits: int) -> str:
    """Minor units as a decimal: 10050 with 2 digits is "100.50"."""
    if not digits:
        return str(amount_minor)
    text = str(abs(amount_minor)).zfill(digits + 1)
    sign = "-" if amount_minor < 0 else ""
    return f"{sign}{text[:-digits]}.{text[-digits:]}"


def amount_of(given: MoneyInput, operator: Operator) -> quantities.Money:
    """What a client gave, in minor units. Raises `Invalid` for a fraction of one."""
    minor = Decimal(given.amount).scaleb(operator.currency_digits)
    if minor != minor.to_integral_value():
        raise Invalid(f"An amount of {operator.currency} has at most {operator.currency_digits} decimals.")
    return quantities.Money(int(minor), given.currency)


@user_error(CurrencyNotOffered, path="amount")
class CurrencyNotOfferedError(UserError):
    """The operator sells in another currency."""

    currency: CurrencyCode = shown_field("The one it sells in.")

    @classmethod
    def extras(cls, refusal: Rejection, context: Context) -> dict[str, Any]:
        return refusal.data()
