"""One operator and one application for all tests of a module: each has a person of its own."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from typing import Any, cast

import httpx2
import pytest
from starlette.applications import Starlette

from api.oauth import routes
from persistence.database import open_database
from tests.api.oauth.browser import CLIENTS, App, Browser
from tests.auth.support import SignInWorld
from tests.support.databases import TestServer
from tests.support.operators import NORRSKEN
from tests.support.time import TestClock, TestIds
from tests.support.world import World


@pytest.fixture(scope="module")
async def signing(server: TestServer) -> AsyncGenerator[SignInWorld]:
    name = await server.new_database()
    database = await open_database(server.server.application_url(name), connections=5)
    clock = TestClock()
    world = World(database, NORRSKEN, clock, TestIds(clock), cast("Any", None))
    signing = SignInWorld(database, NORRSKEN, clock, world.ids, clients=CLIENTS)
    signing.people = world
    yield signing
    await signing.identity.aclose()
    await database.close()
    await server.drop(name)


@pytest.fixture
async def browser(signing: SignInWorld) -> AsyncGenerator[Browser]:
    """A browser without cookies, whose person has a number that nobody has had before."""
    app = Starlette(routes=routes(lambda _: signing))
    transport = httpx2.ASGITransport(cast("Any", app))
    async with httpx2.AsyncClient(transport=transport, base_url=NORRSKEN.issuer) as http:
        yield await Browser.of_someone(signing, http)


@pytest.fixture
def app() -> App:
    return App()
