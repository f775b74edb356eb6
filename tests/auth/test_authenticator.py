"""From the `Authorization` header to the actor."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import suppress
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from auth.authenticator import Authenticator
from domain.identity.usecases.sessions import EndSession
from domain.kernel.access import ANONYMOUS, customer
from domain.kernel.errors import Unauthenticated, Unavailable
from persistence.database import open_database
from tests.auth.support import KARINS_NUMBER, MortalDatabase, SignInWorld
from tests.support.databases import TestServer
from tests.support.operators import BALTIKA
from tests.support.time import TestIds
from tests.support.world import World


@pytest.fixture
async def karin(world: World) -> UUID:
    return await world.person(phone_number=KARINS_NUMBER)


@pytest.fixture
def signing(world: World, karin: UUID) -> SignInWorld:
    return SignInWorld.of(world)


@pytest.fixture
def authenticator(signing: SignInWorld) -> Authenticator:
    return signing.identity.authenticator


@pytest.fixture
async def baltika(server: TestServer, world: World) -> AsyncGenerator[SignInWorld]:
    """The other operator of the same deployment, whose customers have the same ids and numbers."""
    name = await server.new_database()
    database = await open_database(server.server.application_url(name), connections=4)
    other = World(database, BALTIKA, world.clock, TestIds(world.clock), world.payments)
    await other.person(phone_number=KARINS_NUMBER)
    yield SignInWorld.of(other)
    await database.close()
    await server.drop(name)


async def bearer(signing: SignInWorld) -> str:
    return f"Bearer {(await signing.tokens())['access_token']}"


async def end_session_of(signing: SignInWorld, karin: UUID, authenticator: Authenticator, header: str) -> None:
    actor = await authenticator.actor(header)
    assert actor.session_id is not None
    await signing.executor.execute(EndSession(session_id=actor.session_id), customer(karin))


async def settled(signing: SignInWorld) -> None:
    """What was begun behind the back of who asked is done."""
    await signing.identity.aclose()


async def test_who_sends_nothing_is_nobody(authenticator: Authenticator) -> None:
    assert await authenticator.actor(None) == ANONYMOUS


async def test_a_good_token_is_its_customer(signing: SignInWorld, authenticator: Authenticator, karin: UUID) -> None:
    actor = await authenticator.actor(await bearer(signing))
    assert actor == customer(karin, actor.session_id)
    assert actor.session_id == await signing.database.fetchval("select id from session")


async def test_the_scheme_may_be_written_in_any_case(signing: SignInWorld, authenticator: Authenticator) -> None:
    header = (await bearer(signing)).replace("Bearer", "bEARER")
    assert (await authenticator.actor(header)).subject is not None


async def test_a_header_that_is_no_good_token_is_refused_and_never_taken_for_nobody(
    signing: SignInWorld, authenticator: Authenticator
) -> None:
    header = await bearer(signing)
    token = header.removeprefix("Bearer ")
    bad = ["", " ", "Bearer", "Bearer ", token, f"Basic {token}", f"Bearer  {token}", f"Bearer {token} ", f"{header},x"]
    bad += [
        f"Bearer {token[:-1]}",
        f"Bearer {token}\n",
        "Bearer é",
        "Bearer \x00",
        f"DPoP {token}",
        f"{header} {header}",
    ]
    for wrong in bad:
        with pytest.raises(Unauthenticated):
            await authenticator.actor(wrong)


async def test_a_token_of_one_operator_is_worth_nothing_at_the_other(
    signing: SignInWorld, baltika: SignInWorld
) -> None:
    ours, theirs = await bearer(signing), await bearer(baltika)
    for world, own, foreign in ((signing, ours, theirs), (baltika, theirs, ours)):
        assert (await world.identity.authenticator.actor(own)).subject is not None
        with pytest.raises(Unauthenticated):
            await world.identity.authenticator.actor(foreign)


async def test_a_refresh_token_or_code_of_one_operator_is_worth_nothing_at_the_other(
    signing: SignInWorld, baltika: SignInWorld
) -> None:
    tokens = await signing.tokens()
    assert (await baltika.ask(refresh_token=tokens["refresh_token"])).body["error"] == "invalid_grant"
    assert (await signing.ask(refresh_token=tokens["refresh_token"])).status == 200


async def test_a_token_that_was_verified_expires_all_the_same(
    signing: SignInWorld, authenticator: Authenticator
) -> None:
    header = await bearer(signing)
    signing.clock.advance(timedelta(seconds=590))
    assert (await authenticator.actor(header)).subject is not None
    signing.clock.advance(timedelta(seconds=10))
    with pytest.raises(Unauthenticated):
        await authenticator.actor(header)


async def test_verifying_asks_the_database_nothing(signing: SignInWorld, authenticator: Authenticator) -> None:
    headers = [await bearer(signing) for _ in range(3)]
    await authenticator.actor(headers[0])
    before = signing.database.statements
    for header in headers * 20:
        await authenticator.actor(header)
    assert signing.database.statements == before


async def test_a_token_is_remembered_for_thirty_seconds(
    signing: SignInWorld, authenticator: Authenticator, monkeypatch: pytest.MonkeyPatch
) -> None:
    header, verified = await bearer(signing), 0
    read: Any = authenticator._tokens.read  # pyright: ignore[reportPrivateUsage]  # counted, and left as it is

    def counted(*args: Any, **kwargs: Any) -> Any:
        nonlocal verified
        verified += 1
        return read(*args, **kwargs)

    monkeypatch.setattr(authenticator._tokens, "read", counted)  # pyright: ignore[reportPrivateUsage]
    for _ in range(3):
        await authenticator.actor(header)
    assert verified == 1
    signing.clock.advance(timedelta(seconds=30))
    await authenticator.actor(header)
    assert verified == 2


async def test_what_is_remembered_is_bounded(
    signing: SignInWorld, authenticator: Authenticator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("auth.authenticator.REMEMBERED", 2)
    headers = [await bearer(signing) for _ in range(4)]
    for header in headers:
        await authenticator.actor(header)
    assert len(authenticator._verified) == 2  # pyright: ignore[reportPrivateUsage]
    assert (await authenticator.actor(headers[0])).subject is not None


async def test_a_bad_token_is_not_remembered(signing: SignInWorld, authenticator: Authenticator) -> None:
    header = await bearer(signing)
    with pytest.raises(Unauthenticated):
        await authenticator.actor(header + "x")
    assert not authenticator._verified  # pyright: ignore[reportPrivateUsage]


@pytest.mark.parametrize("asked_at", [(), (1,), (4, 9, 14), (19,), (5, 24), (19, 29), tuple(range(30))])
async def test_the_tokens_of_an_ended_session_are_dead_within_thirty_seconds(
    signing: SignInWorld, authenticator: Authenticator, karin: UUID, asked_at: tuple[int, ...]
) -> None:
    header = await bearer(signing)
    await end_session_of(signing, karin, authenticator, header)
    ended = signing.clock.now()
    for second in (*asked_at, 30):
        signing.clock.advance(ended + timedelta(seconds=second) - signing.clock.now())
        with suppress(Unauthenticated) if second < 30 else pytest.raises(Unauthenticated):
            await authenticator.actor(header)
        await settled(signing)


async def test_who_asks_all_the_time_is_out_within_seconds(
    signing: SignInWorld, authenticator: Authenticator, karin: UUID
) -> None:
    header = await bearer(signing)
    await end_session_of(signing, karin, authenticator, header)
    for _ in range(6):
        await settled(signing)
        with suppress(Unauthenticated):
            await authenticator.actor(header)
        signing.clock.advance(timedelta(seconds=1))
    await settled(signing)
    with pytest.raises(Unauthenticated):
        await authenticator.actor(header)


async def test_other_sessions_go_on_when_one_ends(
    signing: SignInWorld, authenticator: Authenticator, karin: UUID
) -> None:
    first, second = await bearer(signing), await bearer(signing)
    await end_session_of(signing, karin, authenticator, first)
    signing.clock.advance(timedelta(seconds=25))
    assert (await authenticator.actor(second)).subject == karin


async def test_an_ended_session_stays_ended_until_its_last_token_has_expired(
    signing: SignInWorld, authenticator: Authenticator, karin: UUID
) -> None:
    header = await bearer(signing)
    await end_session_of(signing, karin, authenticator, header)
    for _ in range(24):
        signing.clock.advance(timedelta(seconds=25))
        with pytest.raises(Unauthenticated):
            await authenticator.actor(header)


async def test_the_list_of_ended_sessions_is_read_once_for_all_who_wait(
    signing: SignInWorld, authenticator: Authenticator
) -> None:
    header = await bearer(signing)
    await authenticator.actor(header)
    signing.clock.advance(timedelta(seconds=25))
    before = signing.database.statements
    await asyncio.gather(*[authenticator.actor(header) for _ in range(20)])
    assert signing.database.statements == before + 1


async def test_without_the_database_tokens_are_good_for_a_while_and_then_nobody_knows(world: World) -> None:
    await world.person(phone_number=KARINS_NUMBER)
    mortal = MortalDatabase.over(world.database)
    signing = SignInWorld(mortal, world.operator, world.clock, world.ids)
    authenticator = signing.identity.authenticator
    header = await bearer(signing)
    await authenticator.actor(header)
    mortal.is_down = True
    signing.clock.advance(timedelta(seconds=10))
    assert (await authenticator.actor(header)).subject is not None
    await settled(signing)
    signing.clock.advance(timedelta(seconds=10))
    for _ in range(2):
        with pytest.raises(Unavailable):
            await authenticator.actor(header)
    mortal.is_down = False
    assert (await authenticator.actor(header)).subject is not None


async def test_who_gives_up_waiting_leaves_the_others_their_answer(
    signing: SignInWorld, authenticator: Authenticator
) -> None:
    header = await bearer(signing)
    impatient, patient = (asyncio.create_task(authenticator.actor(header)) for _ in range(2))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    impatient.cancel()
    assert (await patient).subject is not None
