"""Which operator a request is for, and what a developer's machine has that no other has."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final
from uuid import UUID

import httpx2
import pytest

from api.development import Development
from domain.notifications.messages import Channel
from gateways.messaging.outbox import Outbox
from gateways.payments.sandbox import SandboxPayments
from tests.api.conftest import a_person
from tests.support.client import Client, a_client
from tests.support.operators import BALTIKA
from tests.support.time import TestIds
from tests.support.world import World

NAME: Final = {"query": "{ operator { name } }"}


@pytest.fixture
def baltika(world: World, sandbox: SandboxPayments) -> World:
    """Another operator. What is asked here needs no database, so it may have the same."""
    return World(world.database, BALTIKA, world.clock, TestIds(world.clock), sandbox)


@pytest.fixture
async def production(world: World, baltika: World) -> AsyncGenerator[Client]:
    async with a_client(world, baltika) as client:
        yield client


@dataclass(frozen=True)
class Machine:
    """A developer's: the application, and the outbox of its first operator."""

    client: Client
    outbox: Outbox


@pytest.fixture
async def machine(world: World, baltika: World, sandbox: SandboxPayments, tmp_path: Path) -> AsyncGenerator[Machine]:
    async with AsyncExitStack() as stack:
        outboxes = {each: Outbox(tmp_path / each, world.clock) for each in ("norrsken", "baltika")}
        development = Development(outboxes, dict.fromkeys(outboxes, sandbox), {"baltika": "+37120000605"})
        client = await stack.enter_async_context(a_client(world, baltika, development=development, first_port=8000))
        yield Machine(client, outboxes["norrsken"])


async def operator(client: Client, url: str, host: str | None = None) -> str | int:
    """The operator who answers there; the status when none does."""
    response = await client.http.post(f"{url}/graphql", json=NAME, headers={"Host": host} if host is not None else {})
    if response.status_code == 421:
        assert response.headers["content-type"] == "application/problem+json"
        assert response.json()["code"] == "UNKNOWN_HOST"
    return response.json()["data"]["operator"]["name"] if response.status_code == 200 else response.status_code


async def test_the_host_names_the_operator(production: Client) -> None:
    for host, name in {
        "norrsken.localhost": "Norrsken",
        "baltika.localhost": "Baltika",
        "baltika.localhost:8443": "Baltika",
        "BALTIKA.LocalHost": "Baltika",
    }.items():
        assert await operator(production, "http://any", host) == name


STRANGERS: Final = [
    "evil.example", "evil.example:8000", "norrsken.localhost.evil.example", "evil.norrsken.localhost", "", "::", "[::1",
    "localhost", "127.0.0.1", "norrsken", "norrsken.localhost@evil.example", "xn--norrskn-4za.localhost", "x" * 10_000,
]  # fmt: skip


async def test_in_production_any_other_host_is_refused(production: Client) -> None:
    for host in STRANGERS:
        assert await operator(production, "http://any:8000", host) == 421, host[:40]


async def test_an_unknown_host_is_refused_on_every_route_but_those_for_watching(production: Client) -> None:
    for path in ("/graphql", "/oauth/token", "/oauth/jwks", "/webhooks/sandbox", "/dev/messages", "/nothing", "/"):
        response = await production.http.get(f"http://evil.example{path}")
        assert response.status_code == 421, path
    for path in ("/healthz", "/readyz", "/metrics"):
        assert (await production.http.get(f"http://10.0.0.7:8000{path}")).status_code == 200


async def test_a_developer_chooses_by_port_too(machine: Machine) -> None:
    for url, name in {
        "http://localhost:8000": "Norrsken",
        "http://localhost:8001": "Baltika",
        "http://127.0.0.1:8001": "Baltika",
        "http://[::1]:8001": "Baltika",
        "http://norrsken.localhost:8001": "Norrsken",
        "http://baltika.localhost:8000": "Baltika",
    }.items():
        assert await operator(machine.client, url) == name, url
    assert await operator(machine.client, "http://localhost:8002") == 421


async def test_a_stranger_who_points_at_a_developers_machine_is_refused(machine: Machine) -> None:
    """A page of theirs could otherwise read what is served here (DNS rebinding)."""
    for host in ("evil.example", "evil.example:8000", "10.0.0.7", "localhost.evil.example", "0.0.0.0", ""):
        assert await operator(machine.client, "http://127.0.0.1:8000", host) == 421, host


