"""One society for all tests of this folder: they look at it, and what they do in it is in nobody's way."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from domain.operators.operator import Operator, TopUpRange
from persistence.database import open_database
from tests.authorization.society import Founder, Society, Someone
from tests.support.client import Client, a_client
from tests.support.databases import TestServer
from tests.support.operators import BALTIKA, NORRSKEN
from tests.support.time import TestClock, TestIds
from tests.support.world import World, a_sandbox

RANGE = TopUpRange(minimum_minor=5_000, maximum_minor=100_000, step_minor=1_000)


@pytest.fixture(scope="session")
async def society(server: TestServer, tmp_path_factory: pytest.TempPathFactory) -> AsyncGenerator[Society]:
    folder = tmp_path_factory.mktemp("society")
    async with AsyncExitStack() as stack:
        norrsken = replace(NORRSKEN, top_up_offer=replace(NORRSKEN.top_up_offer, range=RANGE))
        here = await a_world(server, norrsken, folder, stack)
        there = await a_world(server, BALTIKA, folder, stack)
        client = await stack.enter_async_context(a_client(here, there))
        society = await Founder(here).found(client)
        society.people["foreigner"] = await foreigner(client, there, society.people["holder"])
        society.people["expired"] = await expired(client, here, society.people["assistant"])
        yield society


async def a_world(server: TestServer, operator: Operator, folder: Path, stack: AsyncExitStack) -> World:
    name = await server.new_database()
    stack.push_async_callback(server.drop, name)
    clock = TestClock()
    database = await open_database(server.server.application_url(name), connections=5)
    stack.push_async_callback(database.close)
    sandbox = a_sandbox(folder / f"{operator.slug}.sqlite", clock)
    stack.push_async_callback(sandbox.aclose)
    return World(database, operator, clock, TestIds(clock), sandbox)


async def expired(client: Client, here: World, assistant: Someone) -> Someone:
    """A good token of a support session that is over."""
    assert assistant.staff_id is not None
    assert assistant.id is not None
    session = await here.support_session(assistant.staff_id, assistant.id)
    over = replace(session, expires_at=here.clock.now() - timedelta(seconds=1))
    token = await client.token_to_act(over)
    return replace(assistant, kind="expired", headers={"Authorization": f"Bearer {token}"})


async def foreigner(client: Client, there: World, holder: Someone) -> Someone:
    """The other operator's customer. Ids are not secret, so let theirs even be the holder's."""
    person = await there.person()
    assert person == holder.id
    token = await client.token(person, there)
    return replace(holder, kind="foreigner", headers={"Authorization": f"Bearer {token}"})
