"""How often somebody may ask, who counts as somebody, and what they are told."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from typing import Final

import pytest

from api.app import Protection
from api.rates import Policies, Policy, Rate, sender
from tests.api.conftest import Person, a_person
from tests.support.client import Client, a_client
from tests.support.world import World

QUERY: Final = "{ operator { name } }"
ROOT: Final = "http://norrsken.localhost"
A_MINUTE: Final = 60


class Time:
    seconds = 1000.0

    def __call__(self) -> float:
        return self.seconds


class TestRate:
    def test_a_quota_can_be_used_at_once_and_comes_back_evenly(self) -> None:
        time = Time()
        rate = Rate("x", Policy(6), now=time)

        assert [rate.take("a").remaining for _ in range(6)] == [5, 4, 3, 2, 1, 0]
        assert rate.take("a").retry_after_seconds == pytest.approx(10)  # pyright: ignore[reportUnknownMemberType]  # untyped
        time.seconds += 9.9
        assert rate.take("a").retry_after_seconds > 0
        time.seconds += 0.2
        assert rate.take("a").retry_after_seconds == 0
        assert rate.take("a").retry_after_seconds > 0
        time.seconds += A_MINUTE
        assert [rate.take("a").retry_after_seconds == 0 for _ in range(7)] == [True] * 6 + [False]

    def test_who_is_refused_has_to_wait_no_longer_for_that(self) -> None:
        time = Time()
        rate = Rate("x", Policy(6), now=time)
        for _ in range(100):
            rate.take("a")
        time.seconds += 10.1

        assert rate.take("a").retry_after_seconds == 0

    @pytest.mark.parametrize("quota", [1, 3, 7, 600, 60_000])
    def test_the_last_of_a_quota_is_not_lost_to_fractions(self, quota: int) -> None:
        rate = Rate("x", Policy(quota), now=Time())

        assert all(not rate.take("a").retry_after_seconds for _ in range(quota))
        assert rate.take("a").retry_after_seconds

    def test_each_key_has_a_quota_of_its_own(self) -> None:
        rate = Rate("x", Policy(1), now=Time())

        assert [bool(rate.take(key).retry_after_seconds) for key in "abab"] == [False, False, True, True]

    def test_no_more_keys_are_kept_than_there_is_room_for(self) -> None:
        rate = Rate("x", Policy(1), now=Time(), most_keys=2)

        assert [bool(rate.take(key).retry_after_seconds) for key in "abbca"] == [False, False, True, False, False]


@pytest.mark.parametrize(
    ("one", "other", "is_same"),
    [
        ("192.0.2.1", "192.0.2.1", True),
        ("192.0.2.1", "192.0.2.2", False),
        ("2001:db8:1:2::1", "2001:db8:1:2:ffff::9", True),
        ("2001:db8:1:2::1", "2001:db8:1:3::1", False),
        ("::ffff:192.0.2.1", "192.0.2.1", True),
        ("unknown", "_hidden", True),
    ],
)
def test_an_address_is_what_one_subscriber_has(one: str, other: str, is_same: bool) -> None:
    assert (sender({"client": (one, 1)}) == sender({"client": (other, 2)})) is is_same


@pytest.fixture
async def strict(world: World) -> AsyncGenerator[Client]:
    """Two requests a minute for a customer, three for a client, five for an address behind a proxy."""
    policies = Policies(address=Policy(5), client=Policy(3), customer=Policy(2))
    async with a_client(world, protection=Protection(policies=policies, trusted_proxies=["127.0.0.1"])) as client:
        yield client


def from_(address: str) -> dict[str, str]:
    return {"X-Forwarded-For": address}


async def test_whoever_asks_too_often_is_told_so_in_the_words_of_the_route(strict: Client) -> None:
    for _ in range(5):
        assert (await strict.ask(QUERY, headers=from_("192.0.2.1"))).status == 200

    graphql = await strict.ask(QUERY, headers=from_("192.0.2.1"))
    token = await strict.http.post("/oauth/token", data={}, headers=from_("192.0.2.1"))
    other = await strict.http.post("/webhooks/sandbox", headers=from_("192.0.2.1"))

    assert (graphql.status, graphql.code) == (429, "RATE_LIMITED")
    assert graphql.body["errors"][0]["extensions"]["retryAfter"] == 12
    assert graphql.headers["content-type"].startswith("application/graphql-response+json")
    assert (token.status_code, token.json()["error"]) == (429, "temporarily_unavailable")
    assert (other.status_code, other.headers["content-type"]) == (429, "application/problem+json")
    assert other.json()["code"] == "RATE_LIMITED"
    assert {each.headers["retry-after"] for each in (graphql, token, other)} == {"12"}
    assert (await strict.ask(QUERY, headers=from_("192.0.2.2"))).status == 200
    assert (await strict.http.get("/healthz", headers=from_("192.0.2.1"))).status_code == 200


async def test_every_answer_says_how_its_sender_stands(strict: Client) -> None:
    person = await a_person(strict.worlds[0])
    token = await strict.token(person.id)

    async def ask() -> tuple[int, str, str]:
        headers = {**from_("192.0.2.1"), "Authorization": f"Bearer {token}"}
        answer = await strict.ask("{ viewer { actor { kind } } }", headers=headers)
        return answer.status, answer.headers["ratelimit"], answer.headers["ratelimit-policy"]

    policies = '"address";q=5;w=60, "client";q=3;w=60, "customer";q=2;w=60'
    assert await ask() == (200, '"address";r=4;t=12, "client";r=2;t=20, "customer";r=1;t=30', policies)
    status, states, _ = await ask()
    assert (status, states.count("r=0")) == (200, 1)
    status, states, _ = await ask()
    assert (status, states.rpartition(", ")[2]) == (429, '"customer";r=0;t=30')
    unknown = await strict.http.get("http://evil.example/graphql", headers=from_("192.0.2.9"))
    assert unknown.headers["ratelimit"] == '"address";r=4;t=12'


async def test_a_customer_is_counted_wherever_they_ask_from_and_a_client_whoever_uses_it(strict: Client) -> None:
    world = strict.worlds[0]
    karin, nils, elsa = [await a_person(world) for _ in range(3)]

    async def ask(person: Person, address: str) -> int:
        token = await strict.token(person.id)
        headers = {**from_(address), "Authorization": f"Bearer {token}"}
        return (await strict.ask("{ viewer { actor { kind } } }", headers=headers)).status

    assert [await ask(karin, f"192.0.2.{n}") for n in range(3)] == [200, 200, 429]
    assert await ask(nils, "192.0.2.10") == 429  # the client's three are used up
    assert await ask(elsa, "192.0.2.11") == 429
    form = {"client_id": "kontant-app", "grant_type": "refresh_token", "refresh_token": "x"}
    assert (await strict.http.post("/oauth/token", data=form, headers=from_("192.0.2.12"))).status_code == 429
    form["client_id"] = "another"
    assert (await strict.http.post("/oauth/token", data=form, headers=from_("192.0.2.12"))).status_code != 429


async def test_only_a_trusted_proxy_is_believed(world: World) -> None:
    for trusted, statuses in {("10.0.0.0/8",): [200, 429], ("127.0.0.0/8",): [200, 200]}.items():
        protection = Protection(policies=Policies(address=Policy(1)), trusted_proxies=trusted)
        async with a_client(world, protection=protection) as client:
            assert [(await client.ask(QUERY, headers=from_(f"192.0.2.{n}"))).status for n in (1, 2)] == statuses


async def test_what_a_sender_says_of_itself_in_front_of_the_proxy_does_not_count(strict: Client) -> None:
    asked = [await strict.ask(QUERY, headers=from_(f"198.51.100.{n}, 192.0.2.1")) for n in range(6)]

    assert [each.status for each in asked] == [200] * 5 + [429]


async def test_a_quota_of_0_sets_no_limit(world: World) -> None:
    policies = Policies(address=Policy(0), client=Policy(0), customer=Policy(0))
    async with a_client(world, protection=Protection(policies=policies)) as client:
        answer = await client.ask(QUERY)
    assert (answer.status, "ratelimit" in answer.headers) == (200, False)
