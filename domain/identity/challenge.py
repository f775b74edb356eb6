"""Challenges: a code that was asked for, what it is to prove, and how often it may be asked for and tried."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final, Protocol
from uuid import UUID

from domain.identity.contacts import Contact
from domain.identity.errors import TooManySignInCodes
from domain.notifications.messages import Channel

CODE_LIFETIME: Final = timedelta(minutes=5)
CODE_TRIES: Final = 5


class ChallengePurpose(StrEnum):
    """What a right code proves. A code that was asked for one purpose is good for no other."""

    SIGN_IN = "SIGN_IN"
    CONTACT_POINT = "CONTACT_POINT"  # that a new phone number or e-mail address is the asker's


@dataclass(frozen=True, slots=True)
class Allowance:
    """At most `challenges` within any period this long."""

    challenges: int
    period: timedelta


# With 5 tries a code this leaves whoever wants into somebody's account 100 guesses a day, out of a million codes.
ALLOWANCES: Final = (Allowance(5, timedelta(hours=1)), Allowance(20, timedelta(hours=24)))
LONGEST_PERIOD: Final = max(allowance.period for allowance in ALLOWANCES)
MOST_CHALLENGES: Final = max(allowance.challenges for allowance in ALLOWANCES)


@dataclass(frozen=True, slots=True)
class SignInChallenge:
    """What the person who asked for a code is told, whoever they are."""

    id: UUID
    expires_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Challenge:
    """A challenge as it is kept. `customer_id` is null where nobody is known: then no code is sent, and none right."""

    id: UUID
    purpose: ChallengePurpose
    customer_id: UUID | None
    channel: Channel
    contact_digest: bytes = field(repr=False)
    """32 bytes that stand for the number or address."""
    tries: int = CODE_TRIES
    created_at: datetime
    expires_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class UsedChallenge:
    """What a right code has proved: that this customer reads what is sent to the contact with this digest."""

    customer_id: UUID
    channel: Channel
    contact_digest: bytes = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class CodeRequest:
    """A code that is asked for, with all that is derived with keys. `CodeProcess.request` makes it."""

    contact: Contact
    contact_digest: bytes = field(repr=False)


class SignInCodes(Protocol):
    """What is derived with keys of the operator's, so that neither codes nor unknown people's addresses are kept."""

    def matches(self, challenge_id: UUID, code: str, /) -> bool:
        """Whether this is the challenge's code. Takes as long for a wrong one as for the right one."""
        ...

    def digest_of(self, *parts: str) -> bytes:
        """32 bytes that stand for a phone number, an e-mail address, a sender: for what and of which kind."""
        ...


def ensure_not_flooded(earlier: Sequence[datetime], now: datetime) -> None:
    """Raises `TooManySignInCodes`. `earlier`: when the contact's last challenges were made, newest first."""
    waits = [_wait(allowance, earlier, now) for allowance in ALLOWANCES]
    longest = max(waits)
    if longest > timedelta(0):
        raise TooManySignInCodes(math.ceil(longest.total_seconds()))


def _wait(allowance: Allowance, earlier: Sequence[datetime], now: datetime) -> timedelta:
    """How long until the oldest challenge that fills the allowance no longer counts."""
    if len(earlier) < allowance.challenges:
        return timedelta(0)
    return earlier[allowance.challenges - 1] + allowance.period - now
