"""How soon the next code for the same contact may be asked for: each waits twice as long as the one before."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import takewhile
from typing import Final

from domain.identity.errors import TooManySignInCodes
from domain.identity.rules import CodeRules

COUNTED_FOR: Final = timedelta(hours=24)
MOST_COUNTED: Final = 32
"""Enough for the longest wait to be reached by any sensible rules."""
STRANGERS: Final = b""
"""The lane of all who ask from a device that is not known."""


@dataclass(frozen=True, slots=True)
class EarlierCode:
    """A code of the last day. `was_right` when somebody has signed in by it."""

    asked_at: datetime
    was_right: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """The codes of a contact in one lane, newest first.

    Every device on which somebody has signed in by the contact has a lane of its own, and all others share one: what
    strangers ask for keeps nobody waiting who comes from a known device.
    """

    lane: bytes = field(repr=False)
    earlier: Sequence[EarlierCode]

    @property
    def is_known_device(self) -> bool:
        """Whether somebody has signed in by this contact on this device before."""
        return self.lane != STRANGERS

    def ensure_unhurried(self, rules: CodeRules, now: datetime) -> None:
        """Raises `TooManySignInCodes`. A right code begins anew."""
        since = list(takewhile(lambda code: not code.was_right, self.earlier))
        if not since:
            return
        doubled = rules.first_wait_seconds * 2 ** (len(since) - 1)
        wait = since[0].asked_at + timedelta(seconds=min(doubled, rules.longest_wait_seconds)) - now
        if wait > timedelta(0):
            raise TooManySignInCodes(math.ceil(wait.total_seconds()))
