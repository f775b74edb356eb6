"""A database that does not answer: said so, with when to try again, and over as soon as it answers."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

import pytest

from domain.operators.operator import Operator
from gateways.payments.sandbox import SandboxPayments
from gateways.payments.webhooks import SIGNATURE_HEADER, body_of, signature_of
from persistence.database import open_database
from tests.api.conftest import SANDBOX_SECRET, Person, a_person
from tests.api.wire import Wire, a_wire
from tests.support.client import Client, a_client
from tests.support.connections import cut
from tests.support.databases import TestServer
from tests.support.time import TestClock, TestIds
from tests.support.world import World

VIEWER: Final = "{ viewer { customer { name } } }"
TOP_UP: Final = "mutation($input: TopUpCardInput!) { topUpCard(input: $input) { topUp { id status } errors { code } } }"


@dataclass(frozen=True)
class Scene:
    """An application whose database can be taken away."""

    client: Client
    wire: Wire
    karin: Person

    def top_up(self) -> Any:
        input = {
            "cardId": self.karin.card_id,
            "amount": {"amount": "100", "currency": "SEK"},
            "paymentMethodId": self.karin.method_id,
            "idempotencyKey": "during-the-outage",
        }
        return self.client.ask(TOP_UP, {"input": input}, by=self.karin.id)


@pytest.fixture
async def scene(
    server: TestServer,
    database_name: str,
    norrsken: Operator,
    clock: TestClock,
    ids: TestIds,
    sandbox: SandboxPayments,
) -> AsyncGenerator[Scene]:
    async with a_wire(server.server.application_url(database_name)) as wire:
        database = await open_database(wire.url, connections=5)
        world = World(database, norrsken, clock, ids, sandbox)
        async with a_client(world) as client:
            yield Scene(client, wire, await a_person(world))
        await database.close()


async def test_a_query_and_a_mutation_say_when_to_try_again(scene: Scene) -> None:
    await scene.wire.down()
    for answer in (await scene.client.ask(VIEWER, by=scene.karin.id), await scene.top_up()):
        assert (answer.status, answer.code) == (503, "SERVICE_UNAVAILABLE")
        assert int(answer.headers["retry-after"]) > 0
        assert answer.body["errors"][0]["extensions"]["retryAfter"] == int(answer.headers["retry-after"])
        assert "data" not in answer.body
        assert not any(word in str(answer.body).lower() for word in ("postgres", "connect", "127.0.0.1", "errno"))


async def test_it_recovers_by_itself_and_nothing_was_half_done(scene: Scene) -> None:
    await scene.wire.down()
    assert (await scene.top_up()).status == 503
    await scene.wire.up()
    assert (await scene.client.ask(VIEWER, by=scene.karin.id)).data["viewer"]["customer"]["name"] == "Karin Ek"
    payload = (await scene.top_up()).data["topUpCard"]
    assert (payload["topUp"]["status"], payload["errors"]) == ("COMPLETED", [])
    world = scene.client.worlds[0]
    assert await world.balance_minor(scene.karin.card) == 10_000
    assert await world.database.fetchval("select count(*) from top_up") == 1


async def test_connections_that_the_server_ended_are_replaced_without_a_word(
    scene: Scene, server: TestServer, database_name: str
) -> None:
    assert (await scene.top_up()).status == 200
    assert await cut(server, database_name) > 0
    assert (await scene.client.ask(VIEWER, by=scene.karin.id)).data["viewer"] is not None


async def test_what_needs_no_database_goes_on(scene: Scene) -> None:
    await scene.wire.down()
    assert (await scene.client.ask("{ operator { name } viewer { actor { kind } } }")).data["operator"] is not None
    assert (await scene.client.http.get("/healthz")).json() == {"status": "ok"}


async def test_who_watches_it_is_told(scene: Scene) -> None:
    http = scene.client.http
    assert (await http.get("/readyz")).json() == {"status": "ready"}
    assert 'kontant_database_up{operator="norrsken"} 1.0' in (await http.get("/metrics")).text
    await scene.wire.down()
    response = await http.get("/readyz")
    assert (response.status_code, response.headers["content-type"]) == (503, "application/problem+json")
    assert int(response.headers["retry-after"]) > 0
    assert response.json()["operators"] == ["norrsken"]
    metrics = await http.get("/metrics")
    assert metrics.status_code == 200
    assert 'kontant_database_up{operator="norrsken"} 0.0' in metrics.text
    await scene.wire.up()
    assert (await http.get("/readyz")).status_code == 200
    assert 'kontant_database_up{operator="norrsken"} 1.0' in (await http.get("/metrics")).text


async def test_a_real_token_needs_the_database_only_at_first(scene: Scene) -> None:
    token = await scene.client.token(scene.karin.id)
    headers = {"Authorization": f"Bearer {token}"}
    await scene.wire.down()
    answer = await scene.client.ask("{ viewer { actor { kind } } }", headers=headers)
    assert (answer.status, answer.code) == (503, "SERVICE_UNAVAILABLE")
    await scene.wire.up()
    assert (await scene.client.ask("{ viewer { actor { kind } } }", headers=headers)).data["viewer"] is not None
    await scene.wire.down()
    assert (await scene.client.ask("{ viewer { actor { kind } } }", headers=headers)).data["viewer"] is not None


async def test_a_webhook_is_asked_for_later(scene: Scene) -> None:
    body = body_of(UUID(int=7))
    headers = {SIGNATURE_HEADER: signature_of(body, SANDBOX_SECRET, scene.client.worlds[0].clock.now())}
    await scene.wire.down()
    response = await scene.client.http.post("/webhooks/sandbox", content=body, headers=headers)
    assert (response.status_code, response.headers["content-type"]) == (503, "application/problem+json")
    assert int(response.headers["retry-after"]) > 0
    assert response.json()["code"] == "SERVICE_UNAVAILABLE"
    await scene.wire.up()
    assert (await scene.client.http.post("/webhooks/sandbox", content=body, headers=headers)).status_code == 202
