"""How often codes are sent and tried, and what they cost. All cases share one database, in which nobody meets another:
each has a secret of its own, and so digests of its own."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator, Callable
from datetime import datetime, time, timedelta
from itertools import count
from typing import Any, cast
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest

from domain.customers.customer import ContactKind, ContactPoint
from domain.identity.allowances import SHARDS, networks_of
from domain.identity.contacts import Contact
from domain.identity.errors import (
    PhoneNumberNotServed,
    SignInCodesPaused,
    SignInRefused,
    TextMessagesPaused,
    TooManySignInCodes,
)
from domain.identity.rules import DAY_SECONDS, HOUR_SECONDS, CodeRules, Limit
from domain.identity.senders import Sender
from domain.kernel.access import system
from persistence.database import Database, open_database
from tests.auth.support import SignInWorld
from tests.support.databases import TestServer
from tests.support.operators import NORRSKEN
from tests.support.time import START, TestClock, TestIds
from tests.support.world import World

SECOND = timedelta(seconds=1)
DAY = timedelta(days=1)
PHONE = Sender(address="192.0.2.7", client_id="kontant-app", device="a secret of this phone's own")
STRANGER = Sender(address="198.51.100.1", client_id="kontant-app")
_numbers = count(46_70_200_0000, 1_000)  # a block of its own for each, which has a limit too
_secrets = count()
_days = count(1)
CONNECTIONS = 5

Of = Callable[..., SignInWorld]


@pytest.fixture(scope="module")
async def url(server: TestServer) -> AsyncGenerator[str]:
    name = await server.new_database()
    yield server.server.application_url(name)
    await server.drop(name)


@pytest.fixture(scope="module")
async def people(url: str) -> AsyncGenerator[World]:
    database = await open_database(url, connections=CONNECTIONS)
    clock = TestClock()
    yield World(database, NORRSKEN, clock, TestIds(clock), cast("Any", None))
    await database.close()


@pytest.fixture
async def a_world(people: World) -> AsyncGenerator[Of]:
    """Makes sign-in with rules of the case's own, on a day that no other case has."""
    morning = START + 2 * next(_days) * DAY
    people.clock.advance(morning - people.clock.now())
    made: list[SignInWorld] = []

    def of(rules: CodeRules | None = None, *, secret: bytes | None = None) -> SignInWorld:
        secret = secret or f"the secret of case {next(_secrets)}, as long as it has to be".encode()
        world = SignInWorld(people.database, NORRSKEN, people.clock, people.ids, secret=secret, rules=rules)
        world.people = people
        made.append(world)
        return world

    yield of
    for world in made:
        await world.identity.aclose()


@pytest.fixture
def signing(a_world: Of) -> SignInWorld:
    return a_world()


@pytest.fixture
async def number(people: World) -> str:
    """Somebody's."""
    number = a_number()
    await people.person(phone_number=number)
    return number


def a_number() -> str:
    """Nobody's."""
    return f"+{next(_numbers)}"


def elsewhere(n: int) -> Sender:
    """A sender in a network of their own."""
    return Sender(address=f"203.0.{n}.9", client_id="kontant-app")


async def wait_seconds(signing: SignInWorld, contact: str, sender: Sender = STRANGER) -> int:
    """For how long the next code has to wait."""
    with pytest.raises(TooManySignInCodes) as refusal:
        await signing.code_for(contact, sender=sender)
    return refusal.value.retry_after_seconds


async def refused(signing: SignInWorld, challenge: UUID, code: str, sender: Sender = STRANGER) -> None:
    with pytest.raises(SignInRefused):
        await signing.redeem(challenge, code, sender=sender)


def wrong(code: str) -> str:
    return f"{(int(code) + 1) % 1_000_000:06}"


# One contact


@pytest.mark.parametrize("is_known", [True, False], ids=["known", "unknown"])
async def test_each_code_waits_twice_as_long_as_the_one_before(
    signing: SignInWorld, number: str, is_known: bool
) -> None:
    contact = number if is_known else a_number()
    for wait in (30, 60, 120, 240, 480):
        await signing.code_for(contact)
        assert await wait_seconds(signing, contact) == wait
        signing.clock.advance((wait - 1) * SECOND)
        assert await wait_seconds(signing, contact) == 1
        signing.clock.advance(SECOND)
    await signing.code_for(contact)


