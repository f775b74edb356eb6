"""Lists that grow: walked page by page, within bounds, by cursors that are this list's own."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, Final

import pytest

from tests.api.conftest import Person, grant, use
from tests.support.client import Client
from tests.support.world import World

STATEMENT: Final = """query($id: ID!, $first: Int, $after: String) { node(id: $id) { ... on Card {
    statement(first: $first, after: $after) {
        nodes { at kind amount { amount } balance { amount } }
        edges { cursor node { balance { amount } } }
        pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
    }
} } }"""


async def test_a_statement_is_walked_in_pages_without_gap_or_repetition(client: Client, karin: Person) -> None:
    world = client.worlds[0]
    await world.top_up(karin.id, karin.card, karin.method, amount_minor=100_000)
    for n in range(44):
        world.clock.advance(timedelta(minutes=1))
        await use(world, karin.card, 100 + n)
    pages: list[Any] = []
    after: str | None = None
    while not pages or pages[-1]["pageInfo"]["hasNextPage"]:
        variables = {"id": karin.card_id, "first": 10, "after": after}
        pages.append((await client.ask(STATEMENT, variables, by=karin.id)).data["node"]["statement"])
        after = pages[-1]["pageInfo"]["endCursor"]
    assert [len(page["nodes"]) for page in pages] == [10, 10, 10, 10, 5]
    assert [page["pageInfo"]["hasPreviousPage"] for page in pages] == [False, True, True, True, True]
    cursors = [edge["cursor"] for page in pages for edge in page["edges"]]
    assert len(set(cursors)) == 45
    assert [page["pageInfo"]["startCursor"] for page in pages] == cursors[::10]
    entries = [node for page in pages for node in page["nodes"]]
    changes = [int(entry["amount"]["amount"].replace(".", "")) for entry in entries]
    balances = [int(entry["balance"]["amount"].replace(".", "")) for entry in entries]
    assert changes == [*[-(100 + n) for n in reversed(range(44))], 100_000]
    assert balances == [sum(changes[n:]) for n in range(45)]
    assert [entry["kind"] for entry in entries] == ["USAGE"] * 44 + ["TOP_UP"]
    assert sorted((entry["at"] for entry in entries), reverse=True) == [entry["at"] for entry in entries]


async def test_an_entry_that_comes_between_two_pages_is_on_neither(client: Client, karin: Person) -> None:
    world = client.worlds[0]
    await world.top_up(karin.id, karin.card, karin.method)
    for _ in range(3):
        await use(world, karin.card, 100)
    first = (await client.ask(STATEMENT, {"id": karin.card_id, "first": 2}, by=karin.id)).data["node"]["statement"]
    await use(world, karin.card, 5)
    variables = {"id": karin.card_id, "first": 2, "after": first["pageInfo"]["endCursor"]}
    second = (await client.ask(STATEMENT, variables, by=karin.id)).data["node"]["statement"]
    assert [node["balance"]["amount"] for node in first["nodes"] + second["nodes"]] == [
        "97.00", "98.00", "99.00", "100.00",
    ]  # fmt: skip
    assert second["pageInfo"]["hasNextPage"] is False


LISTS: Final = ["cards", "bonuses", "topUps", "statement"]


async def page_of(client: Client, name: str, by: Person, **variables: Any) -> Any:
    """A page of one of the lists, and the whole answer when there is none."""
    page = f"{name}(first: $first, after: $after) {{ edges {{ cursor }} pageInfo {{ hasNextPage endCursor }} }}"
    around = f"cards {{ nodes {{ {page} }} }}" if name == "statement" else page
    answer = await client.ask(f"query($first: Int, $after: String) {{ viewer {{ {around} }} }}", variables, by=by.id)
    if "errors" in answer.body:
        return answer
    viewer = answer.data["viewer"]
    return viewer["cards"]["nodes"][0]["statement"] if name == "statement" else viewer[name]


async def fill(world: World, person: Person, count: int) -> None:
    """So many of each list; of cards, only the first has a statement."""
    for n in range(count):
        await world.top_up(person.id, person.card, person.method, key=f"fill-{n}")
        await grant(world, person.id, person.card)
        if n:
            await world.card(person.id)


@pytest.mark.parametrize("name", LISTS)
async def test_a_list_is_walked_to_its_end(client: Client, karin: Person, name: str) -> None:
    await fill(client.worlds[0], karin, 5)
    cursors: list[str] = []
    after: str | None = None
    while True:
        page = await page_of(client, name, karin, first=2, after=after)
        cursors += [edge["cursor"] for edge in page["edges"]]
        after = page["pageInfo"]["endCursor"]
        if not page["pageInfo"]["hasNextPage"]:
            break
    assert len(cursors) == len(set(cursors)) == 5


@pytest.mark.parametrize("name", LISTS)
async def test_a_page_has_from_0_to_100_entries(client: Client, karin: Person, name: str) -> None:
    await fill(client.worlds[0], karin, 3)
    assert len((await page_of(client, name, karin, first=100))["edges"]) == 3
    assert len((await page_of(client, name, karin))["edges"]) == 3
    nothing = await page_of(client, name, karin, first=0)
    assert nothing == {"edges": [], "pageInfo": {"hasNextPage": True, "endCursor": None}}
    for first in (-1, -(2**31)):
        assert (await page_of(client, name, karin, first=first)).code == "BAD_USER_INPUT"
    for first in (101, 2**31 - 1):
        assert (await page_of(client, name, karin, first=first)).code == "DOCUMENT_LIMIT_EXCEEDED"
    for first in (2**31, 1.5, "10", True):
        assert (await page_of(client, name, karin, first=first)).code == "BAD_USER_INPUT"


NO_CURSORS: Final = ["", " ", "x", "%%%%", "ä" * 8, "\0", "A" * 4, "A" * 12, "A" * 21, "A" * 23, "=" * 8, "A" * 10_000]


async def test_what_is_no_cursor_of_the_list_is_refused(client: Client, karin: Person) -> None:
    await fill(client.worlds[0], karin, 1)
    for cursor in NO_CURSORS:
        for name in LISTS:
            answer = await page_of(client, name, karin, after=cursor)
            assert (answer.status, answer.code) == (200, "BAD_USER_INPUT"), (name, cursor)


async def test_a_cursor_of_another_list_is_refused(client: Client, karin: Person) -> None:
    await fill(client.worlds[0], karin, 1)
    entry = (await page_of(client, "statement", karin))["pageInfo"]["endCursor"]
    top_up = (await page_of(client, "topUps", karin))["pageInfo"]["endCursor"]
    assert (await page_of(client, "topUps", karin, after=entry)).code == "BAD_USER_INPUT"
    assert (await page_of(client, "statement", karin, after=top_up)).code == "BAD_USER_INPUT"


async def test_a_cursor_beyond_every_number_is_refused_and_not_a_fault(client: Client, karin: Person) -> None:
    await fill(client.worlds[0], karin, 1)
    assert (await page_of(client, "statement", karin, after="__________8")).code == "BAD_USER_INPUT"
    assert (await page_of(client, "statement", karin, after="f_________8"))["edges"] != []
    assert (await page_of(client, "topUps", karin, after="_" * 21 + "w"))["edges"] != []
