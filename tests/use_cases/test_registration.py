"""A card's holder proves who they are, answers for the card, and is forgotten when the law no longer asks."""

from __future__ import annotations

import asyncio
import base64
import hashlib
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

import asyncpg
import pytest

from domain.cards.card import CardStatus
from domain.cards.errors import CardBlocked, CardClosed, CardConverted, CardNotFound
from domain.cards.usecases import EndCardPeriods, IssueCard, issue_card
from domain.families.family import FamilyRole
from domain.identity.errors import IdentityNotLinkable
from domain.kernel.access import (
    ANONYMOUS,
    Actor,
    Assurance,
    Authentication,
    Delegation,
    StaffRole,
    SupportAccess,
    customer,
    impersonating,
    staff,
    system,
)
from domain.kernel.chores import NothingDue
from domain.kernel.errors import Forbidden, IdempotencyKeyReused, Rejection, StepUpRequired, Unauthenticated
from domain.kernel.executor import Executor
from domain.registration import usecases as registration
from domain.registration.errors import (
    AddressIncomplete,
    CardAlreadyRegistered,
    HolderTooYoung,
    IdentificationMissing,
    RegistrationNotRequired,
)
from domain.registration.ports import Unreadable
from domain.registration.registration import Registration
from domain.registration.usecases import (
    BeginIdentityNumberKey,
    EraseRegistrations,
    RegisterCard,
    ResealIdentityNumbers,
)
from domain.support.search import CustomerSearch, SearchKind
from domain.support.usecases import FindCustomers
from persistence.database import Database
from persistence.unit_of_work import PostgresUnit
from tests.support.world import World

NUMBER = "198507129800"
OTHERS_NUMBER = "191212121212"
WAITS = CardStatus.AWAITING_REGISTRATION


async def card_of(world: World, holder: UUID, *, status: CardStatus = WAITS, user: UUID | None = None) -> UUID:
    return await world.card(holder, user=user, status=status, active_until=None, grace_until=None)


def proven(world: World, person: UUID, *, minutes_ago: int = 1, assurance: Assurance = Assurance.STRONG) -> Actor:
    at = world.clock.now() - timedelta(minutes=minutes_ago)
    return customer(person, authentication=Authentication(at, assurance))


def command(card: UUID, *, key: str = "registration", street: str = "Storgatan 1", city: str = "Umeå") -> RegisterCard:
    return RegisterCard(card_id=card, street=street, postal_code="903 26", city=city, country="SE", idempotency_key=key)


async def register(world: World, person: UUID, card: UUID, **given: Any) -> Registration:
    return await world.executor.execute(command(card, **given), proven(world, person))


async def refusal(world: World, person: UUID, card: UUID, **given: Any) -> type[Rejection]:
    """Why not; and nothing has happened."""
    before = await world.database.fetchrow("select (select count(*) from registration), (select count(*) from event)")
    with pytest.raises(Rejection) as refused:
        await register(world, person, card, **given)
    after = await world.database.fetchrow("select (select count(*) from registration), (select count(*) from event)")
    assert after == before
    return type(refused.value)


async def identified(world: World, number: str = NUMBER, *, name: str = "Karin") -> UUID:
    person = await world.person(name)
    await world.identify(person, number)
    return person


async def numbers(database: Database) -> list[tuple[int, str]]:
    rows = await database.fetch("select key_version, masked_number from customer_identity order by id")
    return [tuple(row) for row in rows]


async def test_who_is_identified_registers_a_card_and_can_use_it(world: World) -> None:
    karin = await identified(world)
    card = await card_of(world, karin)
    done = await register(world, karin, card)
    row = await world.database.fetchrow(
        """select c.status, c.active_until, c.registered_at, r.service_number = c.phone_number, r.street, r.customer_id,
                  i.given_name, i.masked_number, i.method
             from registration r join card c on c.id = r.card_id join customer_identity i on i.id = r.identity_id"""
    )
    assert tuple(row) == (
        *("ACTIVE", date(2027, 3, 2), world.clock.now(), True, "Storgatan 1", karin),
        *("Karin", "19850712-••••", "ELECTRONIC_ID"),
    )
    assert done.customer_id == karin
    assert await world.database.fetchval("select subject_id from event where type = 'card.registered'") == karin


