"""Sign-in challenges: a code that was asked for, and how often it may be asked for and tried."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Protocol
from uuid import UUID

from domain.identity.errors import TooManySignInCodes

CODE_LIFETIME: Final = timedelta(minutes=5)
CODE_TRIES: Final = 5


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


class SignInCodes(Protocol):
    """What is derived with keys of the operator's, so that neither codes nor unknown people's numbers are kept."""

    def matches(self, challenge_id: UUID, code: str, /) -> bool:
        """Whether this is the challenge's code. Takes as long for a wrong one as for the right one."""
        ...

    def digest_of(self, phone_number: str, /) -> bytes:
        """32 bytes that stand for a phone number (E.164)."""
        ...


def ensure_not_flooded(earlier: Sequence[datetime], now: datetime) -> None:
    """Raises `TooManySignInCodes`. `earlier`: when the number's last challenges were made, newest first."""
    waits = [_wait(allowance, earlier, now) for allowance in ALLOWANCES]
    longest = max(waits)
    if longest > timedelta(0):
        raise TooManySignInCodes(math.ceil(longest.total_seconds()))


def _wait(allowance: Allowance, earlier: Sequence[datetime], now: datetime) -> timedelta:
    """How long until the oldest challenge that fills the allowance no longer counts."""
    if len(earlier) < allowance.challenges:
        return timedelta(0)
    return earlier[allowance.challenges - 1] + allowance.period - now
