"""Commands, use cases, and the executor that owns everything around them.

A use case is a function that states its contract once. The executor owns permission, transaction, time, idempotency,
retries, audit and commit; so they hold on every way in: mutations, jobs, webhooks, the command line, the demo data.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import MISSING, dataclass, field, fields
from datetime import datetime
from typing import Any, Final, Generic, Protocol, TypeVar, cast, get_type_hints
from uuid import UUID

from domain.kernel.access import Actor, ActorKind, Permission, StepUp, SupportAccess
from domain.kernel.errors import (
    Busy,
    CommitUnknown,
    Contended,
    Forbidden,
    IdempotencyKeyReused,
    Rejection,
    StepUpRequired,
    Unauthenticated,
    Undeclared,
)
from domain.kernel.events import Event, Job
from domain.kernel.ids import Ids
from domain.operators.operator import Operator

R = TypeVar("R")
C = TypeVar("C", bound="Command[Any]")
R_co = TypeVar("R_co", covariant=True)

ATTEMPTS: Final = 6
FIRST_BACK_OFF_SECONDS: Final = 0.004


@dataclass(frozen=True, kw_only=True)
class Command(Generic[R_co]):
    """What is asked for; `R_co` is what doing it returns."""


@dataclass(frozen=True, kw_only=True)
class Keyed(Command[R_co]):
    """A command that moves value. The client makes and stores the key before it sends."""

    idempotency_key: str


def personal(*, default: Any = MISSING) -> Any:
    """A command's field that must not be kept: the audit row holds ids, codes and quantities only."""
    return field(default=default, metadata={"personal": True})


@dataclass(frozen=True, slots=True)
class Claim:
    """An earlier use of the same key: what was asked for, and the id of what it made."""

    fingerprint: bytes
    resource_id: UUID


class Work(Protocol):
    """One transaction. Contexts extend it with their repositories; nobody but the executor's port commits."""

    @property
    def id(self) -> UUID:
        """The id of this execution, and of what it makes."""
        ...

    @property
    def now(self) -> datetime:
        """The one time of this execution."""
        ...

    @property
    def actor(self) -> Actor: ...

    @property
    def operator(self) -> Operator:
        """The operator whose database this is."""
        ...

    def new_id(self) -> UUID:
        """Another id, for what is made beside."""
        ...

    def emit(self, event: Event, /) -> None:
        """Says that something has happened. It is written with the audit row, in one statement."""
        ...

    def schedule(self, job: Job, /) -> None:
        """Leaves work for later, in the same transaction."""
        ...

    async def claim(self, operation: str, key: str, fingerprint: bytes, /) -> Claim | None:
        """Takes the key for this execution; or the earlier claim, when there is one.

        Waits for a duplicate in progress, at most 2 s; then `Busy`.
        """
        ...

    async def record(self, operation: str, details: dict[str, Any], /) -> None:
        """Writes the audit row, the events and the jobs."""
        ...


class UnitOfWork(Protocol):
    """Opens a transaction and commits it at the end, or rolls back when anything is raised.

    Raises `Contended` (nothing happened), `Busy`, `Unavailable`, and `CommitUnknown` when the answer to COMMIT is lost.
    """

    def __call__(self, actor: Actor, id: UUID, /) -> AbstractAsyncContextManager[Work]: ...

    async def was_committed(self, id: UUID, /) -> bool:
        """Whether the execution with this id is in the audit log. Waits until that is certain; else `Unavailable`."""
        ...


@dataclass(frozen=True, slots=True)
class UseCase(Generic[C, R]):
    """A function with its contract."""

    name: str
    command: type[C]
    handler: Callable[[C, Any], Awaitable[R]]
    permission: Permission
    rejects: frozenset[type[Rejection]]
    replay: Callable[[UUID, Any], Awaitable[R]] | None
    while_impersonating: SupportAccess | None
    step_up: StepUp | None
    audited: tuple[str, ...]
    """The fields of the command that the audit row keeps."""

    async def __call__(self, command: C, work: Any) -> R:
        return await self.handler(command, work)


class _Declare(Protocol):
    """Solved where the handler is given: its first parameter is the command."""

    def __call__(self, handler: Callable[[C, Any], Awaitable[R]], /) -> UseCase[C, R]: ...


