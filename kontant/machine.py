"""The machine's own clock and randomness, in the shape the domain asks for."""

from __future__ import annotations

import secrets
import time
from datetime import UTC, datetime
from uuid import UUID


class SystemClock:
    """A `Clock`: the machine's."""

    def now(self) -> datetime:
        return datetime.now(UTC)


class SystemIds:
    """`Ids`: version 7 by RFC 9562, so that they sort by the time they were made and cannot be guessed."""

    def new(self) -> UUID:
        milliseconds = time.time_ns() // 1_000_000
        chance = secrets.randbits(74)
        return UUID(int=milliseconds << 80 | 7 << 76 | (chance >> 62) << 64 | 2 << 62 | chance & (1 << 62) - 1)


def fault_id() -> str:
    """What a person can quote when they ask about a fault of ours."""
    return secrets.token_hex(8)