async def test_a_parent_registers_the_card_that_a_child_carries_and_the_child_does_not(world: World) -> None:
    karin, nils = await identified(world), await identified(world, "201912121215", name="Nils")
    await world.family(karin, {nils: FamilyRole.CHILD})
    card = await card_of(world, karin, user=nils)
    assert await refusal(world, nils, card) is CardNotFound
    assert (await register(world, karin, card)).customer_id == karin


async def test_nobody_registers_what_somebody_else_holds(world: World) -> None:
    elsa, karin, olle = await world.person("Elsa"), await identified(world), await identified(world, OTHERS_NUMBER)
    await world.family(karin, {elsa: FamilyRole.CHILD})
    await world.guardianship(karin, elsa)
    card = await card_of(world, elsa)
    assert await refusal(world, karin, card) is CardNotFound
    assert await refusal(world, olle, card) is CardNotFound
    assert await refusal(world, olle, UUID(int=5)) is CardNotFound
    assert await refusal(world, elsa, card) is IdentificationMissing


@pytest.mark.parametrize(
    ("status", "reason"),
    [
        (CardStatus.ACTIVE, CardAlreadyRegistered),
        (CardStatus.GRACE, CardAlreadyRegistered),
        (CardStatus.BLOCKED, CardBlocked),
        (CardStatus.CLOSED, CardClosed),
        (CardStatus.CONVERTED, CardConverted),
    ],
)
async def test_a_card_that_does_not_wait_is_refused_with_its_reason(
    world: World, status: CardStatus, reason: type[Rejection]
) -> None:
    karin = await identified(world)
    assert await refusal(world, karin, await card_of(world, karin, status=status)) is reason


@pytest.mark.parametrize(
    "given",
    [{"street": ""}, {"city": " \t"}, {"street": "x" * 101}, {"city": "Ume\nå"}, {"street": "\u0000"}],
)
async def test_an_address_has_all_its_parts(world: World, given: dict[str, str]) -> None:
    karin = await identified(world)
    assert await refusal(world, karin, await card_of(world, karin), **given) is AddressIncomplete


async def test_who_is_too_young_holds_no_card_until_their_birthday(world: World) -> None:
    """Somebody is 16 on the day itself, at the operator's place."""
    nils = await world.person("Nils")
    await world.identify(nils, NUMBER, born=date(2010, 3, 3))
    card = await card_of(world, nils)
    world.clock.set(datetime(2026, 3, 2, 22, 59, tzinfo=UTC))
    assert await refusal(world, nils, card) is HolderTooYoung
    world.clock.set(datetime(2026, 3, 2, 23, 0, tzinfo=UTC))
    await register(world, nils, card)


async def test_a_child_is_told_by_the_number_when_the_provider_tells_no_birth_date(world: World) -> None:
    nils = await identified(world, "201912121215", name="Nils")
    assert await refusal(world, nils, await card_of(world, nils)) is HolderTooYoung


@pytest.mark.parametrize(("minutes_ago", "assurance"), [(6, Assurance.STRONG), (0, Assurance.BASIC)])
async def test_one_has_just_proved_who_one_is_by_electronic_identity(
    world: World, minutes_ago: int, assurance: Assurance
) -> None:
    karin = await identified(world)
    card = await card_of(world, karin)
    with pytest.raises(StepUpRequired) as refused:
        await world.executor.execute(command(card), proven(world, karin, minutes_ago=minutes_ago, assurance=assurance))
    assert refused.value.assurance is Assurance.STRONG
    await register(world, karin, card)
    with pytest.raises(StepUpRequired):  # a replay is held to it too
        await world.executor.execute(command(card), proven(world, karin, minutes_ago=6))


