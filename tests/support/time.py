"""A clock that a test moves, and ids that it can repeat."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from uuid import UUID

START = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


class TestClock:
    """Stands still until it is moved."""

    __test__ = False

    def __init__(self, now: datetime = START) -> None:
        self._now = now

    def now(self) -> datetime:
        return self._now

    def set(self, now: datetime) -> None:
        self._now = now

    def advance(self, by: timedelta) -> None:
        self._now += by


class TestIds:
    """Version 7 ids in the order they are made, the same in every run."""

    __test__ = False

    def __init__(self, clock: TestClock, seed: int = 1) -> None:
        self._clock, self._random, self._count = clock, random.Random(seed), 0

    def new(self) -> UUID:
        self._count += 1
        milliseconds = int(self._clock.now().timestamp() * 1000)
        return UUID(
            int=milliseconds << 80 | 7 << 76 | (self._count & 0xFFF) << 64 | 2 << 62 | self._random.getrandbits(62)
        )
