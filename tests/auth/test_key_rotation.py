"""Signing keys follow one another, and no good token is refused on the way."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from datetime import timedelta
from uuid import uuid4

import pytest

from auth.authenticator import Authenticator
from auth.ended_sessions import EndedSessions
from auth.key_rotation import KeyRotation, KeyRules, KeyState
from auth.keys import FRESH_FOR, KEY_SET_GOOD_FOR, LINGER, KeyRing
from auth.tokens import LIFETIME, AccessTokens
from domain.identity.session import AuthenticationMethod, Person, Session
from domain.kernel.errors import Unauthenticated
from domain.operators.operator import Operator
from persistence.database import Database
from tests.auth.support import SECRET
from tests.auth.test_tokens import encoded
from tests.support.time import TestClock

RULES = KeyRules()
MINUTE = timedelta(minutes=1)


class Process:
    """One of several that serve the same operator."""

    def __init__(self, operator: Operator, database: Database, clock: TestClock) -> None:
        self.keys, self._clock = KeyRing(operator, database, SECRET, clock), clock
        self.tokens = AccessTokens(operator, self.keys)
        self.ended = EndedSessions(database, clock)
        self.authenticator = Authenticator(self.tokens, self.ended, clock)
        self.rotation = KeyRotation(self.keys, RULES, clock)

    async def token(self) -> str:
        await self.keys.load()
        now = self._clock.now()
        session = Session(
            id=uuid4(),
            person=Person.customer(uuid4()),
            method=AuthenticationMethod.SMS_CODE,
            client_id="kontant-app",
            started_at=now,
            generation_at=now,
        )
        return self.tokens.issue(session, id=str(uuid4()), now=now)

    async def takes(self, token: str) -> bool:
        try:
            await self.authenticator.actor(f"Bearer {token}")
        except Unauthenticated:
            return False
        return True

    async def published(self) -> list[str]:
        await self.keys.load()
        return [key["kid"] for key in self.keys.public()["keys"]]

    async def settled(self) -> None:
        """What was begun behind the back of who asked is done."""
        await self.keys.aclose()
        await self.ended.aclose()


@pytest.fixture
async def processes(norrsken: Operator, database: Database, clock: TestClock) -> AsyncGenerator[list[Process]]:
    processes = [Process(norrsken, database, clock) for _ in range(2)]
    yield processes
    for process in processes:
        await process.settled()


async def test_a_new_key_is_published_before_it_signs(processes: list[Process], clock: TestClock) -> None:
    process, _ = processes
    [first] = await process.published()
    await process.rotation.rotate()
    clock.advance(RULES.lead - timedelta(seconds=1))
    assert (await process.published())[0] == first
    assert process.keys.signing_key.kid == first
    clock.advance(timedelta(seconds=1))
    assert process.keys.signing_key.kid == (await process.published())[1] != first


async def test_an_old_key_is_there_until_its_last_token_has_expired_and_then_gone(
    processes: list[Process], clock: TestClock
) -> None:
    process, _ = processes
    [first] = await process.published()
    await process.rotation.rotate()
    clock.advance(RULES.lead - timedelta(seconds=1))
    last = await process.token()
    clock.advance(LIFETIME)
    assert first in await process.published()
    assert not await process.takes(last), "it has expired by itself"
    clock.advance(LINGER)
    assert first not in await process.published()
    assert process.keys.find(first) is None
    await process.rotation.rotate_when_due()
    assert [key.state for key in await process.rotation.report()] == [KeyState.SIGNING]


async def test_what_an_old_key_has_signed_for_ever_can_still_be_verified_and_nothing_more_be_signed(
    processes: list[Process], clock: TestClock, norrsken: Operator, database: Database
) -> None:
    [first] = await processes[0].published()
    await processes[0].rotation.rotate()
    clock.advance(RULES.lead + LINGER)
    await processes[0].rotation.rotate_when_due()
    restarted = KeyRing(norrsken, database, SECRET, clock)
    await restarted.load()
    key = restarted.find_of_any_age(first)
    assert key is not None
    assert not key.is_private
    assert restarted.find(first) is None
    assert await database.fetchval("select private_jwk from signing_key where id = $1", first) == b""


async def test_while_keys_change_every_good_token_is_taken_everywhere(
    processes: list[Process], clock: TestClock
) -> None:
    for process in processes:
        await process.token()
    await processes[0].rotation.rotate()
    kids: set[str] = set()
    for _ in range(int((RULES.lead + LINGER) / MINUTE) // 5 + 2):
        for one in processes:
            for other in processes:
                assert await other.takes(await one.token())
            kids.add(str(one.keys.signing_key.kid))
            await one.settled()
        clock.advance(5 * MINUTE)
    assert len(kids) == 2


async def test_a_copy_of_the_public_keys_knows_every_token_that_is_made_while_it_is_good(
    processes: list[Process], clock: TestClock
) -> None:
    """However late the process that hands it out has looked."""
    process, late = processes
    await late.keys.load()
    await process.rotation.rotate()
    clock.advance(RULES.lead - KEY_SET_GOOD_FOR - FRESH_FOR)
    await late.keys.load()
    await late.settled()
    copy = await late.published()
    clock.advance(KEY_SET_GOOD_FOR + FRESH_FOR)
    assert process.keys.signing_key.kid in copy


async def test_two_who_rotate_at_once_make_one_key(processes: list[Process], database: Database) -> None:
    await asyncio.gather(*[process.rotation.rotate() for process in processes * 3])
    assert await database.fetchval("select count(*) from signing_key") == 2


async def test_to_rotate_again_while_a_key_waits_changes_nothing(processes: list[Process]) -> None:
    for _ in range(3):
        await processes[0].rotation.rotate()
    states = [key.state for key in await processes[0].rotation.report()]
    assert states == [KeyState.SIGNING, KeyState.PUBLISHED]


async def test_no_key_signs_for_longer_than_ninety_days(processes: list[Process], clock: TestClock) -> None:
    process, _ = processes
    [first] = await process.published()
    clock.advance(RULES.age - RULES.lead - timedelta(seconds=1))
    await process.rotation.rotate_when_due()
    assert await process.published() == [first]
    clock.advance(timedelta(seconds=1))
    await process.rotation.rotate_when_due()
    clock.advance(RULES.lead)
    assert process.keys.signing_key.kid != first


async def test_an_unknown_key_is_looked_for_and_found(processes: list[Process], clock: TestClock) -> None:
    process, late = processes
    await late.token()
    await process.rotation.rotate()
    clock.advance(RULES.lead)
    token = await process.token()
    assert token
    assert len(late.keys.all()) == 1, "it has looked already, so the test says nothing"
    assert await late.takes(token)


# A key in other hands


async def test_a_withdrawn_key_is_believed_nowhere_two_minutes_later_and_another_signs_at_once(
    processes: list[Process], clock: TestClock
) -> None:
    process, other = processes
    [first] = await process.published()
    stolen = await process.token()
    assert await other.takes(stolen)
    assert await process.rotation.withdraw(first)
    assert process.keys.signing_key.kid != first
    assert first not in await process.published()
    assert await other.takes(await process.token())
    clock.advance(2 * MINUTE)
    for each in processes:
        assert not await each.takes(stolen)


async def test_also_where_nobody_has_asked_for_long(processes: list[Process], clock: TestClock) -> None:
    process, idle = processes
    await idle.keys.load()
    [first] = await process.published()
    clock.advance(8 * MINUTE)
    stolen = await process.token()
    await process.rotation.withdraw(first)
    clock.advance(MINUTE)
    assert not await idle.takes(stolen)


async def test_with_it_goes_the_key_that_was_to_follow_it(processes: list[Process], clock: TestClock) -> None:
    """The next one signs at once; what was published to sign later never does."""
    process, _ = processes
    [first] = await process.published()
    await process.rotation.rotate()
    await process.rotation.withdraw(first)
    signing = process.keys.signing_key.kid
    clock.advance(RULES.lead + LINGER)
    await process.rotation.rotate_when_due()
    assert await process.published() == [signing]


async def test_a_key_that_waits_can_be_withdrawn_too(processes: list[Process], clock: TestClock) -> None:
    process, _ = processes
    await process.rotation.rotate()
    first, second = await process.published()
    await process.rotation.withdraw(second)
    assert await process.published() == [first]
    await process.rotation.rotate()
    assert len(await process.published()) == 2
    clock.advance(RULES.lead)
    assert process.keys.signing_key.kid not in (first, second)


async def test_what_is_no_key_cannot_be_withdrawn(processes: list[Process]) -> None:
    process, _ = processes
    [first] = await process.published()
    assert not await process.rotation.withdraw("unknown")
    assert await process.published() == [first]


async def test_two_who_withdraw_at_once_make_one_key(processes: list[Process], database: Database) -> None:
    [first] = await processes[0].published()
    await asyncio.gather(*[process.rotation.withdraw(first) for process in processes * 3])
    assert await database.fetchval("select count(*) from signing_key") == 2
    assert await database.fetchval("select private_jwk from signing_key where id = $1", first) == b""


async def test_what_a_withdrawn_key_has_signed_for_ever_can_still_be_read(
    processes: list[Process], norrsken: Operator, database: Database, clock: TestClock
) -> None:
    [first] = await processes[0].published()
    await processes[0].rotation.withdraw(first)
    restarted = KeyRing(norrsken, database, SECRET, clock)
    await restarted.load()
    assert restarted.find_of_any_age(first) is not None
    assert restarted.find(first) is None


# Unknown keys


async def test_unknown_keys_are_looked_for_once_in_some_seconds(
    processes: list[Process], database: Database, clock: TestClock
) -> None:
    process, _ = processes
    token = await process.token()
    assert await process.takes(token)
    _, body, signature = token.split(".")
    unknown = [
        f"{encoded({'alg': 'ES256', 'typ': 'at+jwt', 'kid': f'unknown-{n}'})}.{body}.{signature}" for n in range(20)
    ]
    for _ in range(2):
        clock.advance(timedelta(seconds=5))
        await process.takes(token)
        await process.settled()  # the list of ended sessions is read at this age too
        before = database.statements
        for attempt in unknown:
            assert not await process.takes(attempt)
        assert database.statements == before + 1