async def test_nobody_registers_on_a_customers_behalf(world: World) -> None:
    sven, karin = await world.staff(), await identified(world)
    card = await card_of(world, karin)
    session = await world.support_session(sven, karin)
    assistant = impersonating(sven, karin, Delegation(session.id, SupportAccess.ASSIST))
    for actor in (assistant, staff(sven, [StaffRole.AGENT, StaffRole.ADMINISTRATOR]), system("test")):
        with pytest.raises(Forbidden):
            await world.executor.execute(command(card), actor)
    with pytest.raises(Unauthenticated):
        await world.executor.execute(command(card), ANONYMOUS)


async def test_one_who_repeats_is_answered_the_same_and_parallel_calls_register_once(world: World) -> None:
    karin = await identified(world)
    card = await card_of(world, karin)
    done = await asyncio.gather(
        *[register(world, karin, card) for _ in range(3)],
        *[register(world, karin, card, key=f"another-{n}") for n in range(3)],
        return_exceptions=True,
    )
    kept = {each.id for each in done if isinstance(each, Registration)}
    assert len(kept) == 1
    assert all(isinstance(each, Registration | CardAlreadyRegistered) for each in done)
    assert await world.database.fetchval("select count(*) from event where type = 'card.registered'") == 1


async def test_another_address_under_the_same_key_is_another_intention(world: World) -> None:
    karin = await identified(world)
    card = await card_of(world, karin)
    await register(world, karin, card)
    with pytest.raises(IdempotencyKeyReused):
        await register(world, karin, card, street="Storgatan 2")


async def test_a_replay_is_not_answered_to_who_no_longer_holds_the_card(world: World) -> None:
    karin = await identified(world)
    card = await card_of(world, karin)
    await register(world, karin, card)
    await world.database.execute("update card set holder_id = $1", await world.person("Olle"))
    with pytest.raises(CardNotFound):
        await register(world, karin, card)


async def test_an_operator_that_needs_no_registration_hands_out_cards_that_work(world: World) -> None:
    unit = PostgresUnit(
        world.database,
        replace(world.operator, card_registration_required=False),
        world.ids,
        world.clock,
        identity_numbers=world.identity_numbers,
    )
    executor = Executor((*registration.USE_CASES, issue_card), unit, world.ids)
    karin = await identified(world)
    issue = IssueCard(phone_number="+46701740698", iccid="1", holder_id=karin, user_id=karin, is_registered=False)
    card = await executor.execute(issue, system("test"))
    assert card.status is CardStatus.ACTIVE
    with pytest.raises(RegistrationNotRequired):
        await executor.execute(command(card.id), proven(world, karin))


async def test_one_number_is_one_customers(world: World) -> None:
    karin, olle = await identified(world), await world.person("Olle")
    with pytest.raises(IdentityNotLinkable) as refused:
        await world.identify(olle, "850712-9800")
    assert str(karin) not in repr(refused.value)
    await world.identify(karin, "850712-9800")
    await world.identify(olle, OTHERS_NUMBER)
    assert await world.database.fetchval("select count(*) from customer_identity where is_current") == 2


async def test_of_two_who_come_at_once_with_one_number_one_is_refused(world: World) -> None:
    people = [await world.person(name) for name in ("Karin", "Olle")]
    done = await asyncio.gather(*[world.identify(each, NUMBER) for each in people], return_exceptions=True)
    assert sorted(map(repr, done)) == ["IdentityNotLinkable()", "None"]


async def test_one_who_comes_twice_at_once_is_one(world: World) -> None:
    karin = await world.person()
    await asyncio.gather(*[world.identify(karin, NUMBER) for _ in range(4)])
    assert await world.database.fetchval("select count(*) from customer_identity") == 1


