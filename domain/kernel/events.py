"""What happened, and what is to be done later. Both are written in the transaction of the use case that says so."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from uuid import UUID

JsonScalar = str | int | bool | None


@dataclass(frozen=True, slots=True)
class Event:
    """A fact in the past tense, such as `top_up.completed`. `data` holds ids, codes and quantities only."""

    type: str
    subject: UUID | None
    """The customer whom it concerns; subscribers are sharded by it, and keep the order within it."""
    data: Mapping[str, JsonScalar] = field(default_factory=dict[str, JsonScalar])
    version: int = 1


@dataclass(frozen=True, slots=True)
class Job:
    """Work for the worker: the name of a handler, the id it is about, and how long to wait first."""

    name: str
    about: UUID
    after: timedelta = timedelta(0)
