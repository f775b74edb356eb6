"""Staying signed in, and the end of it."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from uuid import UUID, uuid4

import pytest

from domain.identity.errors import RefreshRefused, SessionNotFound
from domain.identity.usecases.sessions import EndSession
from domain.kernel.access import ANONYMOUS, Actor, customer
from domain.kernel.errors import Unauthenticated
from tests.auth.support import KARINS_NUMBER, SignInWorld
from tests.support.world import World

MINUTE = timedelta(minutes=1)


@pytest.fixture
async def karin(world: World) -> UUID:
    return await world.person(phone_number=KARINS_NUMBER)


@pytest.fixture
def signing(world: World, karin: UUID) -> SignInWorld:
    return SignInWorld.of(world)


async def is_live(signing: SignInWorld) -> bool:
    return await signing.database.fetchval("select count(*) from session where ended_at is null") == 1


async def test_each_refresh_token_gives_the_next(signing: SignInWorld) -> None:
    _, token = await signing.signed_in()
    for _ in range(3):
        signing.clock.advance(9 * MINUTE)
        token = await signing.refreshed(token)
    assert await signing.database.fetchval("select last_seen_at from session") == signing.clock.now()


async def test_a_token_that_nobody_was_given_is_refused(signing: SignInWorld) -> None:
    _, token = await signing.signed_in()
    with pytest.raises(RefreshRefused):
        await signing.refreshed(type(token)(text="x", digest=b"x" * 32))
    assert await is_live(signing)


async def test_a_lost_answer_can_be_asked_for_again_within_ten_seconds(signing: SignInWorld) -> None:
    _, first = await signing.signed_in()
    await signing.refreshed(first)  # the answer is lost
    signing.clock.advance(timedelta(seconds=9))
    second = await signing.refreshed(first)
    signing.clock.advance(MINUTE)
    await signing.refreshed(second)
    assert await is_live(signing)


async def test_a_token_that_was_replaced_ten_seconds_ago_ends_the_session(signing: SignInWorld) -> None:
    _, first = await signing.signed_in()
    second = await signing.refreshed(first)
    signing.clock.advance(timedelta(seconds=10))
    with pytest.raises(RefreshRefused):
        await signing.refreshed(first)
    assert not await is_live(signing)
    with pytest.raises(RefreshRefused):
        await signing.refreshed(second)


async def test_only_the_immediate_predecessor_is_tolerated(signing: SignInWorld) -> None:
    _, first = await signing.signed_in()
    await signing.refreshed(await signing.refreshed(first))
    with pytest.raises(RefreshRefused):
        await signing.refreshed(first)
    assert not await is_live(signing)


async def test_a_copy_used_within_the_grace_cannot_live_beside_the_original(signing: SignInWorld) -> None:
    _, first = await signing.signed_in()
    customers, thiefs = await signing.refreshed(first), await signing.refreshed(first)
    signing.clock.advance(9 * MINUTE)
    await signing.refreshed(customers)
    signing.clock.advance(9 * MINUTE)
    with pytest.raises(RefreshRefused):
        await signing.refreshed(thiefs)
    assert not await is_live(signing)


async def test_twenty_refreshes_at_once_are_all_answered_and_one_step(signing: SignInWorld) -> None:
    _, first = await signing.signed_in()
    answers = await asyncio.gather(*[signing.refreshed(first) for _ in range(20)])
    assert len({answer.digest for answer in answers}) == 20
    assert await signing.database.fetchval("select generation from session") == 2
    signing.clock.advance(MINUTE)
    await signing.refreshed(answers[7])
    assert await is_live(signing)


async def test_replays_and_the_rightful_refresh_at_once_end_the_session(signing: SignInWorld) -> None:
    _, first = await signing.signed_in()
    second = await signing.refreshed(first)
    signing.clock.advance(MINUTE)
    answers = await asyncio.gather(
        *[signing.refreshed(first) for _ in range(10)], signing.refreshed(second), return_exceptions=True
    )
    assert all(isinstance(answer, RefreshRefused) for answer in answers[:10])
    assert not await is_live(signing)
    assert await signing.database.fetchval("select count(*) from event where type = 'session.ended'") == 1


async def test_who_does_not_come_back_for_thirty_days_signs_in_again(signing: SignInWorld) -> None:
    _, token = await signing.signed_in()
    signing.clock.advance(timedelta(days=29))
    token = await signing.refreshed(token)
    signing.clock.advance(timedelta(days=30))
    with pytest.raises(RefreshRefused):
        await signing.refreshed(token)


async def test_another_client_cannot_use_the_token(signing: SignInWorld) -> None:
    _, token = await signing.signed_in()
    with pytest.raises(RefreshRefused):
        await signing.refreshed(token, client_id="another-app")
    await signing.refreshed(token)


# The end


async def test_who_signs_out_is_signed_out(signing: SignInWorld, karin: UUID) -> None:
    session, token = await signing.signed_in()
    await signing.executor.execute(EndSession(session_id=session.id), customer(karin))
    with pytest.raises(RefreshRefused):
        await signing.refreshed(token)


async def test_signing_out_twice_is_signing_out_once(signing: SignInWorld, karin: UUID) -> None:
    session, _ = await signing.signed_in()
    await signing.executor.execute(EndSession(session_id=session.id), customer(karin))
    ended_at = await signing.database.fetchval("select ended_at from session")
    signing.clock.advance(MINUTE)
    await signing.executor.execute(EndSession(session_id=session.id), customer(karin))
    assert await signing.database.fetchval("select ended_at from session") == ended_at
    assert await signing.database.fetchval("select count(*) from event where type = 'session.ended'") == 1


async def test_one_device_signed_out_leaves_the_other(signing: SignInWorld, karin: UUID) -> None:
    phone, _ = await signing.signed_in()
    _, tablets_token = await signing.signed_in()
    await signing.executor.execute(EndSession(session_id=phone.id), customer(karin))
    await signing.refreshed(tablets_token)


@pytest.mark.parametrize(
    ("actor", "refusal"), [(ANONYMOUS, Unauthenticated), (customer(uuid4()), SessionNotFound)], ids=["nobody", "other"]
)
async def test_nobody_else_ends_a_session(signing: SignInWorld, actor: Actor, refusal: type[Exception]) -> None:
    session, token = await signing.signed_in()
    with pytest.raises(refusal):
        await signing.executor.execute(EndSession(session_id=session.id), actor)
    await signing.refreshed(token)


async def test_sessions_begin_and_end_in_the_log_with_their_reason(signing: SignInWorld, karin: UUID) -> None:
    session, first = await signing.signed_in()
    await signing.refreshed(first)
    signing.clock.advance(MINUTE)
    with pytest.raises(RefreshRefused):
        await signing.refreshed(first)
    rows = await signing.database.fetch(
        "select type, subject_id, data ->> 'session_id', data ->> 'reason' from event order by position"
    )
    assert [tuple(row) for row in rows] == [
        ("session.started", karin, str(session.id), None),
        ("session.ended", karin, str(session.id), "REFRESH_TOKEN_REPLAYED"),
    ]