@pytest.mark.parametrize("number", [None, "", "850712-9801", "hello"])
async def test_without_a_number_that_somebody_can_have_nothing_is_kept(world: World, number: str | None) -> None:
    karin = await world.person()
    await world.identify(karin, number)
    assert await numbers(world.database) == []


async def test_a_registration_keeps_the_identification_on_which_it_rests(world: World) -> None:
    """Later ones replace each other, and none can be written over."""
    karin = await identified(world)
    await register(world, karin, await card_of(world, karin))
    for _ in range(3):
        world.clock.advance(timedelta(days=1))
        await world.identify(karin, NUMBER)
    rows = await world.database.fetch("select is_current, identified_at from customer_identity order by id")
    assert [row["is_current"] for row in rows] == [False, True]
    for change in ("set given_name = 'Eve'", "set birth_date = null", "set number_digest = ''"):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await world.database.execute(f"update customer_identity {change}")
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await world.database.execute("update registration set street = ''")


async def ended_card(world: World, holder: UUID) -> UUID:
    """Registered on 2 March 2026, so that its grace ends, and the service with it, on 2 June 2027."""
    card = await card_of(world, holder)
    await register(world, holder, card, key=f"card {card}")
    world.clock.set(datetime(2027, 6, 5, 12, tzinfo=UTC))
    await world.executor.execute(EndCardPeriods(), system("test"))
    return card


async def erase(world: World) -> int:
    try:
        return await world.executor.execute(EraseRegistrations(), system("test"))
    except NothingDue:
        return 0


async def test_a_registration_is_kept_for_a_year_after_the_service_and_not_a_day_longer(world: World) -> None:
    karin = await identified(world)
    await ended_card(world, karin)
    assert await world.database.fetchval("select keep_until from registration") == date(2028, 6, 2)
    world.clock.set(datetime(2028, 6, 2, 21, 59, tzinfo=UTC))  # a minute to midnight in Stockholm
    assert await erase(world) == 0
    world.clock.set(datetime(2028, 6, 2, 22, 0, tzinfo=UTC))
    assert await erase(world) == 1
    assert await numbers(world.database) == []
    assert await erase(world) == 0


async def test_the_number_stays_as_long_as_another_registration_needs_it(world: World) -> None:
    """And so does who the customer is now, though only an earlier identification is rested on."""
    karin = await identified(world)
    second = await card_of(world, karin)
    await register(world, karin, second, key="the second")
    await world.database.execute("update card set active_until = '2040-01-01', grace_until = '2040-04-01'")
    await world.identify(karin, NUMBER)
    await ended_card(world, karin)
    world.clock.set(datetime(2029, 1, 1, tzinfo=UTC))
    assert await erase(world) == 1
    assert len(await numbers(world.database)) == 2
    assert await world.database.fetchval("select card_id from registration") == second


async def test_who_registers_nothing_for_a_year_is_forgotten(world: World) -> None:
    await identified(world)
    world.clock.advance(timedelta(days=365))
    assert await erase(world) == 0
    world.clock.advance(timedelta(seconds=1))
    assert await erase(world) == 1
    assert await numbers(world.database) == []


async def rotated(world: World) -> int:
    version = await world.executor.execute(BeginIdentityNumberKey(), system("test"))
    try:
        while True:
            await world.executor.execute(ResealIdentityNumbers(), system("test"))
    except NothingDue:
        return version


@pytest.fixture
def small_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registration, "CHUNK", 2)


@pytest.mark.usefixtures("small_chunks")
@pytest.mark.parametrize("chunks", range(4))
async def test_a_rotation_that_is_broken_off_anywhere_goes_on_where_it_was(world: World, chunks: int) -> None:
    people = [await identified(world, number) for number in A_FEW]
    assert await world.executor.execute(BeginIdentityNumberKey(), system("test")) == 2
    for _ in range(chunks):
        if (await numbers(world.database))[-1][0] == 1:
            await world.executor.execute(ResealIdentityNumbers(), system("test"))
    await can_be_read(world, people)  # also half-way
    expected = 2 if chunks < 3 else 3
    assert await rotated(world) == expected
    assert {version for version, _ in await numbers(world.database)} == {expected}
    await can_be_read(world, people)


