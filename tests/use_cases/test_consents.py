"""Consents: given and withdrawn purpose by purpose, by whom it is theirs to say, with nothing forgotten."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import date, timedelta
from itertools import pairwise
from uuid import UUID

import asyncpg
import pytest

from domain.consents.consent import has_consent
from domain.consents.errors import ConsentIsTheirOwn, ConsentPurposeNotFound, ConsentTextChanged
from domain.consents.usecases import UpdateConsent
from domain.customers.errors import DependantNotFound, GuardianNeeded
from domain.kernel.access import Delegation, SupportAccess, impersonating, system
from domain.kernel.errors import Forbidden
from domain.kernel.executor import Executor
from persistence.unit_of_work import PostgresUnit
from tests.support.operators import NORRSKEN
from tests.support.world import USE_CASES, World

MARKETING, SURVEYS = "MARKETING_SMS", "SURVEYS"
ON_THE_DAY = date(2013, 3, 2)  # 13 years before the clock's day


async def say(
    world: World, by: UUID, is_given: bool, *, of: UUID | None = None, purpose: str = MARKETING, version: int = 1
) -> None:
    command = UpdateConsent(purpose=purpose, is_given=is_given, text_version=version, dependant_id=of)
    await world.executor.execute(command, world.actor(by))


async def agrees(world: World, person: UUID, purpose: str = MARKETING) -> bool:
    """As code asks that is about to send something."""
    async with world.unit(system("test"), world.ids.new()) as work:
        return await has_consent(work.consents, work.operator, person, purpose)


async def history(world: World, person: UUID) -> list[bool]:
    rows = await world.database.fetch("select is_given from consent where customer_id = $1 order by number", person)
    return [row[0] for row in rows]


async def events(world: World) -> list[str]:
    rows = await world.database.fetch("select type from event where type like 'consent.%' order by position")
    return [row[0] for row in rows]


async def a_child(world: World, guardian: UUID, born: date | None) -> UUID:
    child = await world.person("Nils", born=born)
    await world.guardianship(guardian, child)
    return child


async def test_nothing_is_agreed_to_until_somebody_says_so(world: World) -> None:
    karin = await world.person()
    assert not await agrees(world, karin)
    await say(world, karin, True)
    assert await agrees(world, karin)
    assert not await agrees(world, karin, SURVEYS)


async def test_what_was_given_is_withdrawn_at_once_and_both_are_remembered(world: World) -> None:
    karin = await world.person()
    for is_given in (True, False, True, False):
        await say(world, karin, is_given)
    assert not await agrees(world, karin)
    assert await history(world, karin) == [True, False, True, False]
    assert await events(world) == ["consent.given", "consent.withdrawn"] * 2


async def test_to_say_it_again_adds_nothing(world: World) -> None:
    karin = await world.person()
    await say(world, karin, False)
    for _ in range(2):
        await say(world, karin, True)
    assert await history(world, karin) == [True]


async def test_what_is_said_at_once_stands_in_one_order(world: World) -> None:
    karin = await world.person()
    await asyncio.gather(*[say(world, karin, n % 2 == 0) for n in range(20)])
    said = await history(world, karin)
    assert all(earlier != later for earlier, later in pairwise(said))
    assert await agrees(world, karin) == said[-1]
    assert len(await events(world)) == len(said)


async def test_nobody_agrees_to_a_text_that_was_another_one(world: World) -> None:
    with pytest.raises(ConsentTextChanged) as caught:
        await say(world, await world.person(), True, purpose=SURVEYS, version=1)
    assert caught.value.text_version == 2


async def test_who_agreed_to_an_earlier_text_is_asked_anew(world: World) -> None:
    karin = await world.person()
    await say(world, karin, True, purpose=SURVEYS, version=2)
    assert await agrees(world, karin, SURVEYS)
    await world.database.execute(
        "insert into consent select customer_id, purpose, 2, true, 1, at, said_by from consent"
    )
    assert not await agrees(world, karin, SURVEYS)
    await say(world, karin, False, purpose=SURVEYS, version=1)  # to withdraw, no text needs to be read
    assert await history(world, karin) == [True, True, False]


async def test_what_the_operator_does_not_ask_nobody_gives(world: World) -> None:
    karin = await world.person()
    with pytest.raises(ConsentPurposeNotFound):
        await say(world, karin, True, purpose="EVERYTHING")
    assert not await agrees(world, karin, "EVERYTHING")


@pytest.mark.parametrize("born", [ON_THE_DAY + timedelta(days=1), None])
async def test_a_guardian_decides_for_a_child_that_is_too_young(world: World, born: date | None) -> None:
    karin = await world.person()
    nils = await a_child(world, karin, born)
    with pytest.raises(GuardianNeeded):
        await say(world, nils, True)
    await say(world, karin, True, of=nils)
    assert await agrees(world, nils)
    assert not await agrees(world, karin)
    assert await world.database.fetchval("select said_by from consent") == karin


async def test_a_child_of_any_age_may_say_no(world: World) -> None:
    karin = await world.person()
    nils = await a_child(world, karin, date(2017, 1, 1))
    await say(world, karin, True, of=nils)
    await say(world, nils, False)
    assert not await agrees(world, nils)


async def test_from_thirteen_on_a_child_decides_alone(world: World) -> None:
    karin = await world.person()
    nils = await a_child(world, karin, ON_THE_DAY)
    await say(world, nils, True)
    for is_given in (True, False):
        with pytest.raises(ConsentIsTheirOwn):
            await say(world, karin, is_given, of=nils)
    assert await agrees(world, nils)


async def test_nobody_speaks_for_a_stranger(world: World) -> None:
    karin, leila = await world.person(), await world.person("Leila")
    with pytest.raises(DependantNotFound):
        await say(world, karin, True, of=leila)
    assert await history(world, leila) == []


@pytest.mark.parametrize("access", SupportAccess)
async def test_staff_do_not_agree_for_anybody(world: World, access: SupportAccess) -> None:
    karin = await world.person()
    actor = impersonating(world.ids.new(), karin, Delegation(world.ids.new(), access))
    with pytest.raises(Forbidden):
        await world.executor.execute(UpdateConsent(purpose=MARKETING, is_given=True, text_version=1), actor)


async def test_an_operator_that_asks_nothing_is_given_nothing(world: World) -> None:

    silent = PostgresUnit(world.database, replace(NORRSKEN, consent_purposes=()), world.ids, world.clock)
    karin = await world.person()
    await say(world, karin, True)
    command = UpdateConsent(purpose=MARKETING, is_given=False, text_version=1)
    with pytest.raises(ConsentPurposeNotFound):
        await Executor(USE_CASES, silent, world.ids).execute(command, world.actor(karin))


@pytest.mark.parametrize("statement", ["update consent set is_given = true", "delete from consent", "truncate consent"])
async def test_what_was_said_cannot_be_changed(world: World, statement: str) -> None:
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await world.database.execute(statement)