async def test_nobody_is_locked_out_for_longer_than_the_longest_wait(a_world: Of, number: str) -> None:
    signing = a_world(CodeRules(longest_wait_seconds=45))
    for wait in (30, 45, 45, 45, 45, 45, 45, 45, 45):
        await signing.code_for(number)
        assert await wait_seconds(signing, number) == wait
        signing.clock.advance(wait * SECOND)


async def test_a_right_code_begins_anew(signing: SignInWorld, number: str) -> None:
    for wait in (30, 60, 120):
        await signing.code_for(number)
        signing.clock.advance(wait * SECOND)
    await signing.signed_in(number)
    await signing.code_for(number)
    assert await wait_seconds(signing, number) == 30


async def test_after_a_quiet_day_it_begins_anew(signing: SignInWorld, number: str) -> None:
    for _ in range(2):
        await signing.code_for(number)
        signing.clock.advance(timedelta(minutes=1))
    signing.clock.advance(DAY)
    await signing.code_for(number)
    assert await wait_seconds(signing, number) == 30


async def test_the_codes_before_it_stay_good_while_the_next_has_to_wait(signing: SignInWorld, number: str) -> None:
    challenge, code = await signing.code_for(number)
    await wait_seconds(signing, number)
    await signing.redeem(challenge, code)


async def test_twenty_requests_at_once_are_one_code(signing: SignInWorld) -> None:
    contact = a_number()
    asked = [signing.code_for(contact, sender=elsewhere(n)) for n in range(20)]
    answers = await asyncio.gather(*asked, return_exceptions=True)
    assert sum(isinstance(answer, TooManySignInCodes) for answer in answers) == 19
    digest = signing.identity.code_process.digest_of(Contact.phone(contact))
    kept = "select count(*) from sign_in_challenge where contact_digest = $1"
    assert await signing.database.fetchval(kept, digest) == 1


async def test_another_spelling_is_the_same_number_and_another_case_the_same_address(signing: SignInWorld) -> None:
    contact = a_number()
    await signing.code_for(contact)
    await wait_seconds(signing, f" {contact[:3]} (0){contact[3:5]}-{contact[5:]} ")
    await signing.code_for("karin@smörgås.example")
    await wait_seconds(signing, "KARIN@xn--smrgs-pra0j.EXAMPLE")


async def test_one_contact_does_not_use_up_anothers_codes(signing: SignInWorld, number: str) -> None:
    await signing.code_for(number)
    await signing.code_for(a_number())


# Strangers, and devices that are known


async def test_strangers_keep_nobody_waiting_on_a_device_that_is_known(signing: SignInWorld, number: str) -> None:
    await signing.signed_in(number, sender=PHONE)
    for _ in range(5):
        await signing.code_for(number, sender=STRANGER)
        signing.clock.advance(await wait_seconds(signing, number) * SECOND)
    await signing.code_for(number, sender=STRANGER)
    await signing.signed_in(number, sender=PHONE)


async def test_a_known_device_has_to_wait_for_its_own_codes(signing: SignInWorld, number: str) -> None:
    await signing.signed_in(number, sender=PHONE)
    await signing.code_for(number, sender=PHONE)
    assert await wait_seconds(signing, number, PHONE) == 30


async def test_a_device_is_known_by_a_right_code_only_and_for_that_contact_only(
    signing: SignInWorld, number: str, people: World
) -> None:
    await signing.code_for(number, sender=PHONE)
    await wait_seconds(signing, number, PHONE)
    assert await wait_seconds(signing, number, STRANGER) == 30, "it is counted with the strangers"
    signing.clock.advance(30 * SECOND)
    await signing.signed_in(number, sender=PHONE)
    other = a_number()
    await people.person(phone_number=other)
    await signing.code_for(other, sender=STRANGER)
    await wait_seconds(signing, other, PHONE)


