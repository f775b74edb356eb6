"""How a top-up is refused before any charge, and how a provider's no is told."""

from __future__ import annotations

from dataclasses import dataclass

from domain.kernel.errors import Rejection
from domain.kernel.quantities import Money
from domain.payments.ports import DeclineReason


@dataclass(eq=False)
class AmountNotOffered(Rejection):
    """The operator does not offer this amount."""

    code = "AMOUNT_NOT_OFFERED"
    minimum: Money
    maximum: Money
    amounts: tuple[Money, ...]


@dataclass(eq=False)
class CurrencyNotOffered(Rejection):
    """The operator sells in one currency, and this is another."""

    code = "CURRENCY_NOT_OFFERED"
    currency: str


@dataclass(eq=False)
class PaymentDeclined(Rejection):
    """The provider said no. Unlike a refusal of ours it leaves a top-up, which is settled as declined."""

    code = "PAYMENT_DECLINED"
    reason: DeclineReason
