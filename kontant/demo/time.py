"""The time in which the demo plays, and identifiers that are the same whenever it is played again."""

from __future__ import annotations

import hashlib
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

_VERSION: Final = 7 << 76
_VARIANT: Final = 2 << 62
_HIGH_BITS: Final = (1 << 12) - 1
_LOW_BITS: Final = (1 << 62) - 1


class DemoClock:
    """Stands where the plot is."""

    def __init__(self, now: datetime) -> None:
        self._now = now

    def now(self) -> datetime:
        return self._now

    def set(self, now: datetime) -> None:
        self._now = now

    def advance(self, by: timedelta) -> None:
        self._now += by


class DemoIds:
    """Version 7 ids with the demo's time. What is random in others follows from the scene's name here."""

    def __init__(self, clock: DemoClock) -> None:
        self._clock, self._scene, self._count = clock, "", 0

    def begin(self, scene: str) -> None:
        """From here on the ids belong to this scene."""
        self._scene, self._count = scene, 0

    def new(self) -> UUID:
        self._count += 1
        return id_in(self._scene, self._clock.now(), self._count)


def id_in(scene: str, at: datetime, count: int = 1) -> UUID:
    """The first, second or later id of a scene."""
    seed = int.from_bytes(hashlib.sha256(f"{scene}/{count}".encode()).digest()[:16])
    high, low = seed >> 64 & _HIGH_BITS, seed & _LOW_BITS
    return UUID(int=int(at.timestamp() * 1000) << 80 | _VERSION | high << 64 | _VARIANT | low)
