"""How people become known, save payment methods, form families and are handed cards."""

from __future__ import annotations

from datetime import date, timedelta
from uuid import UUID

import pytest

from domain.cards import usecases as cards
from domain.cards.card import BlockReason, Card, CardStatus
from domain.cards.errors import CardAlreadyIssued, CardClosed
from domain.cards.usecases import BlockCard, EndCardPeriods, IssueCard
from domain.customers import usecases as customers
from domain.customers.errors import ContactPointTaken
from domain.customers.usecases import RegisterCustomer
from domain.families import usecases as families
from domain.families.errors import AlreadyInFamily, GuardianRequired
from domain.families.family import FamilyRole
from domain.families.usecases import AddFamilyMember, CreateFamily
from domain.kernel.access import customer, system
from domain.kernel.chores import NothingDue
from domain.kernel.errors import Forbidden, Invalid
from domain.kernel.executor import Executor
from domain.payments import usecases as payments
from domain.payments.usecases import SavePaymentMethod
from tests.support.world import World

SHOP = system("shop")
NUMBER = "+46701740605"


@pytest.fixture
def executor(world: World) -> Executor:
    cases = (*customers.USE_CASES, *families.USE_CASES, *cards.USE_CASES, *payments.USE_CASES)
    return Executor(cases, world.unit, world.ids)


def karin(phone_number: str = NUMBER) -> RegisterCustomer:
    return RegisterCustomer(
        given_name="Karin",
        family_name="Ek",
        birth_date=date(1982, 2, 28),
        phone_number=phone_number,
        locale="sv-SE",
    )


def a_card(holder: UUID, *, number: str = NUMBER, is_registered: bool = True) -> IssueCard:
    return IssueCard(
        phone_number=number, iccid=f"89{number[1:]}", holder_id=holder, user_id=holder, is_registered=is_registered
    )


async def status_of(world: World, card: Card) -> str:
    return await world.database.fetchval("select status from card where id = $1", card.id)


async def events(world: World) -> list[str]:
    return [row[0] for row in await world.database.fetch("select type from event order by position")]


async def test_a_person_is_reached_by_the_number_they_registered(world: World, executor: Executor) -> None:
    person = await executor.execute(karin(), SHOP)
    found = await world.database.fetchrow("select * from contact_point")
    assert (found["customer_id"], found["value"]) == (person.id, NUMBER)
    assert await events(world) == ["customer.registered"]


async def test_a_number_belongs_to_one_person_only(world: World, executor: Executor) -> None:
    await executor.execute(karin(), SHOP)
    with pytest.raises(ContactPointTaken):
        await executor.execute(karin(), SHOP)
    assert await world.database.fetchval("select count(*) from customer") == 1


async def test_the_audit_log_knows_nothing_personal_of_who_registered(world: World, executor: Executor) -> None:
    person = await executor.execute(karin(), SHOP)
    await executor.execute(a_card(person.id), SHOP)
    written = await world.database.fetchval("select string_agg(details::text, ' ') from audit")
    assert "sv-SE" in written
    assert not [word for word in ("Karin", "Ek", "1982", NUMBER[1:]) if word in written]


async def test_a_new_default_method_takes_the_place_of_the_old_one(world: World, executor: Executor) -> None:
    person = await world.person()
    methods = [
        await executor.execute(
            SavePaymentMethod(
                customer_id=person,
                token=f"token-{digits}",
                brand="Visa",
                last_digits=digits,
                expires_on=date(2030, 1, 31),
                is_default=True,
            ),
            SHOP,
        )
        for digits in ("0001", "0002")
    ]
    defaults = await world.database.fetch("select id from payment_method where is_default")
    assert [row["id"] for row in defaults] == [methods[1].id]


async def test_a_child_joins_with_its_guardians(world: World, executor: Executor) -> None:
    owner, aunt, child = [await world.person() for _ in range(3)]
    family = await executor.execute(CreateFamily(name="Ek", owner_id=owner), SHOP)
    await executor.execute(
        AddFamilyMember(family_id=family, customer_id=child, role=FamilyRole.CHILD, guardian_ids=(owner, aunt)),
        SHOP,
    )
    roles = await world.database.fetch("select customer_id, role from family_member")
    assert {tuple(row) for row in roles} == {(owner, "OWNER"), (child, "CHILD")}
    guardians = await world.database.fetch("select guardian_id from guardianship where dependant_id = $1", child)
    assert {row[0] for row in guardians} == {owner, aunt}