async def test_whoever_asks_first_from_a_device_is_not_made_known_by_the_owners_own_code(
    signing: SignInWorld, number: str
) -> None:
    await signing.code_for(number, sender=Sender(address="198.51.100.1", device="a secret of the stranger's own"))
    signing.clock.advance(30 * SECOND)
    await signing.signed_in(number, sender=PHONE)
    await signing.code_for(number, sender=STRANGER)
    await wait_seconds(signing, number, Sender(address="198.51.100.1", device="a secret of the stranger's own"))


async def test_a_stranger_uses_up_their_own_network_before_the_number(a_world: Of, number: str) -> None:
    signing = a_world(CodeRules(contact_network=Limit(3, DAY_SECONDS)))
    for _ in range(3):
        await signing.code_for(number, sender=STRANGER)
        signing.clock.advance(timedelta(minutes=5))
    assert await wait_seconds(signing, number, STRANGER) > HOUR_SECONDS
    await signing.code_for(number, sender=elsewhere(1))


async def test_a_known_device_is_not_held_up_by_the_limits_of_where_it_is(a_world: Of, number: str) -> None:
    one = Limit(1, HOUR_SECONDS)
    signing = a_world(CodeRules(address=one, network=one, prefix=one, client=one, everybody=one, contact_network=one))
    await signing.signed_in(number, sender=PHONE)
    with pytest.raises(SignInCodesPaused):
        await signing.code_for(a_number(), sender=PHONE)
    await signing.signed_in(number, sender=PHONE)


# Where it is asked from, and for which numbers


async def test_an_address_can_ask_so_often_for_whomever(a_world: Of) -> None:
    signing = a_world(CodeRules(address=Limit(4, HOUR_SECONDS)))
    for _ in range(4):
        await signing.code_for(a_number(), sender=STRANGER)
    assert await wait_seconds(signing, a_number(), STRANGER) == 15 * 60
    await signing.code_for(a_number(), sender=Sender(address="198.51.100.2"))
    signing.clock.advance(timedelta(minutes=15))
    await signing.code_for(a_number(), sender=STRANGER)
    await wait_seconds(signing, a_number(), STRANGER)


async def test_addresses_of_one_network_have_a_limit_together(a_world: Of) -> None:
    signing = a_world(CodeRules(network=Limit(3, HOUR_SECONDS)))
    for last in range(3):
        await signing.code_for(a_number(), sender=Sender(address=f"198.51.100.{last}"))
    await wait_seconds(signing, a_number(), Sender(address="198.51.100.200"))
    await signing.code_for(a_number(), sender=Sender(address="198.51.101.0"))


