"""Cases through the API: the customer asks and is answered; staff see what there is to do, and nothing of whom."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, Final
from uuid import UUID

import pytest

from api.schema.ids import global_id
from domain.cases.usecases import AddCaseNote, AnswerCase, OpenCase, PostponeCase, TakeCase
from domain.kernel.access import StaffRole, customer, staff
from domain.support.usecases import DisputeSupportAccess
from tests.api.conftest import Person
from tests.support.client import Client, staff_headers
from tests.support.world import World

OPEN: Final = """mutation($input: OpenCaseInput!) { openCase(input: $input) {
    case { id kind state dueAt owner { name } } errors { code message } } }"""
LOG: Final = """query($id: ID!) { node(id: $id) { ... on Case {
    dueAt customer { name } owner { name } about { id } entries { nodes { kind by staffName text } } } } }"""
DESK: Final = """query($state: CaseState, $owner: CaseOwner, $overdue: Boolean, $kind: CaseKind, $after: String) {
    support { cases(state: $state, owner: $owner, overdue: $overdue, kind: $kind, first: 2, after: $after) {
        nodes { id customer { name } owner { name } } pageInfo { hasNextPage endCursor } } } }"""
POSTPONE: Final = """mutation($input: PostponeCaseInput!) { postponeCase(input: $input) {
    case { dueAt } errors { code } } }"""


@pytest.fixture
async def sven(world: World) -> UUID:
    return await world.staff("Sven")


def as_agent(id: UUID) -> dict[str, str]:
    return staff_headers(id, StaffRole.AGENT)


async def a_question(world: World, person: UUID, text: str = "What?") -> UUID:
    return (await world.executor.execute(OpenCase(text=text), customer(person))).id


async def desk(client: Client, headers: dict[str, str], **wanted: Any) -> Any:
    return (await client.ask(DESK, wanted, headers=headers)).data["support"]["cases"]


async def test_the_customer_is_shown_the_answer_and_nothing_that_is_among_staff(
    client: Client, world: World, karin: Person, sven: UUID
) -> None:
    asked = (await client.ask(OPEN, {"input": {"text": "What?"}}, by=karin.id)).data["openCase"]
    assert asked["errors"] == []
    assert asked["case"] | {"id": ""} == {"id": "", "kind": "QUESTION", "state": "OPEN", "dueAt": None, "owner": None}
    id, agent = UUID(asked["case"]["id"][5:]), staff(sven, [StaffRole.AGENT])
    later = world.clock.now() + timedelta(days=1)
    for command in (
        TakeCase(case_id=id),
        AddCaseNote(case_id=id, text="Again."),
        PostponeCase(case_id=id, due_at=later),
        AnswerCase(case_id=id, text="This."),
    ):
        await world.executor.execute(command, agent)
    [seen] = [(await client.ask(LOG, {"id": asked["case"]["id"]}, by=karin.id)).data["node"]]
    nodes = [
        {"kind": "OPENED", "by": "CUSTOMER", "staffName": None, "text": "What?"},
        {"kind": "ANSWERED", "by": "STAFF", "staffName": "Sven", "text": "This."},
    ]
    assert seen == {"dueAt": None, "customer": None, "owner": None, "about": None, "entries": {"nodes": nodes}}
    shown = (await client.ask(LOG, {"id": asked["case"]["id"]}, headers=as_agent(sven))).data["node"]
    kinds = [entry["kind"] for entry in shown["entries"]["nodes"]]
    assert kinds == ["OPENED", "ASSIGNED", "NOTED", "POSTPONED", "ANSWERED"]
    assert shown["customer"]["name"] == "Karin Ek"


async def test_what_is_due_first_comes_first_page_by_page(client: Client, world: World, sven: UUID) -> None:
    ids: list[str] = []
    for name in ("Anna", "Bo", "Cilla"):
        ids.append(global_id("case", await a_question(world, await world.person(name))))
        world.clock.advance(timedelta(hours=1))
    first = await desk(client, as_agent(sven))
    rest = await desk(client, as_agent(sven), after=first["pageInfo"]["endCursor"])
    assert [[case["id"] for case in page["nodes"]] for page in (first, rest)] == [ids[:2], ids[2:]]
    assert [page["pageInfo"]["hasNextPage"] for page in (first, rest)] == [True, False]


async def test_staff_filter_by_owner_state_kind_and_what_is_overdue(
    client: Client, world: World, sven: UUID, karin: Person
) -> None:
    mine, nobodys = [await a_question(world, karin.id) for _ in range(2)]
    await world.executor.execute(TakeCase(case_id=mine), staff(sven, [StaffRole.AGENT]))
    later = world.clock.now() + timedelta(days=9)
    command = PostponeCase(case_id=mine, due_at=later)
    await world.executor.execute(command, staff(sven, [StaffRole.AGENT]))

    async def found(**wanted: Any) -> list[str]:
        return [case["id"] for case in (await desk(client, as_agent(sven), **wanted))["nodes"]]

    assert await found(owner="ME") == [global_id("case", mine)]
    assert await found(owner="NOBODY") == [global_id("case", nobodys)]
    assert await found(overdue=True) == await found(state="RESOLVED") == await found(kind="FOLLOW_UP") == []
    world.clock.advance(timedelta(days=3))
    assert await found(overdue=True) == [global_id("case", nobodys)]


async def test_who_the_customer_is_is_shown_to_who_sees_to_the_case_and_is_on_record(
    client: Client, world: World, karin: Person, sven: UUID
) -> None:
    id = await a_question(world, karin.id)
    [case] = (await desk(client, as_agent(sven)))["nodes"]
    assert case["customer"] is None
    await world.executor.execute(TakeCase(case_id=id), staff(sven, [StaffRole.AGENT]))
    [case] = (await desk(client, as_agent(sven)))["nodes"]
    assert case["customer"] == {"name": "Karin Ek"}
    seen = "select count(*) from audit where operation = $1 and details::text like $2"
    assert await world.database.fetchval(seen, "record_customers_seen", f"%{karin.id}%") == 1
    await client.ask(LOG, {"id": global_id("case", id)}, headers=as_agent(sven))
    assert await world.database.fetchval(seen, "record_cases_seen", f"%{id}%") == 1


async def test_what_was_written_is_not_shown_when_that_cannot_be_put_on_record(
    client: Client, world: World, karin: Person, sven: UUID
) -> None:
    id = {"id": global_id("case", await a_question(world, karin.id))}
    client.services[0].executor._cases.clear()  # pyright: ignore[reportPrivateUsage]  # nothing can be recorded now
    answer = await client.ask(LOG, id, headers=as_agent(sven))
    assert (answer.body.get("data") or {"node": None})["node"] is None


@pytest.mark.parametrize("role", [StaffRole.ANALYST, StaffRole.PROGRAMME_MANAGER, StaffRole.ADMINISTRATOR])
async def test_who_does_not_work_on_cases_is_shown_none(
    client: Client, world: World, karin: Person, role: StaffRole
) -> None:
    id = await a_question(world, karin.id)
    headers = staff_headers(await world.staff("Anna", role), role)
    assert await desk(client, headers) is None
    assert (await client.ask(LOG, {"id": global_id("case", id)}, headers=headers)).data["node"] is None


@pytest.mark.parametrize("due_at", ["2026-13-01T00:00:00Z", "2027-01-01T00:00:00", "soon", "0001-01-01T00:00:00+14:00"])
async def test_a_time_without_its_offset_or_that_never_was_is_bad_input(
    client: Client, world: World, karin: Person, sven: UUID, due_at: str
) -> None:
    input = {"caseId": global_id("case", await a_question(world, karin.id)), "dueAt": due_at}
    assert (await client.ask(POSTPONE, {"input": input}, headers=as_agent(sven))).code == "BAD_USER_INPUT"


async def test_a_text_that_is_too_long_is_bad_input(client: Client, karin: Person) -> None:
    assert (await client.ask(OPEN, {"input": {"text": "x" * 4_001}}, by=karin.id)).code == "BAD_USER_INPUT"


@pytest.mark.parametrize("after", ["", "AAAA", "_" * 32])
async def test_a_cursor_of_another_list_is_bad_input(client: Client, sven: UUID, after: str) -> None:
    assert (await client.ask(DESK, {"after": after}, headers=as_agent(sven))).code == "BAD_USER_INPUT"


async def test_a_page_of_cases_costs_the_same_however_many(client: Client, world: World, sven: UUID) -> None:
    document = """{ support { cases { nodes { state dueAt owner { name } customer { name }
        entries(first: 3) { nodes { text } } } } } }"""
    costs: list[int] = []
    for count in (1, 5):
        for n in range(count):
            id = await a_question(world, await world.person(f"Person {n}"))
            await world.executor.execute(TakeCase(case_id=id), staff(sven, [StaffRole.AGENT]))
        await client.ask(document, headers=as_agent(sven))
        before = world.database.statements
        await client.ask(document, headers=as_agent(sven))
        costs.append(world.database.statements - before)
    assert costs[0] == costs[1]
    assert costs[0] <= 12


async def test_a_dispute_leads_to_what_it_is_about_and_is_shown_to_leads_whom_it_is_not_about(
    client: Client, world: World, karin: Person, sven: UUID
) -> None:
    session = await world.support_session(sven, karin.id)
    dispute = DisputeSupportAccess(support_session_id=session.id, reason="I did not ask for this.")
    await world.executor.execute(dispute, customer(karin.id))
    document = "{ viewer { cases { nodes { kind about { __typename id } } } } }"
    [case] = (await client.ask(document, by=karin.id)).data["viewer"]["cases"]["nodes"]
    about = {"__typename": "SupportSession", "id": global_id("support", session.id)}
    assert case == {"kind": "SUPPORT_ACCESS_DISPUTED", "about": about}
    as_lead = staff_headers(await world.staff("Linda", StaffRole.LEAD), StaffRole.LEAD)
    barred = staff_headers(sven, StaffRole.LEAD)
    for headers, shown in ((as_agent(await world.staff("Siri")), 0), (barred, 0), (as_lead, 1)):
        assert len((await desk(client, headers))["nodes"]) == shown