def use_case(
    permission: Permission,
    *,
    rejects: Sequence[type[Rejection]] = (),
    replay: Callable[[UUID, Any], Awaitable[Any]] | None = None,
    while_impersonating: SupportAccess | None = None,
    step_up: StepUp | None = None,
) -> _Declare:
    """Declares a use case: who may ask, how it can be refused, how its answer is found again.

    Staff who impersonate may do it with the access that `while_impersonating` names, and without one not at all. With
    `step_up` it is done only for who proved lately, and surely enough, who they are; our own processes are exempt.
    """

    def declare(handler: Callable[[C, Any], Awaitable[R]]) -> UseCase[C, R]:
        command = cast("type[C]", next(iter(get_type_hints(handler).values())))
        is_keyed = issubclass(command, Keyed)
        if is_keyed != (replay is not None):
            raise TypeError(f"{handler.__name__}: a keyed command, and only that, says how its answer is found again")
        if step_up is not None and while_impersonating is not None:
            raise TypeError(f"{handler.__name__}: nobody can prove to be the customer on whose behalf they act")
        implied = [*([IdempotencyKeyReused] if is_keyed else []), *([StepUpRequired] if step_up else [])]
        return UseCase(
            name=handler.__name__,
            command=command,
            handler=handler,
            permission=permission,
            rejects=frozenset([*rejects, *implied]),
            replay=replay,
            while_impersonating=while_impersonating,
            step_up=step_up,
            audited=tuple(
                f.name for f in fields(command) if f.name != "idempotency_key" and not f.metadata.get("personal")
            ),
        )

    return declare


def fingerprint(command: Command[Any]) -> bytes:
    """What the command asks for, but for its key, in 32 bytes."""
    asked = {f.name: getattr(command, f.name) for f in fields(command) if f.name != "idempotency_key"}
    text = json.dumps([type(command).__name__, asked], default=str, sort_keys=True)
    return hashlib.sha256(text.encode()).digest()


class Executor:
    """Runs use cases. `reached` is told each labelled step, so that a test can kill the process there."""

    def __init__(
        self,
        cases: Sequence[UseCase[Any, Any]],
        unit: UnitOfWork,
        ids: Ids,
        reached: Callable[[str], None] = lambda step: None,
    ) -> None:
        self._cases = {c.command: c for c in cases}
        self._unit, self._ids = unit, ids
        self.reached = reached
        self.retries = 0

    async def execute(self, command: Command[R], actor: Actor) -> R:
        """Does it, once, or raises.

        Raises the use case's rejections, `Unauthenticated`, `Forbidden`, `Busy` and `Unavailable`. After any of them
        but `Unavailable`, nothing has happened.
        """
        self.ensure_may(command, actor)
        case: UseCase[Any, R] = self._cases[type(command)]
        id = self._ids.new()
        for attempt in range(ATTEMPTS):
            try:
                return await self._once(case, command, actor, id)
            except Contended:
                self.retries += 1
                await asyncio.sleep(FIRST_BACK_OFF_SECONDS * 2**attempt)
            except Rejection as refusal:
                if type(refusal) not in case.rejects:
                    raise Undeclared(case.name) from refusal
                raise
        raise Busy

    def ensure_may(self, command: Command[Any], actor: Actor) -> None:
        """The first gate, for a process that does something else first. Raises `Unauthenticated` and `Forbidden`."""
        case = self._cases[type(command)]
        if not actor.may(case.permission, case.while_impersonating):
            raise Unauthenticated if actor.kind is ActorKind.ANONYMOUS else Forbidden(case.permission)

    async def _once(self, case: UseCase[Any, R], command: Command[R], actor: Actor, id: UUID) -> R:
        result: R | None = None
        try:
            async with self._unit(actor, id) as work:
                _ensure_stepped_up(case, actor, work.now)
                earlier = await self._earlier(case, command, work)
                if earlier is not None:
                    return await self._replayed(case, command, earlier, work)
                result = await case(command, work)
                await work.record(case.name, {name: getattr(command, name) for name in case.audited})
                self.reached(f"{case.name}.before_commit")
        except CommitUnknown:
            # The answer was lost, not necessarily the work. Its audit row tells; the id stays the same for a retry.
            if not await self._unit.was_committed(id):
                raise Contended from None
        self.reached(f"{case.name}.committed")
        return cast("R", result)

    async def _earlier(self, case: UseCase[Any, R], command: Command[R], work: Work) -> Claim | None:
        if not isinstance(command, Keyed):
            return None
        return await work.claim(case.name, command.idempotency_key, fingerprint(command))

    async def _replayed(self, case: UseCase[Any, R], command: Command[R], claim: Claim, work: Work) -> R:
        if claim.fingerprint != fingerprint(command):
            raise IdempotencyKeyReused
        assert case.replay is not None
        return await case.replay(claim.resource_id, work)


def _ensure_stepped_up(case: UseCase[Any, Any], actor: Actor, now: datetime) -> None:
    """Raises `StepUpRequired`. A replay is held to it too: it is authorised afresh."""
    needed = case.step_up
    if needed is None or actor.kind is ActorKind.SYSTEM:
        return
    if not needed.is_met_by(actor.authentication, now):
        raise StepUpRequired(int(needed.max_age.total_seconds()), needed.assurance)
