"""For those who run it: health, metrics, and logs in which nobody can be found."""

from __future__ import annotations

import logging
from datetime import timedelta
from typing import Any, Final

import asyncpg
import httpx2
import orjson
import pytest
from prometheus_client.parser import text_string_to_metric_families

from domain.topups.topup import LOOKS
from gateways.payments.sandbox import SandboxPayments
from gateways.payments.webhooks import SIGNATURE_HEADER, body_of, signature_of
from kontant.logs import fields_of
from persistence.audit import AuditChain
from tests.api.conftest import SANDBOX_SECRET, Person, a_person
from tests.support.client import Client
from tests.support.world import World


async def samples(client: Client, name: str) -> list[Any]:
    """The samples of a metric, with their labels and values."""
    response = await client.http.get("/metrics")
    assert response.headers["content-type"].startswith("text/plain; version=")
    return [
        sample
        for family in text_string_to_metric_families(response.text)
        for sample in family.samples
        if sample.name == name
    ]


async def test_it_says_that_it_is_alive_and_ready(client: Client) -> None:
    assert (await client.http.get("/healthz")).json() == {"status": "ok"}
    assert (await client.http.get("/readyz")).json() == {"status": "ready"}
    assert (await client.http.post("/healthz")).status_code == 405


async def test_requests_are_counted_by_route_method_and_status(client: Client) -> None:
    for _ in range(3):
        await client.ask("{ operator { name } }")
    await client.ask("{ nonsense }")
    counted = {
        (each.labels["route"], each.labels["method"], each.labels["status"]): each.value
        for each in await samples(client, "kontant_http_requests_total")
    }
    assert counted == {("/graphql", "POST", "200"): 3, ("/graphql", "POST", "400"): 1}
    times = {each.labels["route"]: each.value for each in await samples(client, "kontant_http_request_seconds_count")}
    assert times["/graphql"] == 4


async def test_nobody_can_fill_the_metrics_with_names_of_their_own(client: Client) -> None:
    for n in range(20):
        await client.http.get(f"/nothing/{n}")
        await client.http.request(f"INVENTED{n}", "/graphql")
        await client.http.get("/graphql", headers={"Host": f"host-{n}.example"})
    counted = await samples(client, "kontant_http_requests_total")
    assert len(counted) < 10
    assert {each.labels["route"] for each in counted} <= {"/graphql", "/metrics", "other"}
    assert {each.labels["method"] for each in counted} <= {"GET", "POST", "other"}


async def test_unsettled_top_ups_are_counted(client: Client, world: World) -> None:
    person = await a_person(world, "sandbox_needs_action")
    await world.top_up(person.id, person.card, person.method)
    states = {each.labels["status"]: each.value for each in await samples(client, "kontant_top_ups_unsettled")}
    assert states == {"CREATED": 0, "REQUIRES_ACTION": 1, "UNKNOWN": 0}


@pytest.mark.parametrize(("looks", "given_up"), [(len(LOOKS), 0), (len(LOOKS) + 1, 1)])
async def test_a_top_up_that_nobody_could_find_out_about_is_counted_apart(
    client: Client, world: World, owner: asyncpg.Connection[Any], looks: int, given_up: int
) -> None:
    person = await a_person(world, "sandbox_needs_action")
    await world.top_up(person.id, person.card, person.method)
    await owner.execute("update top_up set looks = $1", looks)
    assert [each.value for each in await samples(client, "kontant_top_ups_given_up")] == [given_up]


async def test_what_is_unsealed_of_the_audit_log_is_counted(client: Client, world: World) -> None:
    person = await a_person(world, "sandbox_succeeds")
    await world.top_up(person.id, person.card, person.method)
    world.clock.advance(timedelta(seconds=11))
    rows = await world.database.fetchval("select count(*) from audit")

    async def told() -> list[float]:
        names = ("kontant_audit_unsealed", "kontant_audit_lag_seconds")
        return [each.value for name in names for each in await samples(client, name)]

    assert await told() == [rows, 11]
    await AuditChain(world.database).seal_next()
    assert await told() == [0, 0]


NAME: Final = "Rasmus-Ulrik"
NUMBER: Final = "+46701740698"
CARD_NUMBER: Final = "+46701740605"
TOP_UP: Final = """mutation($input: TopUpCardInput!) { topUpCard(input: $input) {
    topUp { id actionUrl } card { phoneNumber } errors { message } } }"""