@pytest.mark.parametrize(
    ("address", "near", "wide"),
    [
        ("192.0.2.7", "192.0.2.7/32", "192.0.2.0/24"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64", "2001:db8:1::/48"),
        ("::ffff:192.0.2.7", "192.0.2.7/32", "192.0.2.0/24"),
        ("unknown", "", ""),
    ],
)
def test_a_subscriber_is_one_address_and_a_neighbourhood_one_network(address: str, near: str, wide: str) -> None:
    assert networks_of(address) == (near, wide)


async def test_a_range_of_numbers_has_a_limit_together(a_world: Of) -> None:
    signing = a_world(CodeRules(prefix=Limit(3, HOUR_SECONDS)))
    first = int(a_number()[1:])
    for n in range(3):
        await signing.code_for(f"+{first + n * 100}", sender=elsewhere(n))
    await wait_seconds(signing, f"+{first + 999}", elsewhere(9))
    await signing.code_for(f"+{first + 1000}", sender=elsewhere(9))


async def test_a_program_has_a_limit(a_world: Of) -> None:
    signing = a_world(CodeRules(client=Limit(2, HOUR_SECONDS)))
    for n in range(2):
        await signing.code_for(a_number(), sender=elsewhere(n))
    await wait_seconds(signing, a_number(), elsewhere(3))
    await signing.code_for(a_number(), sender=Sender(address="203.0.4.9", client_id="web"))


async def test_a_day_has_a_limit_over_all(a_world: Of) -> None:
    signing = a_world(CodeRules(everybody=Limit(2, DAY_SECONDS)))
    for contact in (a_number(), "somebody@example.com"):
        await signing.code_for(contact)
    for contact in (a_number(), "somebody.else@example.com"):
        with pytest.raises(SignInCodesPaused) as refusal:
            await signing.code_for(contact)
        assert refusal.value.retry_after_seconds == DAY_SECONDS / 2


async def test_what_very_many_share_is_counted_in_parts_that_make_up_the_whole(a_world: Of) -> None:
    signing = a_world(CodeRules(everybody=Limit(1_600, DAY_SECONDS)))
    for n in range(60):
        await signing.code_for(f"somebody-{n}@example.com")
    rows = await signing.database.fetch(
        "select extract(epoch from empty_until - $1)::int / (86400 / 100) as taken from code_allowance"
        " where empty_until > $1",
        signing.clock.now(),
    )
    everybody = [row["taken"] for row in rows if row["taken"]]
    assert sum(everybody) == 60
    assert len(everybody) > 8


async def test_a_refusal_takes_nothing_from_any_allowance(a_world: Of) -> None:
    signing = a_world(CodeRules(address=Limit(1, HOUR_SECONDS), client=Limit(2, HOUR_SECONDS)))
    await signing.code_for(a_number(), sender=STRANGER)
    for _ in range(5):
        assert await wait_seconds(signing, a_number(), STRANGER) == HOUR_SECONDS
    await signing.code_for(a_number(), sender=elsewhere(1))


async def test_limits_hold_for_requests_at_once_in_several_processes(a_world: Of) -> None:
    rules, secret = CodeRules(address=Limit(5, HOUR_SECONDS)), b"what both processes of the deployment know"
    processes = [a_world(rules, secret=secret) for _ in range(2)]
    asked = [processes[n % 2].code_for(a_number(), sender=STRANGER) for n in range(20)]
    answers = await asyncio.gather(*asked, return_exceptions=True)
    assert sum(isinstance(answer, TooManySignInCodes) for answer in answers) == 15


async def test_no_address_is_kept_in_clear(signing: SignInWorld) -> None:
    await signing.code_for(a_number(), sender=Sender(address="198.51.100.77", device="a secret that only the app has"))
    tables = ("code_allowance", "sign_in_challenge", "audit", "event", "message")
    rows = [await signing.database.fetch(f"select t::text from {table} t") for table in tables]
    kept = "\n".join(str(row[0]) for of_table in rows for row in of_table)
    assert "198.51.100" not in kept
    assert b"198.51.100.77".hex() not in kept
    assert "only the app has" not in kept


# Trying


async def test_tries_are_counted_over_all_codes_of_a_contact(a_world: Of, number: str) -> None:
    signing = a_world(CodeRules(tries_a_day=7, first_wait_seconds=1, longest_wait_seconds=1))
    first, code = await signing.code_for(number)
    for _ in range(5):
        await refused(signing, first, wrong(code))
    signing.clock.advance(SECOND)
    second, code = await signing.code_for(number)
    for _ in range(2):
        await refused(signing, second, wrong(code))
    await refused(signing, second, code)


async def test_twenty_guesses_at_once_on_two_codes_are_one_budget(
    a_world: Of, number: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    signing = a_world(CodeRules(tries_a_day=6, first_wait_seconds=1, longest_wait_seconds=1))
    first, _ = await signing.code_for(number)
    signing.clock.advance(SECOND)
    second, _ = await signing.code_for(number)
    guesses = [signing.redeem((first, second)[n % 2], "nonsense") for n in range(20)]
    assert all(isinstance(answer, SignInRefused) for answer in await asyncio.gather(*guesses, return_exceptions=True))
    left = "select sum(attempts_left) from sign_in_challenge where id = any($1)"
    assert await signing.database.fetchval(left, [first, second]) == 10 - 6


async def test_strangers_do_not_use_up_the_tries_of_a_known_device(a_world: Of, number: str) -> None:
    signing = a_world(CodeRules(tries_a_day=5))
    await signing.signed_in(number, sender=PHONE)
    challenge, code = await signing.code_for(number, sender=STRANGER)
    for _ in range(5):
        await refused(signing, challenge, wrong(code))
    await signing.signed_in(number, sender=PHONE)


async def test_a_right_code_gives_the_tries_back(a_world: Of, number: str) -> None:
    signing = a_world(CodeRules(tries_a_day=5, first_wait_seconds=1, longest_wait_seconds=1))
    for _ in range(3):
        challenge, code = await signing.code_for(number)
        for _ in range(4):
            await refused(signing, challenge, wrong(code))
        await signing.redeem(challenge, code)
        signing.clock.advance(SECOND)


@pytest.mark.parametrize("rules", [CodeRules(address_tries=Limit(3, 60)), CodeRules(network_tries=Limit(3, 60))])
async def test_a_sender_tries_so_many_codes_of_whomever(a_world: Of, people: World, rules: CodeRules) -> None:
    signing = a_world(rules)
    number = a_number()
    await people.person(phone_number=number)
    challenge, code = await signing.code_for(number)
    for _ in range(3):
        unknown, _ = await signing.code_for(a_number())
        await refused(signing, unknown, "000000", STRANGER)
    await refused(signing, challenge, code, STRANGER)
    signing.clock.advance(20 * SECOND)
    await signing.redeem(challenge, code, sender=STRANGER)


async def test_made_up_challenges_are_counted_as_tries_too(a_world: Of, number: str) -> None:
    signing = a_world(CodeRules(address_tries=Limit(3, 60)))
    for _ in range(3):
        await refused(signing, signing.ids.new(), "000000", STRANGER)
    challenge, code = await signing.code_for(number)
    await refused(signing, challenge, code, STRANGER)


# To which numbers, and for how much


@pytest.mark.parametrize(
    ("number", "what"),
    [
        ("+37120000605", "another country's"),
        ("+46900123456", "premium rate"),
        ("+46771123456", "shared cost"),
        ("+4620123456", "toll free"),
        ("+46812345678", "a fixed line"),
        ("+447700900123", "nobody's, abroad"),
    ],
)
async def test_no_text_message_goes_to(a_world: Of, people: World, number: str, what: str) -> None:
    signing = a_world()
    for _ in range(2):  # at first nobody's, then somebody's
        with pytest.raises(PhoneNumberNotServed):
            await signing.code_for(number)
        await people.person(phone_number=number)


async def test_a_country_can_be_added(a_world: Of) -> None:
    signing = a_world(CodeRules(countries=frozenset({"LV"})))
    await signing.code_for("+37120000999")
    with pytest.raises(PhoneNumberNotServed):
        await signing.code_for("+37167000999")  # a fixed line there


async def _pump(signing: SignInWorld, people: World, how_often: int) -> None:
    for _ in range(how_often):
        number = a_number()
        await people.person(phone_number=number)
        await signing.code_for(number)


async def test_at_the_ceiling_no_text_message_goes_out_to_anybody_until_the_day_is_over(
    a_world: Of, people: World, number: str
) -> None:
    signing = a_world(CodeRules(sms_price_minor=40, sms_ceiling_minor=150))
    await signing.signed_in(number, sender=PHONE)
    await _pump(signing, people, 2)
    for contact, sender in ((a_number(), STRANGER), (number, PHONE)):
        with pytest.raises(TextMessagesPaused) as refusal:
            await signing.code_for(contact, sender=sender)
        midnight = datetime.combine(signing.clock.now().date() + DAY, time(0), ZoneInfo("Europe/Stockholm"))
        assert refusal.value.retry_after_seconds == (midnight - signing.clock.now()).total_seconds()
    await signing.code_for("karin@example.com")
    signing.clock.advance(refusal.value.retry_after_seconds * SECOND)
    await signing.code_for(number)


async def test_each_country_has_its_price(a_world: Of, people: World) -> None:
    signing = a_world(CodeRules(countries=frozenset({"LV"}), sms_prices_minor={"LV": 100}, sms_ceiling_minor=149))
    await _pump(signing, people, 1)
    with pytest.raises(TextMessagesPaused):
        await signing.code_for("+37120001999")
    await _pump(signing, people, 1)


async def test_what_is_sent_to_nobody_costs_nothing_and_what_is_refused_neither(a_world: Of, people: World) -> None:
    signing = a_world(CodeRules(sms_price_minor=60, sms_ceiling_minor=100))
    for _ in range(5):
        await signing.code_for(a_number())
    await _pump(signing, people, 1)
    for _ in range(3):
        with pytest.raises(TextMessagesPaused):
            await signing.code_for(a_number())
    assert await cost_minor(signing.database) == 60


async def test_requests_at_once_cost_no_more_than_the_ceiling_and_what_is_under_way(a_world: Of, people: World) -> None:
    signing = a_world(CodeRules(sms_price_minor=10, sms_ceiling_minor=50))
    contacts = [a_number() for _ in range(20)]
    for contact in contacts:
        await people.person(phone_number=contact)
    await asyncio.gather(*[signing.code_for(contact) for contact in contacts], return_exceptions=True)
    assert 50 <= await cost_minor(signing.database) <= 50 + 10 * CONNECTIONS


async def cost_minor(database: Database) -> int:
    """Of the last day on which there was any."""
    return await database.fetchval(
        "select sum(cost_minor)::int from sms_cost where day = (select max(day) from sms_cost)"
    )


async def test_the_alarm_is_given_once_a_day_in_all_processes(
    a_world: Of, people: World, caplog: pytest.LogCaptureFixture
) -> None:
    rules = CodeRules(sms_price_minor=60, sms_ceiling_minor=100)
    processes = [a_world(rules) for _ in range(2)]
    before = await signals(people.database)
    for day in range(1, 3):
        caplog.clear()
        await _pump(processes[0], people, 1)
        for process in (*processes, *processes):
            with pytest.raises(TextMessagesPaused):
                await process.code_for(a_number())
        [alarm] = [record for record in caplog.records if record.levelno == logging.ERROR]
        assert alarm.__dict__["ceiling_minor"] == 100
        assert await signals(people.database) == before + day
        people.clock.advance(DAY)


async def signals(database: Database) -> int:
    return await database.fetchval("select count(*) from event where type = 'sms_ceiling.reached'")


# Whether somebody is known

COUNTED = ("sign_in_challenge", "message", "pgqueuer", "audit", "event", "code_allowance", "sms_cost", "known_device")


async def sizes(database: Database) -> dict[str, int]:
    return {table: await database.fetchval(f"select count(*) from {table}") for table in COUNTED}


@pytest.mark.parametrize("kind", list(ContactKind))
async def test_a_known_and_an_unknown_contact_cost_the_same_statements_and_rows(
    people: World, url: str, kind: ContactKind
) -> None:
    known, unknown = (
        (a_number(), a_number()) if kind is ContactKind.PHONE else ("known@example.com", "nobody@example.com")
    )
    person = await people.person()
    async with people.unit(system("test"), people.ids.new()) as work:
        point = ContactPoint(customer_id=person, kind=kind, value=known)
        assert await work.customers.add_contact_point(point, work.now)
    day = people.clock.now().date()
    statements: list[str] = []
    said: list[list[str]] = []
    grown: list[dict[str, int]] = []
    database = await open_database(url, connections=1)
    try:
        rules = CodeRules(client=Limit(1_000, HOUR_SECONDS), everybody=Limit(1_000, DAY_SECONDS))  # in one part each
        world = SignInWorld(database, NORRSKEN, people.clock, people.ids, rules=rules)
        async with database.connection() as (_, driver):  # the only one, so also the next one's
            driver.add_query_logger(lambda query: statements.append(query.query))
        # On its first use a connection asks some questions of its own, and the first code of all has rows to make.
        first, _ = await world.code_for(a_number() if kind is ContactKind.PHONE else "first@example.com", sender=PHONE)
        await refused(world, first, "nonsense", PHONE)
        for part in range(SHARDS):
            await database.execute("insert into sms_cost values ($1, $2, 0) on conflict do nothing", day, part)
        for contact in (known, unknown):
            for outcome in ("sent", "refused"):
                before = await sizes(people.database)
                statements.clear()
                if outcome == "sent":
                    challenge, _ = await world.code_for(contact, sender=PHONE)
                    await refused(world, challenge, "nonsense", PHONE)
                else:
                    await wait_seconds(world, contact, PHONE)
                said.append([*statements])
                after = await sizes(people.database)
                grown.append({table: after[table] - before[table] for table in COUNTED})
        await world.identity.aclose()
    finally:
        await database.close()
    assert said[:2] == said[2:]
    assert len(said[0]) >= 12, "the logger sees nothing, so the comparison says nothing"
    assert grown[:2] == grown[2:]
