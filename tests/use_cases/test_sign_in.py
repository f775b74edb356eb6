"""Signing in by a code."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import pytest

from domain.identity.errors import InvalidPhoneNumber, SignInRefused
from domain.identity.phone_numbers import e164
from domain.identity.session import Person
from domain.notifications.messages import Channel, Message
from domain.notifications.processes import MessageDelivery
from persistence.database import Database
from persistence.queries.notifications import PostgresMessageQueue
from tests.auth.support import KARINS_NUMBER, NOBODYS_NUMBER, SignInWorld
from tests.support.world import World

MINUTE = timedelta(minutes=1)
TABLES = ("sign_in_challenge", "message", "pgqueuer", "audit", "event", "session", "refresh_token", "idempotency")


@pytest.fixture
async def karin(world: World) -> UUID:
    return await world.person(phone_number=KARINS_NUMBER)


@pytest.fixture
def signing(world: World, karin: UUID) -> SignInWorld:
    return SignInWorld.of(world)


def another_code(code: str) -> str:
    return f"{(int(code) + 1) % 1_000_000:06}"


async def everything_kept(owner: asyncpg.Connection[Any]) -> str:
    """Every row of every table that signing in touches, as text."""
    rows = [row for table in TABLES for row in await owner.fetch(f"select t::text from {table} t")]
    payloads = await owner.fetch("select convert_from(payload, 'UTF8') from pgqueuer")
    return "\n".join(str(row[0]) for row in [*rows, *payloads])


async def sizes(database: Database) -> dict[str, int]:
    return {table: await database.fetchval(f"select count(*) from {table}") for table in TABLES}


# The code


async def test_the_right_code_signs_in(signing: SignInWorld, karin: UUID) -> None:
    session, _ = await signing.signed_in()
    assert session.person == Person.customer(karin)
    assert session.started_at == signing.clock.now()


async def test_a_number_may_be_written_as_people_write_it(signing: SignInWorld, karin: UUID) -> None:
    session, _ = await signing.signed_in("+46 70-174 06 05")
    assert session.person == Person.customer(karin)


async def test_a_code_is_good_once(signing: SignInWorld) -> None:
    challenge, code = await signing.code_for()
    await signing.redeem(challenge, code)
    with pytest.raises(SignInRefused):
        await signing.redeem(challenge, code)


async def test_a_wrong_code_is_refused_and_the_right_one_still_good(signing: SignInWorld) -> None:
    challenge, code = await signing.code_for()
    for _ in range(4):
        with pytest.raises(SignInRefused):
            await signing.redeem(challenge, another_code(code))
    await signing.redeem(challenge, code)


async def test_after_five_wrong_codes_the_right_one_is_refused_too(signing: SignInWorld) -> None:
    challenge, code = await signing.code_for()
    for _ in range(5):
        with pytest.raises(SignInRefused):
            await signing.redeem(challenge, another_code(code))
    with pytest.raises(SignInRefused):
        await signing.redeem(challenge, code)


async def test_a_code_is_good_for_five_minutes(signing: SignInWorld) -> None:
    challenge, code = await signing.code_for()
    signing.clock.advance(5 * MINUTE)
    with pytest.raises(SignInRefused):
        await signing.redeem(challenge, code)
    late, code = await signing.code_for()
    signing.clock.advance(5 * MINUTE - timedelta(seconds=1))
    await signing.redeem(late, code)


async def test_a_challenge_that_never_was_is_refused_like_a_wrong_code(signing: SignInWorld) -> None:
    unknown = uuid4()
    with pytest.raises(SignInRefused):
        await signing.redeem(unknown, signing.identity.codes.code_of(unknown))


async def test_a_code_of_one_challenge_is_wrong_for_another(signing: SignInWorld) -> None:
    _, code = await signing.code_for()
    signing.clock.advance(MINUTE)
    other, _ = await signing.code_for()
    with pytest.raises(SignInRefused):
        await signing.redeem(other, code)


async def test_of_twenty_guesses_at_once_five_are_looked_at(
    signing: SignInWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    challenge, code = await signing.code_for()
    looked_at: list[str] = []

    def matches(_: UUID, guess: str) -> bool:
        looked_at.append(guess)
        return guess == code

    monkeypatch.setattr(signing.identity.codes, "matches", matches)
    guesses = [f"{(int(code) + n) % 1_000_000:06}" for n in range(1, 21)]
    answers = await asyncio.gather(*[signing.redeem(challenge, guess) for guess in guesses], return_exceptions=True)
    assert all(isinstance(answer, SignInRefused) for answer in answers)
    assert len(looked_at) == 5


async def test_the_right_code_twenty_times_at_once_is_one_session(signing: SignInWorld) -> None:
    challenge, code = await signing.code_for()
    answers = await asyncio.gather(*[signing.redeem(challenge, code) for _ in range(20)], return_exceptions=True)
    assert sum(isinstance(answer, SignInRefused) for answer in answers) == 19
    assert await signing.database.fetchval("select count(*) from session") == 1


# What is kept


async def test_neither_code_nor_number_is_kept_where_it_cannot_be_erased(
    signing: SignInWorld, owner: asyncpg.Connection[Any]
) -> None:
    challenge, code = await signing.code_for()
    _, token = await signing.redeem(challenge, code)
    audited = await owner.fetch("select distinct jsonb_object_keys(details) from audit")
    assert {row[0] for row in audited} == {"challenge_id", "client_id"}
    await owner.execute("update message set address = ''")  # the one place, and erased when the message has ended
    kept = await everything_kept(owner)
    without_ids = kept.replace(str(challenge), "")
    assert f'"{code}"' not in without_ids
    assert f",{code}," not in without_ids
    assert KARINS_NUMBER.lstrip("+") not in without_ids
    assert token.text not in kept
    assert token.digest.hex() in kept


async def test_the_message_that_is_sent_tells_the_code(signing: SignInWorld) -> None:
    class Words:
        def write(self, message: Message, *, locale: str, channel: Channel) -> str:
            return f"{message.data['code']} {locale}"

        def subject(self, message: Message, *, locale: str, channel: Channel) -> str | None:
            return f"Your code by {channel}"

    class Carrier:
        def __init__(self) -> None:
            self.sent: list[tuple[str, str, str | None]] = []

        async def send(self, *, to: str, channel: Channel, text: str, id: UUID, subject: str | None = None) -> None:
            self.sent.append((to, text, subject))

    carrier = Carrier()
    delivery = MessageDelivery(
        signing.executor,
        PostgresMessageQueue(signing.database),
        writer=Words(),
        sender=carrier,
        clock=signing.clock,
        code_of=signing.identity.codes.code_of,
        undo_code_of=str,
    )
    codes = [(await signing.code_for(number))[1] for number in (KARINS_NUMBER, NOBODYS_NUMBER)]
    jobs = await signing.database.fetch("select entrypoint, convert_from(payload, 'UTF8') from pgqueuer order by id")
    assert [row[0] for row in jobs] == ["deliver_message", "deliver_message"]
    for row in jobs:
        await delivery.deliver(UUID(row[1]))
    assert carrier.sent == [(KARINS_NUMBER, f"{codes[0]} sv-SE", "Your code by SMS")]
    assert await signing.database.fetchval("select count(*) from message where ended_at is null") == 0


async def test_a_challenge_has_no_foreign_key_to_check_for_those_who_are_known(database: Database) -> None:
    checks = "select count(*) from pg_constraint where contype = 'f' and conrelid = $1::text::regclass"
    assert await database.fetchval(checks, "sign_in_challenge") == 0
    assert await database.fetchval(checks, "session") == 2


async def test_nobody_signs_in_with_an_unknown_number_even_by_the_right_code(signing: SignInWorld) -> None:
    challenge, code = await signing.code_for(NOBODYS_NUMBER)
    with pytest.raises(SignInRefused):
        await signing.redeem(challenge, code)
    assert await signing.database.fetchval("select count(*) from session") == 0


# What a number is


@pytest.mark.parametrize(
    "number",
    [
        *("", "+", "0701740605", "46701740605", "+461", "+999123456789", "+" + "4" * 400, "+4670 174\x00", "\ud800"),
        *("+1800FLOWERS", "tel:+46701740605", "+46701740605;ext=5", "+46701740605x12", "+46701740605\n+46701740606"),
        "\uff0b46701740605",  # a wide plus
        "+\u0664\u0666701740605",  # Arabic digits
    ],
)
def test_what_no_phone_can_have_is_no_number(number: str) -> None:
    with pytest.raises(InvalidPhoneNumber) as refusal:
        e164(number)
    assert str(refusal.value) == "INVALID_PHONE_NUMBER"


@pytest.mark.parametrize("number", ["+46701740605", " +46 70-174 06 05 ", "+46 (0)701 74 06 05", "+46.701.740605"])
def test_a_number_is_kept_in_one_form(number: str) -> None:
    assert e164(number) == KARINS_NUMBER


async def test_nothing_is_written_for_what_is_no_number(signing: SignInWorld) -> None:
    with pytest.raises(InvalidPhoneNumber):
        await signing.code_for("0701740605")
    assert set((await sizes(signing.database)).values()) == {0}