class Tour:
    """Somebody signs in, looks around, tops up, and gets things wrong. What was theirs is kept in `secrets`."""

    def __init__(self, client: Client, world: World, sandbox: SandboxPayments) -> None:
        self.client, self.world, self.sandbox = client, world, sandbox
        self.secrets: set[str] = {NAME, NUMBER, NUMBER[1:], CARD_NUMBER, CARD_NUMBER[1:], SANDBOX_SECRET.decode()}

    async def go(self) -> None:
        person = await self.world.person(NAME, phone_number=NUMBER)
        card, method = await self.world.card(person), await self.world.payment_method(person, "sandbox_needs_action")
        him = Person(person, card, method)
        headers = {"Authorization": f"Bearer {await self.sign_in()}"}
        await self.client.ask("{ viewer { customer { name contactPoints { value } } } }", headers=headers)
        await self.top_up(him, headers)
        await self.get_things_wrong(headers)

    async def sign_in(self) -> str:
        document = "mutation($n: PhoneNumber!) { requestSignInCode(input: { phoneNumber: $n }) { challengeId } }"
        asked = (await self.client.ask(document, {"n": NUMBER})).data["requestSignInCode"]["challengeId"]
        code = self.client.code_of(asked)
        form = {"grant_type": "urn:kontant:grant-type:sign-in-code", "challenge_id": asked, "client_id": "kontant-app"}
        await self.client.http.post("/oauth/token", data=form | {"code": "000000"})
        tokens = (await self.client.http.post("/oauth/token", data=form | {"code": code})).json()
        again = {"grant_type": "refresh_token", "client_id": "kontant-app", "refresh_token": tokens["refresh_token"]}
        tokens_again = (await self.client.http.post("/oauth/token", data=again)).json()
        for each in (tokens, tokens_again):
            self.secrets |= {each["access_token"], each["access_token"].split(".")[2], each["refresh_token"]}
        self.secrets.add(code)
        return tokens_again["access_token"]

    async def top_up(self, him: Person, headers: dict[str, str]) -> None:
        money = {"amount": "100", "currency": "SEK"}
        key = "a-key-of-his-own"
        input = {"cardId": him.card_id, "amount": money, "paymentMethodId": him.method_id, "idempotencyKey": key}
        answer = (await self.client.ask(TOP_UP, {"input": input}, headers=headers)).data["topUpCard"]
        assert answer["card"]["phoneNumber"] == CARD_NUMBER
        id = await self.world.database.fetchval("select id from top_up")
        await self.sandbox.approve(id)
        signature = signature_of(body_of(id), SANDBOX_SECRET, self.world.clock.now())
        for given in (signature, signature[:-1]):
            await self.client.http.post("/webhooks/sandbox", content=body_of(id), headers={SIGNATURE_HEADER: given})
        self.secrets |= {signature, answer["topUp"]["actionUrl"], "sandbox_needs_action", key}

    async def get_things_wrong(self, headers: dict[str, str]) -> None:
        http = self.client.http
        document = f'query {{ node(id: "{NUMBER}") {{ id }} {NAME.replace("-", "")} }}'
        await self.client.ask(document, headers=headers)
        await self.client.ask("query($id: ID!) { node(id: $id) { id } }", {"id": NUMBER}, headers=headers)
        await self.client.ask("{ viewer { customer { name } } }", headers={"Authorization": f"Bearer {NUMBER}"})
        await http.get("/dev/messages", params={"to": NUMBER})
        await http.get(f"/{NAME}/{NUMBER}")
        await http.get("/graphql", params={"query": f'{{ node(id: "{NUMBER}") {{ id }} }}'})
        await http.post(
            "/graphql", content=f'{{"query": "{NAME}'.encode(), headers={"Content-Type": "application/json"}
        )
        await http.post("/oauth/token", data={"grant_type": NUMBER, "client_id": NAME, "code": NUMBER})


def lines(caplog: pytest.LogCaptureFixture) -> list[str]:
    """The log as it is written."""
    return [orjson.dumps(fields_of(record), default=str).decode() for record in caplog.records]


@pytest.fixture
def everything(caplog: pytest.LogCaptureFixture) -> pytest.LogCaptureFixture:
    """Even what is for debugging, but for those libraries that the running program keeps quiet."""
    for name in ("asyncio", "sqlalchemy", "alembic", "httpx2", "httpcore2", "authlib"):
        caplog.set_level(logging.WARNING, logger=name)
    caplog.set_level(logging.DEBUG)
    return caplog


async def test_every_request_is_logged_with_its_route_status_and_time(
    client: Client, world: World, sandbox: SandboxPayments, everything: pytest.LogCaptureFixture
) -> None:
    await Tour(client, world, sandbox).go()
    requests = [each for each in map(orjson.loads, lines(everything)) if each["event"] == "request"]
    assert len(requests) >= 15
    assert {"/graphql", "/oauth/token", "/webhooks/sandbox", "other"} == {each["route"] for each in requests}
    assert {200, 204, 400, 401, 404} <= {each["status"] for each in requests}
    assert all(each["milliseconds"] >= 0 for each in requests)
    assert {each["operator"] for each in requests} == {"norrsken"}


async def test_in_the_logs_nobody_can_be_found(
    client: Client, world: World, sandbox: SandboxPayments, everything: pytest.LogCaptureFixture
) -> None:
    tour = Tour(client, world, sandbox)
    await tour.go()
    log = "\n".join(lines(everything))
    assert log.count('"event":"request"') >= 15
    assert len(tour.secrets) >= 14
    assert [secret for secret in tour.secrets if secret in log] == []


class Clumsy(Exception):
    """An exception whose message quotes somebody."""


@pytest.fixture
def clumsy(client: Client, monkeypatch: pytest.MonkeyPatch) -> Client:
    """An application that has a defect."""

    async def fail(*_: Any, **__: Any) -> Any:
        raise Clumsy(f"could not find {NAME} by {NUMBER}")

    monkeypatch.setattr(client.services[0].database, "fetch", fail)
    monkeypatch.setattr(client.services[0].top_ups, "resume", fail)
    return client


async def test_a_defect_is_masked_and_logged_by_its_place_under_the_id_that_is_told(
    clumsy: Client, karin: Person, caplog: pytest.LogCaptureFixture
) -> None:
    answer = await clumsy.ask("{ viewer { customer { name } } }", by=karin.id)
    assert answer.code == "INTERNAL"
    body = body_of(karin.id)
    headers = {SIGNATURE_HEADER: signature_of(body, SANDBOX_SECRET, clumsy.worlds[0].clock.now())}
    response: httpx2.Response = await clumsy.http.post("/webhooks/sandbox", content=body, headers=headers)
    assert (response.status_code, response.json()["code"]) == (500, "INTERNAL")
    log = "\n".join(lines(caplog))
    for told in (str(answer.body), response.text, log):
        assert NAME not in told
        assert NUMBER not in told
    for id in (answer.body["errors"][0]["extensions"]["id"], response.json()["id"]):
        assert id in log
    assert "Clumsy" in log
    assert "Clumsy" not in str(answer.body) + response.text
