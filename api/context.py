"""What a resolver is given: who asks, of which operator, and in what language."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any
from uuid import UUID

from api.batching import Batches
from api.services import Services
from domain.kernel.access import Actor, ActorKind
from domain.kernel.time import local_date
from domain.operators.operator import Operator
from persistence.scope import me


@dataclass(slots=True)
class Context:
    """One request's. Nothing in it is kept from one mutation to the next."""

    services: Services
    actor: Actor
    locale: str
    address: str = field(default="", repr=False)
    """The IP address that the request came from."""
    batches: Batches = field(default_factory=Batches)

    @property
    def operator(self) -> Operator:
        return self.services.operator

    @property
    def me(self) -> UUID:
        """The customer for whom the actor acts: the parameter of every scoped query."""
        return me(self.actor)

    @property
    def is_staff(self) -> bool:
        """Whether staff ask, under their own name."""
        return self.actor.kind is ActorKind.STAFF and not self.actor.is_impersonating

    @property
    def now(self) -> datetime:
        return self.services.clock.now()

    @property
    def today(self) -> date:
        """The calendar date at the operator's place."""
        return local_date(self.now, self.operator.time_zone)

    def say(self, key: str, data: Mapping[str, Any] | None = None) -> str:
        """A sentence in the asker's language."""
        return self.services.words.say(self.locale, key, data)