async def test_outside_development_there_is_nothing_for_developers(production: Client) -> None:
    host = "http://norrsken.localhost"
    for path in ("/dev/messages?to=%2B46701740605", f"/dev/payments/{UUID(int=7)}", "/dev/graphiql/x.js", "/"):
        response = await production.http.get(f"{host}{path}")
        assert (response.status_code, response.headers["content-type"]) == (404, "application/problem+json"), path
    decided = await production.http.post(f"{host}/dev/payments/{UUID(int=7)}", data={"decision": "approve"})
    assert decided.status_code == 404
    page = await production.http.get(f"{host}/graphql", headers={"Accept": "text/html"})
    assert "html" not in page.headers["content-type"]
    introspection = await production.http.post(f"{host}/graphql", json={"query": "{ __schema { types { name } } }"})
    assert introspection.json()["errors"][0]["extensions"]["code"] == "GRAPHQL_VALIDATION_FAILED"


async def get(machine: Machine, path: str) -> httpx2.Response:
    return await machine.client.http.get(f"http://localhost:8000{path}")


async def test_a_developer_finds_graphiql(machine: Machine) -> None:
    browser = {"Accept": "text/html,application/xhtml+xml"}
    page = await machine.client.http.get("http://localhost:8000/graphql", headers=browser)
    assert (page.status_code, page.headers["content-type"].partition(";")[0]) == (200, "text/html")
    assert (await get(machine, "/")).headers["location"] == "/graphql"


async def test_a_developer_reads_what_was_told_to_a_number(machine: Machine) -> None:
    number = "+46701740605"
    sent_at = machine.client.worlds[0].clock.now()
    await machine.outbox.send(to=number, channel=Channel.SMS, text="Hello", id=UUID(int=1))
    expected = [{"to": number, "channel": "SMS", "text": "Hello", "sentAt": sent_at}]
    for query in ("to=%2B46701740605", "to=+46701740605"):
        found: list[dict[str, Any]] = (await get(machine, f"/dev/messages?{query}")).json()
        assert [{**each, "sentAt": datetime.fromisoformat(each["sentAt"])} for each in found] == expected
    assert (await get(machine, "/dev/messages?to=%2B46701740606")).json() == []
    for query in ("", "to=", "to=%20"):
        response = await get(machine, f"/dev/messages?{query}")
        assert (response.status_code, response.json()["code"]) == (400, "BAD_USER_INPUT")


async def test_a_developer_plays_the_customer_who_confirms_a_payment(machine: Machine) -> None:
    world = machine.client.worlds[0]
    for decision, status in {"approve": "COMPLETED", "refuse": "DECLINED"}.items():
        person = await a_person(world, "sandbox_needs_action")
        top_up = await world.top_up(person.id, person.card, person.method)
        path = f"/dev/payments/{top_up.id}"
        assert "REQUIRES_ACTION" in (await get(machine, path)).text
        url = f"http://localhost:8000{path}"
        undecided = await machine.client.http.post(url, data={"decision": "maybe"})
        assert (undecided.status_code, undecided.json()["code"]) == (400, "BAD_USER_INPUT")
        assert (await machine.client.http.post(url, data={"decision": decision})).status_code == 200
        assert (await world.top_ups.resume(top_up.id)).status == status


async def test_the_page_for_people_opens_with_the_data_of_its_operator(machine: Machine) -> None:
    pages = [
        (await machine.client.http.get(f"http://localhost:{port}/graphql", headers={"Accept": "text/html"})).text
        for port in (8000, 8001)
    ]
    assert ["+37120000605" in page and "%2B37120000605" in page for page in pages] == [False, True]
    assert ["EUR" in page for page in pages] == [False, True]
    assert ["SEK" in page for page in pages] == [True, False]
    assert "+46701740605" not in pages[1]


async def test_the_page_of_a_payment_that_is_not_there_says_so(machine: Machine) -> None:
    assert (await get(machine, "/dev/payments/not-an-id")).status_code == 404
    path = f"/dev/payments/{UUID(int=7)}"
    assert (await get(machine, path)).status_code == 404
    decided = await machine.client.http.post(f"http://localhost:8000{path}", data={"decision": "approve"})
    assert (decided.status_code, decided.headers["content-type"]) == (404, "application/problem+json")