async def test_a_child_without_a_guardian_in_the_family_is_refused(world: World, executor: Executor) -> None:
    owner, aunt, neighbour, child = [await world.person() for _ in range(4)]
    family = await executor.execute(CreateFamily(name="Ek", owner_id=owner), SHOP)
    for guardian_ids in ((), (aunt,), (child,), (owner, aunt, neighbour)):
        command = AddFamilyMember(family_id=family, customer_id=child, role=FamilyRole.CHILD, guardian_ids=guardian_ids)
        with pytest.raises(GuardianRequired):
            await executor.execute(command, SHOP)
    assert await world.database.fetchval("select count(*) from guardianship") == 0


async def test_a_customer_belongs_to_one_family_at_most(world: World, executor: Executor) -> None:
    owner, member = await world.person(), await world.person()
    family = await executor.execute(CreateFamily(name="Ek", owner_id=owner), SHOP)
    await executor.execute(AddFamilyMember(family_id=family, customer_id=member, role=FamilyRole.MEMBER), SHOP)
    with pytest.raises(AlreadyInFamily):
        await executor.execute(CreateFamily(name="Ek", owner_id=member), SHOP)
    assert await world.database.fetchval("select count(*) from family") == 1


@pytest.mark.parametrize(("role", "has_guardian"), [(FamilyRole.OWNER, False), (FamilyRole.MEMBER, True)])
async def test_a_second_owner_and_a_guarded_adult_make_no_sense(
    world: World, executor: Executor, role: FamilyRole, has_guardian: bool
) -> None:
    owner, other = await world.person(), await world.person()
    family = await executor.execute(CreateFamily(name="Ek", owner_id=owner), SHOP)
    command = AddFamilyMember(
        family_id=family, customer_id=other, role=role, guardian_ids=(owner,) if has_guardian else ()
    )
    with pytest.raises(Invalid):
        await executor.execute(command, SHOP)


async def test_a_registered_card_is_active_as_if_it_had_been_topped_up(world: World, executor: Executor) -> None:
    card = await executor.execute(a_card(await world.person()), SHOP)
    assert (card.status, card.active_until) == (CardStatus.ACTIVE, date(2027, 3, 2))
    assert await world.database.fetchval("select registered_at from card") == world.clock.now()


async def test_a_card_whose_holder_is_not_identified_waits(world: World, executor: Executor) -> None:
    card = await executor.execute(a_card(await world.person(), is_registered=False), SHOP)
    assert (card.status, card.active_until) == (CardStatus.AWAITING_REGISTRATION, None)
    assert await world.database.fetchval("select registered_at from card") is None


async def test_a_number_is_on_one_card_only(world: World, executor: Executor) -> None:
    person = await world.person()
    await executor.execute(a_card(person), SHOP)
    with pytest.raises(CardAlreadyIssued):
        await executor.execute(a_card(person), SHOP)


async def end_periods(executor: Executor) -> int:
    try:
        return await executor.execute(EndCardPeriods(), SHOP)
    except NothingDue:
        return 0


async def test_the_calendar_takes_a_card_into_grace_and_then_to_its_end(world: World, executor: Executor) -> None:
    card = await executor.execute(a_card(await world.person()), SHOP)
    for days, status in ((365, "ACTIVE"), (1, "GRACE"), (91, "GRACE"), (2, "CLOSED")):
        world.clock.advance(timedelta(days=days))
        await end_periods(executor)
        assert await status_of(world, card) == status
    assert await events(world) == ["card.issued", "card.entered_grace", "card.closed"]


async def test_a_blocked_card_stays_blocked_whatever_the_calendar_says(world: World, executor: Executor) -> None:
    card = await executor.execute(a_card(await world.person()), SHOP)
    await executor.execute(BlockCard(card_id=card.id, reason=BlockReason.LOST), SHOP)
    world.clock.advance(timedelta(days=800))
    await end_periods(executor)
    assert await status_of(world, card) == "BLOCKED"


async def test_a_closed_card_cannot_be_blocked(world: World, executor: Executor) -> None:
    card = await executor.execute(a_card(await world.person()), SHOP)
    world.clock.advance(timedelta(days=800))
    await end_periods(executor)
    with pytest.raises(CardClosed):
        await executor.execute(BlockCard(card_id=card.id, reason=BlockReason.LOST), SHOP)


async def test_none_of_this_is_a_customer_s_to_do(world: World, executor: Executor) -> None:
    person = await world.person()
    for command in (
        karin(),
        CreateFamily(name="Ek", owner_id=person),
        a_card(person),
        BlockCard(card_id=person, reason=BlockReason.LOST),
    ):
        with pytest.raises(Forbidden):
            await executor.execute(command, customer(person))
