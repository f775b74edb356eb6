"""What can go wrong, as the domain says it.

A *rejection* is an answer: the rules said no, nothing has happened, and the person is told why. Everything else here
is a fault of the caller or of the moment. The api maps all of them, in one place, to coded errors.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any, ClassVar
from uuid import UUID

from domain.kernel.access import Assurance


class Rejection(Exception):
    """A refusal that the person is told about.

    Subclasses are `@dataclass(eq=False)` and their fields are the data that a screen needs. They are never frozen: a
    raised exception gets its traceback assigned, and a frozen one would die of that.
    """

    code: ClassVar[str]

    def data(self) -> dict[str, Any]:
        """The fields, by name."""
        return {f.name: getattr(self, f.name) for f in fields(self)}  # pyright: ignore[reportArgumentType]

    def __str__(self) -> str:
        return self.code


@dataclass(eq=False)
class IdempotencyKeyReused(Rejection):
    """The same key came with another input. Every keyed use case can answer this, so none lists it."""

    code = "IDEMPOTENCY_KEY_REUSED"


@dataclass(eq=False)
class StepUpRequired(Rejection):
    """One must prove anew who one is, lately enough and surely enough. What demands it says so, so none lists it."""

    code = "STEP_UP_REQUIRED"
    max_age_seconds: int
    assurance: Assurance


class Fault(Exception):
    """Not an answer by the rules; `code` is what a client program sees."""

    code: ClassVar[str]


class Unauthenticated(Fault):
    """Nobody is signed in, or the token is not (or no longer) good."""

    code = "UNAUTHENTICATED"


@dataclass(eq=False)
class Forbidden(Fault):
    """This kind of actor may not do this, whatever it is done to."""

    code = "FORBIDDEN"
    permission: str


class NotFound(Fault):
    """There is no such thing, or it is not this actor's to know of."""

    code = "NOT_FOUND"


@dataclass(eq=False)
class Invalid(Fault):
    """The input has the right type and still makes no sense. `message` is in English and says what to do."""

    code = "BAD_USER_INPUT"
    message: str


@dataclass(eq=False)
class Busy(Fault):
    """The same thing is being done at this moment. Nothing has happened here; the caller may ask again."""

    code = "BUSY"
    retry_after_seconds: int = 1


@dataclass(eq=False)
class Unavailable(Fault):
    """What we stand on (database, queue) does not answer. It may or may not have happened: repeat with the same key."""

    code = "SERVICE_UNAVAILABLE"
    retry_after_seconds: int = 2


@dataclass(eq=False)
class RateLimited(Fault):
    """Too much in too little time. Nothing has happened; the caller may ask again later."""

    code = "RATE_LIMITED"
    retry_after_seconds: int


@dataclass(eq=False)
class Undeclared(Fault):
    """A use case refused in a way that it did not declare: a defect, and masked as one."""

    code = "INTERNAL"
    use_case: str


class Contended(Exception):
    """A port's word for a serialisation failure or a deadlock: nothing happened. Never leaves the executor."""


@dataclass(eq=False)
class CommitUnknown(Exception):
    """A port's word for a lost answer to COMMIT. Never leaves the executor, which looks up what became of it."""

    execution_id: UUID
