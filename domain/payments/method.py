"""What a customer pays with."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Protocol
from uuid import UUID

from domain.kernel.errors import Rejection


@dataclass(eq=False)
class PaymentMethodNotFound(Rejection):
    """There is no such payment method, it was removed, or it is somebody else's."""

    code = "PAYMENT_METHOD_NOT_FOUND"


@dataclass(eq=False)
class PaymentMethodExpired(Rejection):
    """Its last day has passed."""

    code = "PAYMENT_METHOD_EXPIRED"
    expired_on: date


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentMethod:
    """A token at the payment provider, and what a person recognises it by. `expires_on` is its last day."""

    id: UUID
    customer_id: UUID
    token: str
    brand: str
    last_digits: str
    expires_on: date
    is_default: bool = False

    def ensure_valid(self, today: date) -> None:
        """Raises `PaymentMethodExpired`."""
        if self.expires_on < today:
            raise PaymentMethodExpired(self.expires_on)


class PaymentMethods(Protocol):
    """The payment methods within a transaction."""

    async def of_actor(self, id: UUID, /) -> PaymentMethod | None:
        """One of the customer for whom the actor acts; nobody pays with somebody else's."""
        ...

    async def add(self, method: PaymentMethod, created_at: datetime, /) -> None: ...

    async def clear_default(self, customer_id: UUID, /) -> None:
        """Lets no method of the customer be their default."""
        ...
