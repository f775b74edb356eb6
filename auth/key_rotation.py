"""How signing keys follow one another: by age, or when somebody says so."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from auth.keys import LEAST_LEAD, KeyRing, SigningKey
from domain.kernel.time import Clock

DEFAULT_AGE: Final = timedelta(days=90)
DEFAULT_LEAD: Final = timedelta(hours=1)


class KeyState(StrEnum):
    """What a key is doing."""

    PUBLISHED = "PUBLISHED"
    SIGNING = "SIGNING"
    RETIRED = "RETIRED"


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyRules:
    """For how long a key signs, and how long before that it is published."""

    age: timedelta = DEFAULT_AGE
    lead: timedelta = DEFAULT_LEAD

    def __post_init__(self) -> None:
        assert self.lead >= LEAST_LEAD


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyReport:
    """A key, for those who run it."""

    id: str
    state: KeyState
    created_at: datetime
    signs_from: datetime
    gone_at: datetime | None


class KeyRotation:
    """One operator's. Any number of processes may do so at once: they end with one new key."""

    def __init__(self, keys: KeyRing, rules: KeyRules, clock: Clock) -> None:
        self._keys, self._rules, self._clock = keys, rules, clock

    async def rotate(self) -> None:
        """Publishes a new key, which signs later. Does nothing while one waits for its time. Raises `Unavailable`."""
        newest = await self._newest()
        if newest.signs_from <= self._clock.now():
            await self._keys.add(signs_from=self._clock.now() + self._rules.lead)

    async def rotate_when_due(self) -> None:
        """Rotates when the newest key is so old that its time is over once the next can sign, and deletes old keys.

        Raises `Unavailable`.
        """
        due_at = (await self._newest()).signs_from + self._rules.age - self._rules.lead
        if due_at <= self._clock.now():
            await self.rotate()
        await self._keys.forget_what_is_gone()

    async def withdraw(self, id: str) -> bool:
        """Takes a key away that may be in other hands. Every token that it signed is dead within two minutes.

        Another signs at once. False when no such key is published. Raises `Unavailable`.
        """
        await self._newest()
        if self._keys.find(id) is None:
            return False
        await self._keys.withdraw(id)
        return True

    async def report(self) -> Sequence[KeyReport]:
        """The keys that are published, the oldest first. Raises `Unavailable`."""
        await self._newest()
        signing = self._keys.signing_key
        return [
            KeyReport(
                id=each.id,
                state=self._state(each, is_signing=each.key is signing),
                created_at=each.created_at,
                signs_from=each.signs_from,
                gone_at=each.gone_at,
            )
            for each in self._keys.all()
        ]

    async def _newest(self) -> SigningKey:
        await self._keys.refresh()
        return self._keys.all()[-1]

    def _state(self, key: SigningKey, *, is_signing: bool) -> KeyState:
        if is_signing:
            return KeyState.SIGNING
        return KeyState.PUBLISHED if key.signs_from > self._clock.now() else KeyState.RETIRED
