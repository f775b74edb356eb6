"""What cannot be taken back is done only for who has proved lately, and surely enough, who they are."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from uuid import UUID

import pytest

from domain.kernel.access import (
    ANONYMOUS,
    Actor,
    Assurance,
    Authentication,
    Delegation,
    Permission,
    StepUp,
    SupportAccess,
    customer,
    impersonating,
    staff,
    system,
)
from domain.kernel.errors import Fault, Forbidden, StepUpRequired, Unauthenticated
from domain.kernel.executor import Command, Executor, Keyed, Work, use_case
from kontant.usecases import USE_CASES
from persistence.unit_of_work import PostgresUnit
from tests.support.time import START, TestClock, TestIds

KARIN = UUID(int=7)
MINUTE, SECOND = timedelta(minutes=1), timedelta(seconds=1)


@dataclass(frozen=True, kw_only=True)
class Erase(Command[UUID]):
    """A customer's."""


@dataclass(frozen=True, kw_only=True)
class Convert(Keyed[UUID]):
    """A customer's, with a key."""


@dataclass(frozen=True, kw_only=True)
class Expire(Command[UUID]):
    """A process's."""


@use_case(Permission.SESSION_END, step_up=StepUp())
async def erase(command: Erase, work: Work) -> UUID:
    return work.id


async def _again(id: UUID, work: Work) -> UUID:
    return id


@use_case(Permission.SESSION_END, step_up=StepUp(Assurance.STRONG), replay=_again)
async def convert(command: Convert, work: Work) -> UUID:
    return work.id


@use_case(Permission.BALANCE_EXPIRE, step_up=StepUp())
async def expire(command: Expire, work: Work) -> UUID:
    return work.id


@pytest.fixture
def executor(unit: PostgresUnit, ids: TestIds) -> Executor:
    return Executor([erase, convert, expire], unit, ids)


def karin(*, ago: timedelta = timedelta(0), assurance: Assurance = Assurance.BASIC) -> Actor:
    return customer(KARIN, authentication=Authentication(START - ago, assurance))


@pytest.mark.parametrize("ago", [timedelta(0), 5 * MINUTE])
async def test_who_signed_in_within_five_minutes_may(executor: Executor, ago: timedelta) -> None:
    await executor.execute(Erase(), karin(ago=ago))


@pytest.mark.parametrize("actor", [karin(ago=5 * MINUTE + SECOND), customer(KARIN)])
async def test_who_did_not_must_sign_in_again_and_nothing_has_happened(
    executor: Executor, actor: Actor, unit: PostgresUnit
) -> None:
    with pytest.raises(StepUpRequired) as caught:
        await executor.execute(Erase(), actor)
    assert (caught.value.max_age_seconds, caught.value.assurance) == (300, Assurance.BASIC)


async def test_a_code_is_not_as_sure_as_an_electronic_identity(executor: Executor) -> None:
    with pytest.raises(StepUpRequired) as caught:
        await executor.execute(Convert(idempotency_key="a key of hers"), karin())
    assert caught.value.assurance is Assurance.STRONG
    await executor.execute(Convert(idempotency_key="a key of hers"), karin(assurance=Assurance.STRONG))


async def test_a_replay_is_held_to_it_too(executor: Executor, clock: TestClock) -> None:
    sure = karin(assurance=Assurance.STRONG)
    first = await executor.execute(Convert(idempotency_key="a key of hers"), sure)
    clock.advance(5 * MINUTE)
    assert await executor.execute(Convert(idempotency_key="a key of hers"), sure) == first
    clock.advance(SECOND)
    with pytest.raises(StepUpRequired):
        await executor.execute(Convert(idempotency_key="a key of hers"), sure)


async def test_our_own_processes_have_nothing_to_prove(executor: Executor) -> None:
    await executor.execute(Expire(), system("calendar"))


async def test_permission_is_asked_for_first(executor: Executor) -> None:
    """So nobody is sent to sign in again for what they may not do at all."""
    at = Authentication(START, Assurance.STRONG)
    refused: list[tuple[Actor, type[Fault]]] = [
        (ANONYMOUS, Unauthenticated),
        (staff(UUID(int=1), [], authentication=at), Forbidden),
        (impersonating(UUID(int=1), KARIN, Delegation(UUID(int=2), SupportAccess.ASSIST)), Forbidden),
    ]
    for actor, fault in refused:
        with pytest.raises(fault):
            await executor.execute(Erase(), actor)


async def test_a_delegation_that_came_with_an_authentication_gains_nothing(executor: Executor) -> None:
    acting = impersonating(UUID(int=1), KARIN, Delegation(UUID(int=2), SupportAccess.ASSIST))
    with pytest.raises(Forbidden):
        await executor.execute(Erase(), replace(acting, authentication=Authentication(START, Assurance.STRONG)))


def test_nobody_can_both_impersonate_and_prove_to_be_the_customer() -> None:
    declare: Callable[..., object] = use_case
    declared = declare(Permission.SESSION_END, step_up=StepUp(), while_impersonating=SupportAccess.ASSIST)
    assert callable(declared)
    with pytest.raises(TypeError, match="on whose behalf"):
        declared(erase.handler)


def test_what_demands_it_says_so() -> None:
    assert all((StepUpRequired in case.rejects) == (case.step_up is not None) for case in (*USE_CASES, erase, convert))


def test_it_is_demanded_of_every_change_that_gives_the_account_away() -> None:
    demanding = {case.name for case in USE_CASES if case.step_up is not None}
    assert {"change_phone_number", "change_email", "remove_contact_point"} <= demanding
