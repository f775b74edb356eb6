"""What people may say of themselves and of their children, and what not."""

from __future__ import annotations

import asyncio
from datetime import date, timedelta
from uuid import UUID

import pytest

from domain.customers.errors import (
    BirthDateFixed,
    DependantNotFound,
    GuardianNeeded,
    InvalidBirthDate,
    InvalidName,
    LocaleNotOffered,
)
from domain.customers.profile import UpdateProfile
from domain.families.family import FamilyRole
from domain.kernel.errors import Invalid
from tests.support.world import World

TODAY = date(2026, 3, 2)


async def update(world: World, by: UUID, **changes: object) -> tuple[str, str, date | None, str]:
    """What is kept afterwards."""
    await world.executor.execute(UpdateProfile(**changes), world.actor(by))  # pyright: ignore[reportArgumentType]
    return await kept(world, by)


async def kept(world: World, person: UUID) -> tuple[str, str, date | None, str]:
    columns = "given_name, family_name, birth_date, locale"
    return tuple(await world.database.fetchrow(f"select {columns} from customer where id = $1", person))


async def test_what_is_left_out_stays_as_it_is(world: World) -> None:
    karin = await world.person(born=date(1982, 2, 28))
    assert await update(world, karin, family_name="Lind") == ("Karin", "Lind", date(1982, 2, 28), "sv-SE")
    assert await update(world, karin, locale="en") == ("Karin", "Lind", date(1982, 2, 28), "en")


async def test_a_refused_name_changes_nothing_else_either(world: World) -> None:
    karin = await world.person()
    before = await kept(world, karin)
    with pytest.raises(InvalidName) as caught:
        await update(world, karin, given_name="Eva", family_name="L\u202eind")
    assert caught.value.field == "family_name"
    assert await kept(world, karin) == before


async def test_nothing_to_change_is_bad_input(world: World) -> None:
    with pytest.raises(Invalid):
        await update(world, await world.person())


async def test_a_language_that_the_operator_does_not_speak_is_refused(world: World) -> None:
    with pytest.raises(LocaleNotOffered):
        await update(world, await world.person(), locale="lv-LV")


async def test_a_birth_date_is_said_once(world: World) -> None:
    karin = await world.person()
    assert (await update(world, karin, birth_date=date(1982, 2, 28)))[2] == date(1982, 2, 28)
    with pytest.raises(BirthDateFixed):
        await update(world, karin, birth_date=date(1982, 3, 1))
    assert (await update(world, karin, birth_date=date(1982, 2, 28), locale="en"))[3] == "en"


async def test_of_two_birth_dates_said_at_once_one_is_kept(world: World) -> None:
    karin = await world.person()
    days = [date(1982, 2, day) for day in range(1, 11)]
    said = await asyncio.gather(*[update(world, karin, birth_date=day) for day in days], return_exceptions=True)
    assert sum(isinstance(each, BirthDateFixed) for each in said) == 9
    assert await world.database.fetchval("select count(*) from event where type = 'profile.updated'") == 1


@pytest.mark.parametrize("born", [TODAY + timedelta(days=1), date(1895, 1, 1)])
async def test_nobody_is_born_tomorrow_or_too_long_ago(world: World, born: date) -> None:
    with pytest.raises(InvalidBirthDate):
        await update(world, await world.person(), birth_date=born)


async def test_today_is_a_day_at_the_operators_place(world: World) -> None:
    world.clock.advance(timedelta(hours=14, minutes=30))  # half past midnight in Stockholm
    assert (await update(world, await world.person(), birth_date=TODAY + timedelta(days=1)))[2] is not None


async def test_a_guardian_says_it_for_a_child_and_the_child_does_not(world: World) -> None:
    karin, nils = await world.person(), await world.person("Nils")
    await world.guardianship(karin, nils)
    with pytest.raises(GuardianNeeded):
        await update(world, nils, birth_date=date(2000, 1, 1))
    await update(world, karin, dependant_id=nils, birth_date=date(2017, 5, 1), given_name="Nisse")
    assert (await kept(world, nils))[:3] == ("Nisse", "Ek", date(2017, 5, 1))
    assert (await kept(world, karin))[0] == "Karin"
    assert (await update(world, nils, given_name="Nils"))[0] == "Nils"


@pytest.mark.parametrize("role", [FamilyRole.OWNER, FamilyRole.MANAGER, FamilyRole.MEMBER])
async def test_managing_a_family_is_not_being_a_guardian(world: World, role: FamilyRole) -> None:
    johan, nils, owner = await world.person("Johan"), await world.person("Nils"), await world.person("Eva")
    if role is FamilyRole.OWNER:
        await world.family(johan, {nils: FamilyRole.CHILD})
    else:
        await world.family(owner, {johan: role, nils: FamilyRole.CHILD})
    with pytest.raises(DependantNotFound):
        await update(world, johan, dependant_id=nils, given_name="Nisse")


async def test_a_stranger_and_nobody_are_the_same(world: World) -> None:
    karin, leila = await world.person(), await world.person("Leila")
    for somebody in (leila, world.ids.new()):
        with pytest.raises(DependantNotFound):
            await update(world, karin, dependant_id=somebody, given_name="Nisse")


async def test_history_tells_what_was_changed_and_not_to_what(world: World) -> None:
    karin = await world.person()
    await update(world, karin, given_name="Geheim", birth_date=date(1982, 2, 28), locale="sv-SE")
    await update(world, karin, given_name="Geheim")  # again: no news
    told = await world.database.fetch("select data::text from event where type = 'profile.updated'")
    assert len(told) == 1
    assert '"fields": "given_name birth_date"' in told[0][0]
    audited = await world.database.fetchval("select string_agg(details::text, '') from audit")
    assert "Geheim" not in audited + told[0][0]
    assert "1982" not in audited + told[0][0]
