"""Staff find a customer and act on their behalf: for a reason, for a while, and never unseen."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from uuid import UUID

import pytest

from domain.customers.customer import ContactKind, ContactPoint
from domain.kernel.access import StaffRole, SupportAccess, customer, staff, system
from domain.kernel.errors import Forbidden, RateLimited
from domain.support.errors import CustomerNotFound, ReasonMissing, SupportAccessDisputed, SupportSessionNotFound
from domain.support.search import SEARCHES, CustomerSearch, SearchKind
from domain.support.session import SupportSession
from domain.support.usecases import (
    DisputeSupportAccess,
    EndSupportSession,
    FindCustomers,
    RegisterStaff,
    StartSupportSession,
)
from tests.support.world import World

PHONE = "+46701740650"
EMAIL = "karin@example.com"


async def found(world: World, by: UUID, kind: SearchKind, value: str) -> list[UUID]:
    command = FindCustomers(search=CustomerSearch(kind, value))
    return list(await world.executor.execute(command, staff(by, [StaffRole.AGENT])))


async def start(world: World, by: UUID, person: UUID, reason: str = "She asked.") -> SupportSession:
    command = StartSupportSession(customer_id=person, reason=reason, ticket="T-1", access=SupportAccess.READ_ONLY)
    return await world.executor.execute(command, staff(by, [StaffRole.AGENT]))


async def test_a_customer_is_found_by_what_only_they_have(world: World) -> None:
    sven, karin = await world.staff(), await world.person(phone_number=PHONE)
    await world.card(karin)
    card_number = await world.database.fetchval("select phone_number from card")
    async with world.unit(system("test"), world.ids.new()) as work:
        point = ContactPoint(customer_id=karin, kind=ContactKind.EMAIL, value=EMAIL)
        await work.customers.add_contact_point(point, work.now)
    number = await world.database.fetchval("select number from customer")
    assert await found(world, sven, SearchKind.PHONE_NUMBER, PHONE) == [karin]
    assert await found(world, sven, SearchKind.PHONE_NUMBER, card_number) == [karin]
    assert await found(world, sven, SearchKind.EMAIL, EMAIL) == [karin]
    assert await found(world, sven, SearchKind.CUSTOMER_NUMBER, str(number)) == [karin]


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        (SearchKind.PHONE_NUMBER, "+4670174065"),
        (SearchKind.PHONE_NUMBER, "%"),
        (SearchKind.EMAIL, "karin@%"),
        (SearchKind.CUSTOMER_NUMBER, "1"),
        (SearchKind.CUSTOMER_NUMBER, "ten"),
        (SearchKind.CUSTOMER_NUMBER, "9" * 40),
        (SearchKind.CUSTOMER_NUMBER, "¹"),
    ],
)
async def test_nobody_is_found_by_a_part_or_by_rubbish(world: World, kind: SearchKind, value: str) -> None:
    await world.person(phone_number=PHONE)
    assert await found(world, await world.staff(), kind, value) == []


async def test_every_look_is_on_record_and_not_what_was_typed(world: World) -> None:
    sven, karin = await world.staff(), await world.person(phone_number=PHONE)
    await found(world, sven, SearchKind.PHONE_NUMBER, PHONE)
    row = await world.database.fetchrow("select staff_id, kind, found from customer_search")
    assert tuple(row) == (sven, "PHONE_NUMBER", [karin])
    audited = await world.database.fetchval(
        "select string_agg(details::text, '') from audit where actor like 'staff:%'"
    )
    assert PHONE not in audited


async def test_nobody_copies_the_customers_out(world: World) -> None:
    """The limit holds for searches that come at once too."""
    sven = await world.staff()
    for _ in range(SEARCHES - 2):
        await found(world, sven, SearchKind.EMAIL, EMAIL)
    tries = await asyncio.gather(
        *[found(world, sven, SearchKind.EMAIL, EMAIL) for _ in range(6)], return_exceptions=True
    )
    assert sum(isinstance(each, RateLimited) for each in tries) == 4
    world.clock.advance(timedelta(hours=1))
    assert await found(world, sven, SearchKind.EMAIL, EMAIL) == []


async def test_staff_act_only_for_who_they_looked_for_today(world: World) -> None:
    sven, karin = await world.staff(), await world.person(phone_number=PHONE)
    with pytest.raises(CustomerNotFound):
        await start(world, sven, karin)
    await found(world, sven, SearchKind.PHONE_NUMBER, PHONE)
    assert (await start(world, sven, karin)).customer_id == karin
    with pytest.raises(CustomerNotFound):
        await start(world, await world.staff("Siri"), karin)
    world.clock.advance(timedelta(hours=9))
    with pytest.raises(CustomerNotFound):
        await start(world, sven, karin)


async def test_nobody_acts_without_a_reason(world: World) -> None:
    sven, karin = await world.staff(), await world.person()
    await world.search_for(sven, karin)
    with pytest.raises(ReasonMissing):
        await start(world, sven, karin, reason=" \n")


async def test_a_session_lasts_a_quarter_of_an_hour_and_ends_once(world: World) -> None:
    sven, karin = await world.staff(), await world.person()
    session = await world.support_session(sven, karin)
    assert session.expires_at - session.started_at == timedelta(minutes=15)
    end = EndSupportSession(support_session_id=session.id)
    agent = staff(sven, [StaffRole.AGENT])
    ended = await world.executor.execute(end, agent)
    world.clock.advance(timedelta(minutes=1))
    assert await world.executor.execute(end, agent) == ended
    assert await world.database.fetchval("select count(*) from event where type = 'support_session.ended'") == 1
    with pytest.raises(SupportSessionNotFound):
        await world.executor.execute(end, staff(await world.staff("Siri"), [StaffRole.AGENT]))


async def test_a_dispute_stops_what_is_going_on_and_is_made_once_by_the_customer(world: World) -> None:
    sven, karin = await world.staff(), await world.person()
    session = await world.support_session(sven, karin)
    dispute = DisputeSupportAccess(support_session_id=session.id, reason="I did not ask for this.")
    with pytest.raises(SupportSessionNotFound):
        await world.executor.execute(dispute, customer(await world.person("Olle")))
    disputed = await world.executor.execute(dispute, customer(karin))
    assert disputed.ended_at == disputed.disputed_at == world.clock.now()
    with pytest.raises(SupportAccessDisputed):
        await world.executor.execute(dispute, customer(karin))


@pytest.mark.parametrize("roles", [[], [StaffRole.ANALYST, StaffRole.PROGRAMME_MANAGER, StaffRole.ADMINISTRATOR]])
async def test_who_does_not_help_customers_does_not_find_them(world: World, roles: list[StaffRole]) -> None:
    sven = await world.staff()
    command = FindCustomers(search=CustomerSearch(SearchKind.EMAIL, EMAIL))
    with pytest.raises(Forbidden):
        await world.executor.execute(command, staff(sven, roles))


async def test_what_the_provider_takes_away_is_gone_here_too(world: World) -> None:
    async def sign_in(*roles: StaffRole, subject: str = "s-1") -> UUID:
        command = RegisterStaff(issuer="https://idp.test", subject=subject, name="Sven", roles=frozenset(roles))
        return (await world.executor.execute(command, system("test"))).id

    sven = await sign_in(StaffRole.AGENT, StaffRole.LEAD)
    assert await sign_in(StaffRole.AGENT) == sven
    assert await world.database.fetchval("select roles from staff where id = $1", sven) == ["AGENT"]
    assert await sign_in(StaffRole.AGENT, subject="s-2") != sven


async def test_who_loses_a_role_acts_for_nobody_any_more(world: World) -> None:
    karin, colleague = await world.person(), await world.staff("Siv")
    sven = await world.staff("Sven", StaffRole.AGENT, StaffRole.ANALYST)
    session, other = await world.support_session(sven, karin), await world.support_session(colleague, karin)
    open_ones = "select array_agg(id order by id) from support_session where ended_at is null"
    await world.staff("Sven", StaffRole.AGENT, StaffRole.ANALYST, StaffRole.LEAD)
    assert await world.database.fetchval(open_ones) == [session.id, other.id], "to gain a role ends nothing"
    await world.staff("Sven", StaffRole.ANALYST)
    assert await world.database.fetchval(open_ones) == [other.id]
    ended = "select data->>'support_session_id' from event where type = 'support_session.ended'"
    assert await world.database.fetchval(ended) == str(session.id)
