"""Where the plot is put together: scenes, and the ids that later scenes know earlier ones by."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Final
from uuid import UUID
from zoneinfo import ZoneInfo

from domain.kernel.access import Actor, system
from domain.kernel.executor import Command
from domain.operators.operator import Operator
from kontant.demo.people import DemoPerson, Part, people
from kontant.demo.time import id_in

DEMO: Final = system("demo")
_SHOPS_OPEN: Final = time(9)
_MINUTES_OPEN: Final = 9 * 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """One execution, or one process, at its time. Its name is its own; `id` is that of its first execution."""

    name: str
    at: datetime
    command: Command[Any]
    actor: Actor

    @property
    def id(self) -> UUID:
        return id_in(self.name, self.at)


class Stage:
    """Gathers the scenes of one operator's demo. `day` is the day of seeding, at the operator's place."""

    def __init__(self, operator: Operator, day: date) -> None:
        self.operator, self.day = operator, day
        self.cast: dict[Part, DemoPerson] = {person.part: person for person in people(operator)}
        self._scenes: dict[str, Scene] = {}

    def add(
        self,
        name: str,
        command: Command[Any],
        *,
        days_ago: int,
        actor: Actor = DEMO,
        after: timedelta | None = None,
    ) -> UUID:
        """Adds a scene and answers with its id. It plays so long `after` nine, or when its name says, by chance."""
        chance = _by_chance(self._full_name(name)) if after is None else after
        return self._keep(name, command, self._start_of(days_ago, _SHOPS_OPEN) + chance, actor)

    def add_soon(self, name: str, command: Command[Any], *, earlier: str) -> UUID:
        """Adds a scene that follows an earlier one by a minute."""
        return self._keep(name, command, self._scenes[earlier].at + timedelta(minutes=1), DEMO)

    def id(self, name: str) -> UUID:
        """What an earlier scene has made."""
        return self._scenes[name].id

    def outside_id(self, name: str, days_ago: int) -> UUID:
        """An id that somebody outside has made."""
        return id_in(self._full_name(f"{name}/outside"), self._start_of(days_ago, time(0)))

    def end_of_day(self, days_ago: int) -> datetime:
        """When what is valid through that day ends. Days that are still to come are less than none ago."""
        return self._start_of(days_ago - 1, time(0))

    def scenes(self) -> tuple[Scene, ...]:
        """All of them, in the order of their time."""
        return tuple(sorted(self._scenes.values(), key=lambda scene: scene.at))

    def _keep(self, name: str, command: Command[Any], at: datetime, actor: Actor) -> UUID:
        scene = Scene(name=self._full_name(name), at=at, command=command, actor=actor)
        self._scenes[name] = scene
        return scene.id

    def _full_name(self, name: str) -> str:
        return f"{self.operator.slug}/{name}"

    def _start_of(self, days_ago: int, at: time) -> datetime:
        day = self.day - timedelta(days=days_ago)
        return datetime.combine(day, at, ZoneInfo(self.operator.time_zone)).astimezone(UTC)


def _by_chance(name: str) -> timedelta:
    number = int.from_bytes(hashlib.sha256(name.encode()).digest()[:8])
    return timedelta(minutes=number % _MINUTES_OPEN, seconds=number // _MINUTES_OPEN % 60)
