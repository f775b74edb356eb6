"""Another phone number or e-mail address: proved at both ends, told to the old one, and taken back from there."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any
from uuid import UUID

import asyncpg
import pytest

from auth.refresh import NewRefreshToken
from domain.contacts.errors import (
    ContactPointCodeRefused,
    ContactPointNotFound,
    ContactPointUnchanged,
    LastContactPoint,
    SignedInByPhone,
    UndoRefused,
)
from domain.contacts.usecases import RemoveContactPoint
from domain.customers.customer import ContactKind
from domain.customers.errors import ContactPointTaken
from domain.identity.contacts import Contact
from domain.identity.errors import RefreshRefused, SignInRefused
from domain.identity.senders import NOBODY
from domain.identity.session import AuthenticationMethod, Person, Session
from domain.kernel.access import Actor, Assurance, Authentication, Delegation, SupportAccess, customer, impersonating
from domain.kernel.access import system as our
from domain.kernel.errors import Forbidden, StepUpRequired
from persistence.database import Database
from persistence.maintenance import delete_what_has_passed
from tests.auth.support import KARINS_NUMBER, SignInWorld
from tests.support.world import World

HOUR = timedelta(hours=1)
NEW_NUMBER, THIRD_NUMBER = "+46701740606", "+46701740607"
EMAIL, ANOTHER_EMAIL = "karin@example.com", "thief@example.com"
TABLES = ("sign_in_challenge", "message", "pgqueuer", "contact_point", "contact_point_change")


class Contacts:
    """Karin, who signs in and changes how she is reached."""

    def __init__(self, world: World, signing: SignInWorld, karin: UUID) -> None:
        self.world, self.signing, self.id = world, signing, karin
        self.process = signing.identity.contacts

    def actor(self, *, session_id: UUID | None = None, assurance: Assurance = Assurance.BASIC) -> Actor:
        """Karin, who has just signed in."""
        at = Authentication(self.world.clock.now(), assurance)
        return customer(self.id, session_id, authentication=at)

    async def ask(self, value: str, by: Actor | None = None) -> tuple[UUID, str]:
        """A challenge for a new contact, and its code."""
        challenge = await self.process.change(Contact.typed(value), sender=NOBODY, actor=by or self.actor())
        return challenge.id, self.signing.identity.codes.code_of(challenge.id)

    async def confirm(self, challenge: UUID, code: str, value: str, by: Actor | None = None) -> None:
        await self.process.confirm(challenge, code, Contact.typed(value), sender=NOBODY, actor=by or self.actor())

    async def change(self, value: str, by: Actor | None = None) -> None:
        await self.confirm(*await self.ask(value, by), value, by)

    async def reached_at(self, person: UUID | None = None) -> set[str]:
        rows = await self.world.database.fetch(
            "select value from contact_point where customer_id = $1", person or self.id
        )
        return {row[0] for row in rows}

    async def undo_code(self, address: str) -> str:
        """The one that was last sent to an address."""
        rows = await self.world.database.fetch(
            "select data ->> 'undo_id' from message where address = $1 and data ? 'undo_id' order by created_at desc",
            address,
        )
        return self.signing.identity.undo_codes.code_of(UUID(rows[0][0]))

    async def told(self, kind: str) -> set[str]:
        rows = await self.world.database.fetch("select address from message where kind = $1", kind)
        return {row[0] for row in rows}

    async def session(self, method: AuthenticationMethod) -> UUID:
        """A device on which she has signed in like that."""
        async with self.world.unit(our("test"), self.world.ids.new()) as work:
            session = Session(
                id=work.id,
                person=Person.customer(self.id),
                client_id="kontant-app",
                started_at=work.now,
                method=method,
                generation_at=work.now,
            )
            await work.identity.add_session(session)
        return session.id

    async def is_alive(self, token: NewRefreshToken) -> bool:
        try:
            await self.signing.refreshed(token)
        except RefreshRefused:
            return False
        return True


@pytest.fixture
async def karin(world: World) -> Contacts:
    return Contacts(world, SignInWorld.of(world), await world.person(phone_number=KARINS_NUMBER))


async def sizes(database: Database) -> list[int]:
    return [await database.fetchval(f"select count(*) from {table}") for table in TABLES]


# Both ends


async def test_a_new_number_takes_the_place_of_the_old_one(karin: Contacts) -> None:
    await karin.change(NEW_NUMBER)
    assert await karin.reached_at() == {NEW_NUMBER}
    session, _ = await karin.signing.signed_in(NEW_NUMBER)
    assert session.person == Person.customer(karin.id)
    with pytest.raises(SignInRefused):
        await karin.signing.signed_in(KARINS_NUMBER)


async def test_an_address_is_added_beside_a_number(karin: Contacts) -> None:
    await karin.change("Karin@Example.com")
    assert await karin.reached_at() == {KARINS_NUMBER, EMAIL}
    assert await karin.told("CONTACT_POINT_CHANGED") == {KARINS_NUMBER}


@pytest.mark.parametrize("value", [NEW_NUMBER, EMAIL])
async def test_the_old_end_is_proved_by_signing_in_anew(karin: Contacts, value: str) -> None:
    stale = karin.actor()
    karin.world.clock.advance(timedelta(minutes=5, seconds=1))
    before = await sizes(karin.world.database)
    with pytest.raises(StepUpRequired):
        await karin.ask(value, stale)
    undo = karin.signing.identity.undo_codes.new()
    with pytest.raises(StepUpRequired):
        await karin.signing.executor.execute(RemoveContactPoint(kind=ContactKind.PHONE, undo=undo), stale)
    assert await sizes(karin.world.database) == before


async def test_the_new_end_is_proved_by_its_code(karin: Contacts) -> None:
    challenge, code = await karin.ask(NEW_NUMBER)
    wrong = f"{(int(code) + 1) % 1_000_000:06}"
    for _ in range(5):
        with pytest.raises(ContactPointCodeRefused):
            await karin.confirm(challenge, wrong, NEW_NUMBER)
    with pytest.raises(ContactPointCodeRefused):  # out of tries
        await karin.confirm(challenge, code, NEW_NUMBER)
    assert await karin.reached_at() == {KARINS_NUMBER}


async def test_a_code_proves_only_the_number_that_it_was_sent_to(karin: Contacts) -> None:
    challenge, code = await karin.ask(NEW_NUMBER)
    with pytest.raises(ContactPointCodeRefused):
        await karin.confirm(challenge, code, THIRD_NUMBER)


async def test_a_code_proves_nothing_for_somebody_else(karin: Contacts) -> None:
    challenge, code = await karin.ask(NEW_NUMBER)
    leila = await karin.world.person("Leila")
    with pytest.raises(ContactPointCodeRefused):
        await karin.confirm(challenge, code, NEW_NUMBER, customer(leila))
    assert await karin.reached_at(leila) == set()


async def test_a_code_to_sign_in_with_changes_nothing_and_the_other_way_round(karin: Contacts) -> None:
    challenge, code = await karin.signing.code_for(KARINS_NUMBER)
    with pytest.raises(ContactPointCodeRefused):
        await karin.confirm(challenge, code, KARINS_NUMBER)
    with pytest.raises(SignInRefused):
        await karin.signing.redeem(*await karin.ask(NEW_NUMBER))


async def test_a_code_is_good_once_and_for_five_minutes(karin: Contacts) -> None:
    asked = await karin.ask(NEW_NUMBER)
    await karin.confirm(*asked, NEW_NUMBER)
    with pytest.raises(ContactPointCodeRefused):
        await karin.confirm(*asked, NEW_NUMBER)
    asked = await karin.ask(THIRD_NUMBER)
    karin.world.clock.advance(timedelta(minutes=5))
    with pytest.raises(ContactPointCodeRefused):
        await karin.confirm(*asked, THIRD_NUMBER)


async def test_what_is_ones_own_already_is_no_change(karin: Contacts) -> None:
    with pytest.raises(ContactPointUnchanged):
        await karin.ask(KARINS_NUMBER)


# Others


async def test_nobody_is_told_who_is_a_customer_until_they_read_there(karin: Contacts) -> None:
    """Same answer, same rows; whoever reads the code there may know."""
    database = karin.world.database
    await karin.world.person("Leila", phone_number=NEW_NUMBER)
    written: list[list[int]] = []
    for number in (THIRD_NUMBER, NEW_NUMBER):
        rows = await sizes(database)
        asked = await karin.ask(number)
        written.append([after - before for before, after in zip(rows, await sizes(database), strict=True)])
    assert written[0] == written[1]
    with pytest.raises(ContactPointTaken):
        await karin.confirm(*asked, NEW_NUMBER)
    assert await karin.reached_at() == {KARINS_NUMBER}


async def test_of_two_who_prove_one_address_at_once_one_has_it(karin: Contacts) -> None:
    leila = await karin.world.person("Leila", phone_number=NEW_NUMBER)
    others = customer(leila, authentication=karin.actor().authentication)
    mine = await karin.ask(EMAIL)
    karin.world.clock.advance(timedelta(minutes=1))  # codes to one address are not sent faster
    hers = await karin.ask(EMAIL, others)
    answers = await asyncio.gather(
        karin.confirm(*mine, EMAIL), karin.confirm(*hers, EMAIL, others), return_exceptions=True
    )
    assert [type(answer) for answer in answers if answer is not None] == [ContactPointTaken]
    assert (EMAIL in await karin.reached_at()) != (EMAIL in await karin.reached_at(leila))


@pytest.mark.parametrize("access", SupportAccess)
async def test_staff_change_nothing_for_anybody_and_try_no_code(karin: Contacts, access: SupportAccess) -> None:
    actor = impersonating(karin.world.ids.new(), karin.id, Delegation(karin.world.ids.new(), access))
    asked = await karin.ask(NEW_NUMBER)
    attempts: list[Any] = [
        karin.ask(EMAIL, actor),
        karin.confirm(*asked, NEW_NUMBER, actor),
        karin.process.remove(ContactKind.PHONE, actor),
        karin.process.report_lost(Contact.phone(KARINS_NUMBER), actor),
        karin.process.undo("ABCD", actor),
    ]
    for attempt in attempts:
        with pytest.raises(Forbidden):
            await attempt
    assert await karin.world.database.fetchval("select min(attempts_left) from sign_in_challenge") == 5


# What follows


async def test_every_other_device_is_signed_out_and_no_earlier_code_signs_in(karin: Contacts) -> None:
    here, mine = await karin.signing.signed_in()
    _, thiefs = await karin.signing.signed_in()
    early = await karin.signing.code_for(KARINS_NUMBER)
    await karin.change(NEW_NUMBER, karin.actor(session_id=here.id))
    assert await karin.is_alive(mine)
    assert not await karin.is_alive(thiefs)
    with pytest.raises(SignInRefused):
        await karin.signing.redeem(*early)


async def test_the_last_way_to_sign_in_is_not_removed(karin: Contacts) -> None:
    with pytest.raises(ContactPointNotFound):
        await karin.process.remove(ContactKind.EMAIL, karin.actor())
    with pytest.raises(LastContactPoint):
        await karin.process.remove(ContactKind.PHONE, karin.actor())
    await karin.change(EMAIL)
    await karin.process.remove(ContactKind.PHONE, karin.actor())
    assert await karin.reached_at() == {EMAIL}


async def test_of_two_removals_at_once_one_contact_is_left(karin: Contacts) -> None:
    await karin.change(EMAIL)
    removals = [karin.process.remove(kind, karin.actor()) for kind in ContactKind]
    answers = await asyncio.gather(*removals, return_exceptions=True)
    assert [type(answer) for answer in answers if answer is not None] == [LastContactPoint]
    assert len(await karin.reached_at()) == 1


# Taken back


async def test_what_was_changed_is_taken_back_from_the_old_number(karin: Contacts) -> None:
    await karin.change(NEW_NUMBER)
    thief, thiefs = await karin.signing.signed_in(NEW_NUMBER)
    code = await karin.undo_code(KARINS_NUMBER)
    karin.world.clock.advance(72 * HOUR - timedelta(seconds=1))
    await karin.process.undo(f" {code.lower()}\n", karin.actor(session_id=thief.id))
    assert await karin.reached_at() == {KARINS_NUMBER}
    assert not await karin.is_alive(thiefs)
    with pytest.raises(UndoRefused):
        await karin.process.undo(code, karin.actor())


async def test_after_three_days_it_stands(karin: Contacts) -> None:
    await karin.change(NEW_NUMBER)
    code = await karin.undo_code(KARINS_NUMBER)
    karin.world.clock.advance(72 * HOUR)
    with pytest.raises(UndoRefused):
        await karin.process.undo(code, karin.actor())
    assert await karin.reached_at() == {NEW_NUMBER}


async def test_what_came_after_it_is_taken_back_too(karin: Contacts) -> None:
    """A thief adds an address first, then moves the number twice. The news of the first is enough."""
    await karin.change(ANOTHER_EMAIL)
    code = await karin.undo_code(KARINS_NUMBER)
    await karin.change(NEW_NUMBER)
    of_thief = await karin.undo_code(ANOTHER_EMAIL)
    karin.world.clock.advance(HOUR)
    await karin.change(THIRD_NUMBER)
    await karin.process.undo(code, karin.actor())
    assert await karin.reached_at() == {KARINS_NUMBER}
    for later in (of_thief, await karin.undo_code(NEW_NUMBER)):
        with pytest.raises(UndoRefused):
            await karin.process.undo(later, karin.actor())
    assert await karin.told("CONTACT_POINT_RESTORED") == {KARINS_NUMBER}


async def test_what_can_be_taken_back_goes_to_nobody_else_meanwhile(karin: Contacts) -> None:
    leila = await karin.world.person("Leila", phone_number=THIRD_NUMBER)
    others = customer(leila, authentication=karin.actor().authentication)
    await karin.change(NEW_NUMBER)
    asked = await karin.ask(KARINS_NUMBER, others)
    with pytest.raises(ContactPointTaken):
        await karin.confirm(*asked, KARINS_NUMBER, others)
    karin.world.clock.advance(72 * HOUR)
    others = customer(leila, authentication=karin.actor().authentication)
    await karin.change(KARINS_NUMBER, others)
    assert await karin.reached_at(leila) == {KARINS_NUMBER}


async def test_a_change_and_an_undo_at_once_end_in_one_order(karin: Contacts) -> None:
    await karin.change(NEW_NUMBER)
    code = await karin.undo_code(KARINS_NUMBER)
    asked = await karin.ask(THIRD_NUMBER)
    answers = await asyncio.gather(
        karin.confirm(*asked, THIRD_NUMBER), karin.process.undo(code, karin.actor()), return_exceptions=True
    )
    assert not isinstance(answers[1], BaseException)
    # The undo ends the other's code when it comes first, and takes its change back when it comes second.
    assert await karin.reached_at() == {KARINS_NUMBER}


async def test_of_ten_undos_at_once_one_is_done(karin: Contacts) -> None:
    await karin.change(NEW_NUMBER)
    code = await karin.undo_code(KARINS_NUMBER)
    answers = await asyncio.gather(
        *[karin.process.undo(code, karin.actor()) for _ in range(10)], return_exceptions=True
    )
    assert sum(isinstance(answer, UndoRefused) for answer in answers) == 9


@pytest.mark.parametrize("code", ["", "ABCD-EFGH-IJKL-MNOP", "' or true --", "\ud800"])
async def test_a_code_that_never_was_is_refused(karin: Contacts, code: str) -> None:
    await karin.change(NEW_NUMBER)
    with pytest.raises(UndoRefused):
        await karin.process.undo(code, karin.actor())


async def test_what_was_given_up_is_forgotten(karin: Contacts) -> None:
    await karin.change(NEW_NUMBER)
    await delete_what_has_passed(karin.world.database, karin.world.clock.now() + 97 * HOUR)
    assert await karin.world.database.fetchval("select count(*) from contact_point_change") == 0


# Lost


async def test_a_lost_phone_signs_nobody_in_until_it_is_found(karin: Contacts) -> None:
    await karin.change(EMAIL)
    _, thiefs = await karin.signing.signed_in()
    early = await karin.signing.code_for(KARINS_NUMBER)
    here = await karin.session(AuthenticationMethod.EMAIL_CODE)
    actor = karin.actor(session_id=here)
    assert await karin.process.report_lost(Contact.phone(KARINS_NUMBER), actor) == 1
    assert not await karin.is_alive(thiefs)
    with pytest.raises(SignInRefused):
        await karin.signing.redeem(*early)
    karin.world.clock.advance(HOUR)  # codes to one number are not sent faster
    with pytest.raises(SignInRefused):
        await karin.signing.signed_in(KARINS_NUMBER)
    assert EMAIL in await karin.told("PHONE_REPORTED_LOST")
    karin.world.clock.advance(HOUR)
    await karin.change(KARINS_NUMBER, karin.actor(session_id=here))  # a new SIM card with the same number
    karin.world.clock.advance(HOUR)
    await karin.signing.signed_in(KARINS_NUMBER)


async def test_whoever_has_the_phone_cannot_report_it(karin: Contacts) -> None:
    await karin.change(EMAIL)
    on_the_phone = karin.actor(session_id=await karin.session(AuthenticationMethod.SMS_CODE))
    with pytest.raises(SignedInByPhone):
        await karin.process.report_lost(Contact.phone(KARINS_NUMBER), on_the_phone)


async def test_whoever_has_no_other_way_in_needs_an_electronic_identity(karin: Contacts) -> None:
    lost = Contact.phone(KARINS_NUMBER)
    with pytest.raises(LastContactPoint):
        await karin.process.report_lost(lost, karin.actor())
    await karin.process.report_lost(lost, karin.actor(assurance=Assurance.STRONG))


async def test_only_ones_own_phone_is_reported(karin: Contacts) -> None:
    await karin.change(EMAIL)
    await karin.world.person("Leila", phone_number=NEW_NUMBER)
    for number in (NEW_NUMBER, THIRD_NUMBER):
        with pytest.raises(ContactPointNotFound):
            await karin.process.report_lost(Contact.phone(number), karin.actor())


async def test_a_lost_phone_is_not_told_how_to_undo_what_follows(karin: Contacts) -> None:
    await karin.change(EMAIL)
    await karin.process.report_lost(Contact.phone(KARINS_NUMBER), karin.actor())
    await karin.world.database.execute("update message set address = ''")
    await karin.change(NEW_NUMBER)
    assert await karin.told("CONTACT_POINT_CHANGED") == {"", EMAIL}
    await karin.process.undo(await karin.undo_code(EMAIL), karin.actor())
    assert await karin.reached_at() == {EMAIL}


# Nothing personal


async def test_history_knows_neither_number_nor_address_nor_code(
    karin: Contacts, owner: asyncpg.Connection[Any], caplog: pytest.LogCaptureFixture
) -> None:
    await karin.change(EMAIL)
    await karin.change(NEW_NUMBER)
    code = await karin.undo_code(KARINS_NUMBER)
    await karin.process.report_lost(Contact.phone(NEW_NUMBER), karin.actor())
    await karin.process.undo(code, karin.actor())
    rows = [row for table in ("audit", "event") for row in await owner.fetch(f"select t::text from {table} t")]
    payloads = await owner.fetch("select convert_from(payload, 'UTF8') from pgqueuer")
    messages = await owner.fetch("select data::text from message")
    written = "\n".join(str(row[0]) for row in [*rows, *payloads, *messages]) + caplog.text
    for secret in (EMAIL, KARINS_NUMBER, NEW_NUMBER, code, code.replace("-", "")):
        assert secret.lstrip("+") not in written
