"""The whole way, with a provider that is another process and HTTP in between: the one that `make run` starts."""

from __future__ import annotations

import re
import socket
import subprocess
import sys
import time
from collections.abc import AsyncGenerator, Generator
from datetime import UTC, datetime
from html import unescape
from typing import Any, cast
from uuid import UUID

import httpx2
import pytest
from starlette.applications import Starlette

from api.oauth import routes
from domain.kernel.access import Assurance, StaffRole
from kontant.demo.people import people
from kontant.settings.identity_providers import DEMO_CLIENT_ID, DEMO_CLIENT_SECRET, demo_providers
from persistence.database import open_database
from tests.api.oauth.browser import CLIENTS, App, Browser, Page, answered
from tests.auth.support import SignInWorld
from tests.support.databases import CHECKOUT, TestServer
from tests.support.demo_provider import BORN
from tests.support.operators import NORRSKEN
from tests.support.time import TestClock, TestIds
from tests.support.world import World

STRONG = "urn:kontant:acr:electronic-id"
SUPPORT = App(client_id="support", redirect_uri="https://support.example/in")


class RunningClock(TestClock):
    """Goes on, as the other process's does."""

    def now(self) -> datetime:
        return datetime.now(UTC)


@pytest.fixture(scope="module")
def port() -> Generator[int]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    process = subprocess.Popen([sys.executable, "-m", "tests.support.demo_provider", str(port)], cwd=CHECKOUT)
    try:
        deadline = time.monotonic() + 30
        while True:
            try:
                socket.create_connection(("127.0.0.1", port), 1).close()
                break
            except OSError:
                assert process.poll() is None
                assert time.monotonic() < deadline
                time.sleep(0.05)
        yield port
    finally:
        process.terminate()
        process.wait(10)


@pytest.fixture(scope="module")
async def signing(server: TestServer, port: int) -> AsyncGenerator[SignInWorld]:
    name, clock = await server.new_database(), RunningClock()
    database = await open_database(server.server.application_url(name), connections=5)
    world = World(database, NORRSKEN, clock, TestIds(clock), cast("Any", None))
    providers = demo_providers(f"http://localhost:{port}/{NORRSKEN.slug}")
    signing = SignInWorld(database, NORRSKEN, clock, world.ids, clients=CLIENTS, providers=providers)
    signing.people = world
    yield signing
    await signing.identity.aclose()
    await database.close()
    await server.drop(name)


@pytest.fixture
async def browser(signing: SignInWorld) -> AsyncGenerator[Browser]:
    app = Starlette(routes=routes(lambda _: signing))
    transport = httpx2.ASGITransport(cast("Any", app))
    async with httpx2.AsyncClient(transport=transport, base_url=NORRSKEN.issuer) as http:
        yield await Browser.of_someone(signing, http)


async def back_from_provider(browser: Browser, app: App, label: str, **changes: str) -> Page:
    """Goes there, chooses a name from the list, and comes back."""
    page = await browser.open(app.request(**changes))
    address = page.response.headers["location"]
    async with httpx2.AsyncClient() as there:
        listed = await there.get(address)
        [link] = re.findall(rf'href="([^"]+)">{re.escape(label)}', listed.text)
        chosen = await there.get(str(httpx2.URL(address).join(unescape(link))))
    return Page(await browser.http.get(chosen.headers["location"]))


async def actor_of(browser: Browser, app: App, answer: Page) -> Any:
    response = await browser.post("/oauth/token", app.redemption(answered(answer)["code"]))
    token = response.json()["access_token"]
    return await browser.signing.identity.authenticator.actor(f"Bearer {token}")


@pytest.mark.parametrize(
    ("label", "roles"),
    [
        ("Sven Agentsson", {StaffRole.AGENT}),
        ("Lena Ledare", {StaffRole.LEAD}),
        ("Petra Program", {StaffRole.PROGRAMME_MANAGER}),
        ("Anna Analys", {StaffRole.ANALYST}),
        ("Adam Admin", {StaffRole.ADMINISTRATOR}),
        ("Dubravka Dubbel", {StaffRole.AGENT, StaffRole.ANALYST}),
    ],
)
async def test_somebody_of_each_role_signs_in(browser: Browser, label: str, roles: set[StaffRole]) -> None:
    answer = await back_from_provider(browser, SUPPORT, label)
    assert (await actor_of(browser, SUPPORT, answer)).roles == roles


@pytest.mark.parametrize("label", ["Nils Ingenting", "Cancel"])
async def test_who_has_no_role_or_turns_back_is_not_let_in(browser: Browser, label: str) -> None:
    assert answered(await back_from_provider(browser, SUPPORT, label))["error"] == "access_denied"


async def test_a_demo_person_is_identified_and_linked(browser: Browser, app: App) -> None:
    karin = people(NORRSKEN)[0]
    world = browser.signing.people
    assert world is not None
    id = await world.person(phone_number=karin.phone_number, born=BORN)
    page = await back_from_provider(browser, app, karin.name, acr_values=STRONG)
    page = await browser.send(page, contact=karin.phone_number, step="contact")
    code = browser.signing.identity.codes.code_of(UUID(page.hidden["challenge_id"]))
    first = await actor_of(browser, app, await browser.send(page, code=code, step="code"))
    again = await actor_of(browser, app, await back_from_provider(browser, app, karin.name, acr_values=STRONG))
    assert (first.subject, again.subject) == (id, id)
    assert again.authentication.assurance is Assurance.STRONG


@pytest.mark.parametrize(
    ("form", "auth"),
    [
        ({"code_verifier": "x" * 43}, (DEMO_CLIENT_ID, DEMO_CLIENT_SECRET)),
        ({"redirect_uri": "https://attacker.example/"}, (DEMO_CLIENT_ID, DEMO_CLIENT_SECRET)),
        ({}, (DEMO_CLIENT_ID, "guessed")),
        ({}, None),
    ],
)
async def test_it_refuses_what_a_real_provider_refuses(port: int, form: dict[str, str], auth: Any) -> None:
    app, issuer = App(), f"http://localhost:{port}/norrsken/staff_sign_in"
    callback = f"{NORRSKEN.issuer}/oauth/callback"
    asked = app.request(client_id=DEMO_CLIENT_ID, redirect_uri=callback)
    async with httpx2.AsyncClient() as http:
        chosen = await http.get(f"{issuer}/authorize", params={**asked, "as": "staff-agent"})
        code = answered(Page(chosen))["code"]
        right = {"grant_type": "authorization_code", "redirect_uri": callback, "code_verifier": app.verifier}
        answer = await http.post(f"{issuer}/token", data={**right, "code": code, **form}, auth=auth)
    assert answer.status_code in (400, 401)
    assert "id_token" not in answer.json()
