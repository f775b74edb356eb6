"""The ledger's words and its port."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol
from uuid import UUID

from domain.kernel.errors import Rejection


class Purpose(StrEnum):
    """What an account is for. The first five belong to a line or a customer, the rest to the operator."""

    MONEY = "MONEY"
    DATA = "DATA"
    VOICE = "VOICE"
    SMS = "SMS"
    POINTS = "POINTS"
    CLEARING = "CLEARING"
    SUSPENSE = "SUSPENSE"
    SALES = "SALES"
    GRANTS = "GRANTS"
    EXPIRY = "EXPIRY"
    REFUNDS = "REFUNDS"
    WRITE_OFF = "WRITE_OFF"
    ADJUSTMENTS = "ADJUSTMENTS"


class Origin(StrEnum):
    """Whether somebody paid for it."""

    PURCHASED = "PURCHASED"
    GRANTED = "GRANTED"


class TransactionKind(StrEnum):
    """Why the ledger changed."""

    TOP_UP = "TOP_UP"
    BONUS = "BONUS"
    USAGE = "USAGE"
    EXPIRY = "EXPIRY"
    TRANSFER = "TRANSFER"
    REFUND = "REFUND"
    ADJUSTMENT = "ADJUSTMENT"


class ReservationStatus(StrEnum):
    """A reservation is held, and then ends once."""

    HELD = "HELD"
    POSTED = "POSTED"
    VOIDED = "VOIDED"
    EXPIRED = "EXPIRED"


class AlreadyPosted(Exception):
    """The cause has had its transaction of this kind. Whoever comes second finds the first one's effect in place."""


@dataclass(eq=False)
class InsufficientBalance(Rejection):
    """Less is free than is asked for."""

    code = "INSUFFICIENT_BALANCE"


@dataclass(frozen=True, slots=True, kw_only=True)
class Posting:
    """A change of one account, in the smallest unit. The postings of a transaction sum to zero in every unit.

    A credit (`amount` > 0) of an owned account makes a bucket and says its origin and validity. A debit draws on the
    account's buckets: soonest expiry, then granted before purchased, then oldest; or only on those of an origin, or
    only on the one that is named, whatever its validity. Without an owner it is the operator's own account.
    """

    owner_id: UUID | None = None
    purpose: Purpose
    unit: str
    amount: int
    origin: Origin | None = None
    valid_until: datetime | None = None
    bucket_id: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ExpiredBucket:
    """A lot whose validity is over and of which something is left that nobody has spoken for."""

    id: int
    owner_id: UUID
    purpose: Purpose
    unit: str
    amount: int
    customer_id: UUID | None
    """Whose it was: the owner, or the holder of the card that owns it."""


class Ledger(Protocol):
    """The ledger within a transaction. Raises `InsufficientBalance` before a bucket falls below its floor."""

    async def post(self, kind: TransactionKind, cause_id: UUID, postings: Sequence[Posting], /) -> None:
        """Posts a transaction. Raises `AlreadyPosted` when this cause has had one of this kind."""
        ...

    async def reserve(
        self, id: UUID, owner_id: UUID, purpose: Purpose, unit: str, amount: int, expires_at: datetime, /
    ) -> None:
        """Speaks for a quantity: nobody else can spend it until the reservation ends."""
        ...

    async def spend_reservation(self, id: UUID, amount: int, kind: TransactionKind, cause_id: UUID, /) -> bool:
        """Spends up to what was reserved, and frees the rest. False when the reservation has ended already."""
        ...

    async def expired_buckets(self, *, limit: int) -> Sequence[ExpiredBucket]:
        """What has expired, in the order in which accounts are locked. None while another transaction is at it."""
        ...

    async def overdue_reservations(self, *, limit: int) -> Sequence[UUID]:
        """The reservations that are held beyond their time, in the order in which accounts are locked.

        None while another transaction is at it.
        """
        ...

    async def end_reservation(self, id: UUID, status: ReservationStatus, /) -> bool:
        """Voids a reservation, or lets it expire. False when it has ended already."""
        ...
