"""The payment provider's webhooks: hints that are verified, and after which the provider is asked (P5)."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

import pytest

from gateways.payments.sandbox import SandboxPayments
from gateways.payments.webhooks import SIGNATURE_HEADER, body_of, signature_of
from tests.api.conftest import SANDBOX_SECRET, Person, a_person
from tests.support.client import Client
from tests.support.world import World


async def hint(client: Client, body: bytes, signature: str | None = None) -> int:
    """Delivers a webhook, signed as it should be unless otherwise told. Its status."""
    signature = signature if signature is not None else signature_of(body, SANDBOX_SECRET, client.worlds[0].clock.now())
    response = await client.http.post("/webhooks/sandbox", content=body, headers={SIGNATURE_HEADER: signature})
    if response.status_code >= 400:
        assert response.headers["content-type"] == "application/problem+json"
        assert response.json()["status"] == response.status_code
    return response.status_code


@pytest.fixture
async def waiting(world: World) -> tuple[Person, UUID]:
    """A person, and a top-up of theirs that waits for them to confirm it."""
    person = await a_person(world, "sandbox_needs_action")
    return person, (await world.top_up(person.id, person.card, person.method)).id


async def status_of(world: World, top_up: UUID) -> str:
    return await world.database.fetchval("select status from top_up where id = $1", top_up)


async def test_a_good_hint_takes_the_top_up_further(
    client: Client, world: World, sandbox: SandboxPayments, waiting: tuple[Person, UUID]
) -> None:
    person, top_up = waiting
    await sandbox.approve(top_up)
    assert await hint(client, body_of(top_up)) == 204
    assert await status_of(world, top_up) == "COMPLETED"
    assert await world.balance_minor(person.card) == 10_000


async def test_a_hint_that_comes_again_changes_nothing(
    client: Client, world: World, sandbox: SandboxPayments, waiting: tuple[Person, UUID]
) -> None:
    person, top_up = waiting
    await sandbox.approve(top_up)
    assert [await hint(client, body_of(top_up)) for _ in range(3)] == [204, 204, 204]
    assert await world.balance_minor(person.card) == 10_000


async def test_a_hint_is_no_proof(client: Client, world: World, waiting: tuple[Person, UUID]) -> None:
    """It is signed, and the provider, when it is asked, says that nothing has been paid."""
    person, top_up = waiting
    assert await hint(client, body_of(top_up)) == 204
    assert await status_of(world, top_up) == "REQUIRES_ACTION"
    assert await world.balance_minor(person.card) == 0


async def test_a_hint_that_is_not_the_providers_is_refused(
    client: Client, world: World, sandbox: SandboxPayments, waiting: tuple[Person, UUID]
) -> None:
    _, top_up = waiting
    await sandbox.approve(top_up)
    body, now = body_of(top_up), world.clock.now()
    good = signature_of(body, SANDBOX_SECRET, now)
    assert await hint(client, body, "") == 400
    assert await hint(client, body, "t=1,v1=00") == 400
    assert await hint(client, body, signature_of(body, b"another secret, as long", now)) == 400
    assert await hint(client, body, signature_of(body, SANDBOX_SECRET, now - timedelta(seconds=301))) == 400
    assert await hint(client, body, signature_of(body, SANDBOX_SECRET, now + timedelta(seconds=301))) == 400
    assert await hint(client, body + b" ", good) == 400
    assert await status_of(world, top_up) == "REQUIRES_ACTION"
    assert await hint(client, body, good) == 204


async def test_a_signed_body_that_names_nothing_is_refused(client: Client) -> None:
    for body in (b"", b"{}", b"[]", b"null", b'{"intent_id": 1}', b'{"intent_id": "x"}', b"\xff\xfe", b"[" * 10_000):
        assert await hint(client, body) == 400, body[:20]


async def test_a_hint_at_what_is_not_known_is_taken_and_does_nothing(client: Client) -> None:
    """Any other answer would only bring it again."""
    assert await hint(client, body_of(UUID(int=7))) == 202


async def test_a_body_that_is_too_large_is_not_read(client: Client) -> None:
    assert await hint(client, b"x" * 64_001) == 413


async def test_only_a_post_is_a_hint(client: Client) -> None:
    response = await client.http.get("/webhooks/sandbox")
    assert (response.status_code, response.headers["content-type"]) == (405, "application/problem+json")
