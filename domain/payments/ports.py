"""The port to a payment provider: three questions, and answers that are never guessed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol
from uuid import UUID

from domain.kernel.quantities import Money


class PaymentStatus(StrEnum):
    """What the provider says of a payment."""

    CAPTURED = "CAPTURED"  # the money is ours
    DECLINED = "DECLINED"  # the provider or the bank said no; nothing was taken
    REQUIRES_ACTION = "REQUIRES_ACTION"  # the customer must confirm it (3-D Secure), at `action_url`
    PENDING = "PENDING"  # the provider has it and has not decided
    NOT_FOUND = "NOT_FOUND"  # the provider has never heard of it; only `look_up` says this


class DeclineReason(StrEnum):
    """Why a payment was declined, as far as the customer may know and can act on."""

    INSUFFICIENT_FUNDS = "INSUFFICIENT_FUNDS"
    CARD_EXPIRED = "CARD_EXPIRED"
    NOT_AUTHENTICATED = "NOT_AUTHENTICATED"
    REFUSED = "REFUSED"


@dataclass(frozen=True, slots=True, kw_only=True)
class Charge:
    """What is asked of the provider. The intent's id is the idempotency key: the same id is charged at most once."""

    intent_id: UUID
    amount: Money
    method_token: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentResult:
    """The provider's answer. `amount` is what it captured, by its own record."""

    status: PaymentStatus
    reference: str | None = None
    amount: Money | None = None
    decline_reason: DeclineReason | None = None
    action_url: str | None = None


class PaymentUnanswered(Exception):
    """A time-out, a 5xx or nonsense: the payment may or may not have happened (INVARIANTS P2)."""


class WebhookRejected(Exception):
    """The signature is missing, wrong or made more than 300 s from now, or the body names no intent (INVARIANTS P5)."""


class PaymentGateway(Protocol):
    """A payment provider. No call holds a transaction or a database connection."""

    async def charge(self, charge: Charge, /) -> PaymentResult:
        """Takes the money, or says why not. Asked again with the same intent, answers as it now stands.

        Raises `PaymentUnanswered`.
        """
        ...

    async def look_up(self, intent_id: UUID, /) -> PaymentResult:
        """What became of an intent. Never starts a payment. Raises `PaymentUnanswered`."""
        ...

    def read_webhook(self, body: bytes, headers: Mapping[str, str], /) -> UUID:
        """The intent that a webhook hints at, once its signature over the raw body has been verified.

        `headers` has lower-case names. Raises `WebhookRejected`.
        """
        ...
