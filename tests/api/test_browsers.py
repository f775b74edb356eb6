"""What a browser may send here for a page of somebody else's, and what it is told with every answer."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from dataclasses import replace
from typing import Final

import httpx2
import pytest

from api.app import Protection
from api.development import Development
from tests.support.client import Client, a_client
from tests.support.operators import BALTIKA, NORRSKEN
from tests.support.time import TestIds
from tests.support.world import World

OURS: Final = "https://app.norrsken.example"
THEIRS: Final = "https://app.baltika.example"
QUERY: Final = "/graphql?query=%7Boperator%7Bname%7D%7D"
BODY: Final = {"query": "{ operator { name } }"}
FOREIGN: Final = [
    "https://evil.example", "null", THEIRS, "http://app.norrsken.example", "https://app.norrsken.example:8443",
    "https://app.norrsken.example.evil.example", "https://evil-app.norrsken.example", "HTTPS://app.norrsken.example",
    "http://localhost:3000", "file://", "",
]  # fmt: skip


@pytest.fixture
async def client(world: World) -> AsyncGenerator[Client]:
    other = World(world.database, BALTIKA, world.clock, TestIds(world.clock), world.payments)
    protection = Protection(origins={"norrsken": [OURS], "baltika": [THEIRS]})
    async with a_client(world, other, protection=protection) as client:
        yield client


@pytest.fixture
async def developers(world: World) -> AsyncGenerator[Client]:
    async with a_client(world, development=Development({}, {}), first_port=80) as client:
        yield client


async def preflight(client: Client, origin: str, path: str = "/graphql", **headers: str) -> httpx2.Response:
    asked = {"Origin": origin, "Access-Control-Request-Method": "POST", **headers}
    return await client.http.request("OPTIONS", path, headers=asked)


class TestOrigins:
    async def test_the_operators_own_pages_may_ask_and_read(self, client: Client) -> None:
        names = "authorization, content-type, graphql-require-preflight"
        for path in ("/graphql", "/oauth/token"):
            asked = await preflight(client, OURS, path, **{"Access-Control-Request-Headers": names})
            assert (asked.status_code, asked.headers["access-control-allow-origin"]) == (200, OURS)
            assert "access-control-allow-credentials" not in asked.headers
        answer = await client.http.post("/graphql", json=BODY, headers={"Origin": OURS})
        assert (answer.status_code, answer.headers["access-control-allow-origin"]) == (200, OURS)
        assert "RateLimit" in answer.headers["access-control-expose-headers"]
        assert "Origin" in answer.headers["vary"]

    async def test_no_other_page_may(self, client: Client) -> None:
        for origin in FOREIGN:
            asked = await preflight(client, origin)
            answer = await client.http.post("/graphql", json=BODY, headers={"Origin": origin})
            assert asked.status_code == 400, origin
            for each in (asked, answer):
                assert "access-control-allow-origin" not in each.headers, origin

    async def test_a_preflight_does_not_allow_what_nobody_needs(self, client: Client) -> None:
        for headers in ({"Access-Control-Request-Method": "DELETE"}, {"Access-Control-Request-Headers": "cookie"}):
            assert (await preflight(client, OURS, **headers)).status_code == 400

    async def test_what_is_not_for_apps_is_for_no_page(self, client: Client) -> None:
        for path in ("/webhooks/sandbox", "/metrics", "/healthz"):
            answer = await client.http.get(path, headers={"Origin": OURS})
            assert "access-control-allow-origin" not in answer.headers

    async def test_on_a_developers_machine_its_own_pages_may(self, developers: Client, client: Client) -> None:
        for origin in ("http://localhost:3000", "http://127.0.0.1:5173", "http://[::1]:8080", "https://my.localhost"):
            assert (await preflight(developers, origin)).status_code == 200
            assert (await preflight(client, origin)).status_code == 400
        for origin in ("http://localhost.evil.example", "http://evil.example", "http://localhost:3000.evil.example"):
            assert (await preflight(developers, origin)).status_code == 400


class TestGet:
    async def test_a_query_may_stand_in_the_address_of_ones_own_page(self, client: Client) -> None:
        cases: list[dict[str, str]] = [
            {},
            {"Sec-Fetch-Site": "same-origin"},
            {"Sec-Fetch-Site": "none"},
            {"Origin": "http://norrsken.localhost", "Sec-Fetch-Site": "same-origin"},
            {"Origin": OURS, "Sec-Fetch-Site": "cross-site"},
            {"Sec-Fetch-Site": "cross-site", "GraphQL-Require-Preflight": "1"},
        ]
        for headers in cases:
            answer = await client.http.get(QUERY, headers=headers)
            assert answer.json()["data"] == {"operator": {"name": "Norrsken"}}, headers

    async def test_not_of_another_that_did_not_ask_first(self, client: Client) -> None:
        for headers in (
            {"Sec-Fetch-Site": "cross-site"},
            {"Sec-Fetch-Site": "same-site"},
            *({"Origin": origin} for origin in FOREIGN if origin),
        ):
            answer = await client.http.get(QUERY, headers=headers)
            code = answer.json()["errors"][0]["extensions"]["code"]
            assert (answer.status_code, code) == (403, "FOREIGN_ORIGIN"), headers


async def test_a_body_that_a_form_can_send_is_refused(client: Client) -> None:
    """A browser sends these to anybody without asking first."""
    for content_type in (
        "text/plain",
        "text/plain;application/json",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
    ):
        headers = {"Content-Type": content_type, "Origin": OURS}
        answer = await client.http.post("/graphql", content=b'{"query": "{ operator { name } }"}', headers=headers)
        assert answer.status_code == 415, content_type


class TestHeaders:
    async def test_every_answer_tells_a_browser_what_it_must_not_do(self, client: Client) -> None:
        for method, path in (
            ("POST", "/graphql"),
            ("GET", QUERY),
            ("POST", "/oauth/token"),
            ("GET", "/oauth/jwks"),
            ("POST", "/webhooks/sandbox"),
            ("GET", "/nothing"),
            ("GET", "http://evil.example/"),
            ("GET", "/healthz"),
        ):
            headers = (await client.http.request(method, path)).headers
            assert headers["x-content-type-options"] == "nosniff", path
            assert headers["referrer-policy"] == "no-referrer"
            assert headers["content-security-policy"].startswith("default-src 'none';")
            assert "frame-ancestors 'none'" in headers["content-security-policy"]
            assert headers["cross-origin-resource-policy"] == "same-origin"
            assert headers["cross-origin-opener-policy"] == "same-origin"
            public = path == "/oauth/jwks"
            assert headers["cache-control"] == ("public, max-age=300" if public else "no-store"), path
            assert "strict-transport-security" not in headers

    async def test_an_operator_with_https_asks_for_it_ever_after(self, world: World) -> None:
        safe = World(
            world.database, replace(NORRSKEN, issuer="https://norrsken.localhost"), world.clock, TestIds(world.clock),
            world.payments,
        )  # fmt: skip
        async with a_client(safe) as client:
            headers = (await client.http.post("/graphql", json=BODY)).headers
        assert headers["strict-transport-security"] == "max-age=31536000"

    async def test_the_developers_page_runs_its_own_scripts_and_no_others(self, developers: Client) -> None:
        page = await developers.http.get("/graphql", headers={"Accept": "text/html", "Sec-Fetch-Site": "cross-site"})
        policy = page.headers["content-security-policy"]

        assert page.status_code == 200
        assert "script-src 'self' 'sha256-" in policy
        assert "unsafe" not in policy.partition("script-src")[2].partition(";")[0]
