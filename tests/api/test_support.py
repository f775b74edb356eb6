"""Support through the API: the ordinary schema on a customer's behalf, a banner for the app, and a record for them."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, Final

import pytest

from api.schema.ids import global_id
from domain.kernel.access import StaffRole, SupportAccess
from persistence.repositories.support import SESSION, to_session
from tests.api.conftest import Person
from tests.support.client import Client, staff_headers, support_headers
from tests.support.world import World

FIND: Final = "query($search: CustomerSearchInput!) { support { customers(search: $search) { id name number } } }"
START: Final = """mutation($input: StartSupportSessionInput!) { startSupportSession(input: $input) {
    supportSession { id staffName access expiresAt } errors { code } } }"""
DISPUTE: Final = """mutation($input: DisputeSupportAccessInput!) { disputeSupportAccess(input: $input) {
    supportSession { disputedAt endedAt } errors { code } } }"""
BANNER: Final = (
    "{ viewer { actor { kind isImpersonating supportSession { staffName reason } } cards { nodes { id } } } }"
)
RECORD: Final = """{ viewer { supportAccess { nodes {
    staffName access reason ticket requests { fields } changes { operation } } } } }"""


@pytest.fixture
async def sven(world: World) -> dict[str, str]:
    return staff_headers(await world.staff("Sven"), StaffRole.AGENT)


async def test_from_a_telephone_number_to_the_customers_own_screen(
    client: Client, world: World, sven: dict[str, str]
) -> None:
    karin = await world.person(phone_number="+46701740650")
    card = global_id("card", await world.card(karin))
    search = {"search": {"phoneNumber": "+46 70 174 06 50"}}
    [customer] = (await client.ask(FIND, search, headers=sven)).data["support"]["customers"]
    assert customer["name"] == "Karin Ek"
    input = {"customerId": customer["id"], "reason": "Balance.", "ticket": "T-1", "access": "READ_ONLY"}
    started = (await client.ask(START, {"input": input}, headers=sven)).data["startSupportSession"]
    assert started["errors"] == []
    assert started["supportSession"]["staffName"] == "Sven"
    [row] = await world.database.fetch("select * from support_session")
    assert global_id("support", row["id"]) == started["supportSession"]["id"]
    session = await session_of(world)
    viewer = (await client.ask(BANNER, headers={"Authorization": f"Bearer {await client.token_to_act(session)}"})).data
    actor = {"kind": "STAFF", "isImpersonating": True, "supportSession": {"staffName": "Sven", "reason": "Balance."}}
    assert viewer["viewer"] == {"actor": actor, "cards": {"nodes": [{"id": card}]}}
    [shown] = (await client.ask(RECORD, by=karin)).data["viewer"]["supportAccess"]["nodes"]
    assert shown["requests"] == [{"fields": ["viewer.actor", "viewer.cards"]}]
    assert shown["changes"] == []


async def session_of(world: World) -> Any:
    id = await world.database.fetchval("select id from support_session")
    return to_session(tuple(await SESSION.fetchrow(world.database, session=id)))


@pytest.mark.parametrize("search", [{}, {"email": "a@b.se", "customerNumber": "1"}, {"email": ""}])
async def test_a_customer_is_looked_for_by_one_thing(client: Client, sven: dict[str, str], search: Any) -> None:
    answer = await client.ask(FIND, {"search": search}, headers=sven)
    assert answer.code == "BAD_USER_INPUT"


async def test_what_cannot_be_a_number_is_bad_input(client: Client, sven: dict[str, str]) -> None:
    assert (await client.ask(FIND, {"search": {"phoneNumber": "+9999999"}}, headers=sven)).code == "BAD_USER_INPUT"


async def test_staff_see_nobody_by_id_whom_they_did_not_look_for(
    client: Client, world: World, karin: Person, sven: dict[str, str]
) -> None:
    document = "query($id: ID!) { node(id: $id) { id } }"
    for id in (global_id("customer", karin.id), karin.card_id, karin.method_id):
        assert (await client.ask(document, {"id": id}, headers=sven)).data["node"] is None


async def test_whatever_staff_are_shown_of_a_customer_is_on_record_first(
    client: Client, world: World, karin: Person, sven: dict[str, str]
) -> None:
    document = "query($id: ID!) { node(id: $id) { ... on Customer { birthDate } } }"
    id = {"id": global_id("customer", karin.id)}
    seen = "select count(*) from audit where operation = 'record_customers_seen' and details::text like $1"
    assert (await client.ask(document, id, headers=sven)).data["node"] is None
    assert await world.database.fetchval(seen, f"%{karin.id}%") == 0
    number = await world.database.fetchval("select number from customer where id = $1", karin.id)
    await client.ask(FIND, {"search": {"customerNumber": str(number)}}, headers=sven)
    assert await world.database.fetchval(seen, f"%{karin.id}%") == 1
    assert (await client.ask(document, id, headers=sven)).data["node"] is not None
    assert await world.database.fetchval(seen, f"%{karin.id}%") == 2
    client.services[0].executor._cases.clear()  # pyright: ignore[reportPrivateUsage]  # nothing can be recorded now
    assert (await client.ask(document, id, headers=sven)).body.get("data") in (None, {"node": None})


async def test_an_ended_session_is_dead_within_half_a_minute(client: Client, world: World, karin: Person) -> None:
    session = await world.support_session(await world.staff(), karin.id)
    bearer = {"Authorization": f"Bearer {await client.token_to_act(session)}"}
    assert (await client.ask(BANNER, headers=bearer)).status == 200
    input = {"supportSessionId": global_id("support", session.id), "reason": "No."}
    disputed = (await client.ask(DISPUTE, {"input": input}, by=karin.id)).data["disputeSupportAccess"]
    assert disputed["errors"] == []
    assert disputed["supportSession"]["endedAt"] is not None
    world.clock.advance(timedelta(seconds=29))
    assert (await client.ask(BANNER, headers=bearer)).status == 401


async def test_what_cannot_be_put_on_record_is_not_shown(client: Client, world: World, karin: Person) -> None:
    session = await world.support_session(await world.staff(), karin.id, SupportAccess.READ_ONLY)
    client.services[0].executor._cases.clear()  # pyright: ignore[reportPrivateUsage]  # nothing can be recorded now
    answer = await client.ask(BANNER, headers=support_headers(session))
    assert "data" not in answer.body


async def test_only_what_goes_on_record_is_answered_on_a_customers_behalf(
    client: Client, world: World, karin: Person
) -> None:
    session = await world.support_session(await world.staff(), karin.id)
    bearer = {"Authorization": f"Bearer {await client.token_to_act(session)}"}
    assert (await client.http.get("/oauth/userinfo", headers=bearer)).status_code == 401
    own = {"Authorization": f"Bearer {await client.token(karin.id)}"}
    assert (await client.http.get("/oauth/userinfo", headers=own)).json() == {"sub": str(karin.id)}
