"""How a customer comes to have a payment method."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Final, Protocol
from uuid import UUID

from domain.kernel.access import Permission
from domain.kernel.events import Event
from domain.kernel.executor import Command, Work, personal, use_case
from domain.payments.method import PaymentMethod, PaymentMethods


class PaymentMethodWork(Work, Protocol):
    """What payment methods need of a transaction."""

    @property
    def payment_methods(self) -> PaymentMethods: ...


@dataclass(frozen=True, kw_only=True)
class SavePaymentMethod(Command[PaymentMethod]):
    """Keep a token that the payment provider has given for a customer's card or account."""

    customer_id: UUID
    token: str = personal()
    brand: str
    last_digits: str = personal()
    expires_on: date
    is_default: bool


@use_case(Permission.PAYMENT_METHOD_SAVE)
async def save_payment_method(command: SavePaymentMethod, work: PaymentMethodWork) -> PaymentMethod:
    """A new default takes the place of the old one."""
    method = PaymentMethod(
        id=work.id,
        customer_id=command.customer_id,
        token=command.token,
        brand=command.brand,
        last_digits=command.last_digits,
        expires_on=command.expires_on,
        is_default=command.is_default,
    )
    if method.is_default:
        await work.payment_methods.clear_default(method.customer_id)
    await work.payment_methods.add(method, work.now)
    work.emit(Event("payment_method.saved", method.customer_id, {"payment_method_id": str(method.id)}))
    return method


USE_CASES: Final = (save_payment_method,)