A_FEW = (NUMBER, OTHERS_NUMBER, "198507729807", "201912121215", "191912121215")


async def can_be_read(world: World, people: Sequence[UUID]) -> None:
    """Whoever serves meanwhile reads and finds everybody, and seals for those who come."""
    async with world.unit(system("test"), world.ids.new()) as work:
        for person, number in zip(people, A_FEW, strict=True):
            identity = await work.registrations.current_identity(person)
            assert identity is not None
            assert world.identity_numbers.open(identity.number, customer_id=person) == number


async def test_a_new_key_waits_for_whoever_still_seals_by_the_old_one(world: World) -> None:
    """Else a number could be left behind that was sealed by it."""
    karin = await world.person()
    async with world.unit(system("test"), world.ids.new()) as work:
        assert await work.registrations.key_version() == 1
        begun = asyncio.create_task(world.executor.execute(BeginIdentityNumberKey(), system("test")))
        await asyncio.sleep(0.2)
        assert not begun.done()
    assert await begun == 2
    await world.identify(karin, NUMBER)
    assert await numbers(world.database) == [(2, "19850712-••••")]


async def test_a_number_that_was_moved_to_another_customer_stops_the_rotation(
    world: World, owner: asyncpg.Connection[Any]
) -> None:
    await identified(world)
    await identified(world, OTHERS_NUMBER, name="Olle")
    await owner.execute(
        "update customer_identity set sealed_number = (select sealed_number from customer_identity order by 1 limit 1)"
    )
    await world.executor.execute(BeginIdentityNumberKey(), system("test"))
    with pytest.raises(Unreadable):
        await world.executor.execute(ResealIdentityNumbers(), system("test"))
    assert {version for version, _ in await numbers(world.database)} == {1}


async def found(world: World, value: str) -> list[UUID]:
    search = FindCustomers(search=CustomerSearch(SearchKind.IDENTITY_NUMBER, value))
    return list(await world.executor.execute(search, staff(await world.staff(), [StaffRole.AGENT])))


async def test_staff_find_a_customer_by_the_whole_number_also_after_a_rotation(world: World) -> None:
    karin = await identified(world)
    await identified(world, OTHERS_NUMBER, name="Olle")
    await rotated(world)
    assert await found(world, NUMBER) == [karin]
    assert await found(world, NUMBER[:8]) == []
    assert await found(world, "%") == []


async def test_the_number_is_nowhere_in_the_database(
    world: World, owner: asyncpg.Connection[Any], caplog: pytest.LogCaptureFixture
) -> None:
    """Neither plain, nor in another writing, nor by a hash that anybody could make."""
    caplog.set_level("DEBUG")
    karin = await identified(world, "19850712-9800")
    await register(world, karin, await card_of(world, karin))
    await found(world, NUMBER)
    with pytest.raises(IdentityNotLinkable):
        await world.identify(await world.person("Olle"), "19850712-9800")
    tables = [row[0] for row in await owner.fetch("select tablename from pg_tables where schemaname = 'public'")]
    assert {"audit", "event", "idempotency", "customer_search", "customer_identity"} <= set(tables)
    kept = "\n".join([str(await owner.fetch(f'select t::text from "{table}" t')) for table in tables])
    for text in (NUMBER, "19850712-9800", "8507129800", "850712-9800", "SE:198507129800"):
        plain = text.encode()
        hashes = [hashlib.new(name, plain) for name in ("md5", "sha1", "sha256", "sha512")]
        for trace in (plain.hex(), base64.b64encode(plain).decode(), text, *(each.hexdigest() for each in hashes)):
            assert trace not in kept
            assert trace not in caplog.text
    assert "19850712-••••" in kept  # so the search does reach it
