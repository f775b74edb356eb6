"""What is told to people. Kinds differ only by their template (`gateways/words`): a later kind adds one, no more."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from uuid import UUID

from domain.kernel.quantities import Money


class MessageKind(StrEnum):
    """What a message is about. Each kind is the key of its template, and the comment names the data it needs."""

    SIGN_IN_CODE = "SIGN_IN_CODE"  # code: str, minutes: int
    TOP_UP_COMPLETED = "TOP_UP_COMPLETED"  # amount: Money, phone_number: E.164, active_until: date
    TOP_UP_DECLINED = "TOP_UP_DECLINED"  # amount: Money, phone_number: E.164, reason: DeclineReason
    TOP_UP_UNKNOWN = "TOP_UP_UNKNOWN"  # amount: Money, phone_number: E.164
    SUPPORT_SESSION_STARTED = "SUPPORT_SESSION_STARTED"
    CONTACT_POINT_CHANGED = "CONTACT_POINT_CHANGED"  # undo_code: str, hours: int
    CONTACT_POINT_RESTORED = "CONTACT_POINT_RESTORED"
    PHONE_REPORTED_LOST = "PHONE_REPORTED_LOST"
    CARD_REGISTERED = "CARD_REGISTERED"
    BALANCE_CREDITED = "BALANCE_CREDITED"  # amount: Money
    BALANCE_DEBITED = "BALANCE_DEBITED"  # amount: Money
    CARD_BLOCKED_BY_STAFF = "CARD_BLOCKED_BY_STAFF"
    CARD_UNBLOCKED_BY_STAFF = "CARD_UNBLOCKED_BY_STAFF"
    BONUS_GRANTED = "BONUS_GRANTED"  # bonus: its code, reward: Money or Quantity


class Channel(StrEnum):
    """The way a message goes."""

    SMS = "SMS"
    EMAIL = "EMAIL"


@dataclass(frozen=True, slots=True)
class Quantity:
    """An amount of some unit, as it is told to a person: a `Unit`, or a currency and then in minor units."""

    amount: int
    unit: str


MessageValue = str | int | date | datetime | Money | Quantity


@dataclass(frozen=True, slots=True)
class Message:
    """One thing told to one person. `person` is null where nobody is known by the address it goes to."""

    kind: MessageKind
    person: UUID | None
    # Codes and phone numbers are in here: it must not show in a log that prints a message.
    data: Mapping[str, MessageValue] = field(repr=False)
