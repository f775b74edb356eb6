"""What an operation costs: by its fields, its lists, and the variables that say how long these may be."""

from __future__ import annotations

from typing import Any

import pytest
from graphql import build_schema

from api.graphql.cost import Weight
from api.graphql.documents import Documents
from api.graphql.errors import RequestRefused
from api.graphql.limits import Limits
from tests.api.graphql.client import ask, send
from tests.api.graphql.toy import Toy

SCHEMA = build_schema(
    """
    type Query { a: Item page(first: Int, last: Int): ItemConnection list: [Item!] nodes(ids: [ID!]!): [Item] x: Int }
    type ItemConnection { nodes: [Item!]! edges: [ItemEdge!] total: Int }
    type ItemEdge { node: Item }
    type Item { x: Int y: Int page(first: Int): ItemConnection list: [Item!]! tags: [String!] }
    type Mutation { change: Item }
    """
)


def weight(document: str, variables: dict[str, Any] | None = None) -> Weight:
    operation = Documents(SCHEMA, development=True, limits=Limits(page=10**9, objects=10**12, cost=10**12)).get(
        document
    )
    return operation.operation(None).price.weigh(variables)


@pytest.mark.parametrize(
    ("document", "cost", "objects"),
    [
        ("{ x }", 1, 1),
        ("{ a { x y } }", 3, 1),
        ("{ a { tags } }", 2, 1),
        ("{ a { x } ... { b: a { y } } }", 4, 1),
        ("{ list { x y } }", 1 + 5 * 2, 5),
        ("{ list { list { x } } }", 1 + 5 * (1 + 5), 25),
        ("{ page { nodes { x } } }", 2 + 20, 20),
        ("{ page(first: 3) { nodes { x } total } }", 3 + 3, 3),
        ("{ page(first: 3) { edges { node { x } } } }", 2 + 3 * 2, 3),
        ("{ page(last: 3) { nodes { x } edges { node { x } } } }", 3 + 3 * (1 + 2), 3),
        ("{ page(first: 3, last: 4) { nodes { x } } }", 2 + 4, 4),
        ("{ page(first: null) { nodes { x } } }", 2 + 20, 20),
        ("{ page(first: 0) { nodes { x } } }", 2, 1),
        ("{ page(first: 2) { nodes { page(first: 3) { nodes { x y } } } } }", 2 + 2 * (2 + 3 * 2), 6),
        ('{ nodes(ids: ["1", "2", "3"]) { x y } }', 1 + 3 * 2, 3),
        ('{ nodes(ids: "1") { x } }', 2, 1),
        ("mutation { change { x } }", 11, 1),
        ("mutation { ...F } fragment F on Mutation { change { x } }", 11, 1),
        ("{ page(first: 3) { ...F } } fragment F on ItemConnection { nodes { x } total }", 3 + 3, 3),
        ("{ a { ...F } b: a { ...F } } fragment F on Item { x page(first: 2) { nodes { y } } }", 2 + 2 * 5, 2),
        ("{ __schema { types { name } } }", 1, 1),
    ],
)
def test_the_cost_is_that_of_its_fields_by_how_often_they_may_come(document: str, cost: int, objects: int) -> None:
    assert weight(document)[:2] == (cost, objects)


NESTED = """query($n: Int = 2, $m: Int) { page(first: $n) { ...F } }
fragment F on ItemConnection { nodes { page(first: $m) { nodes { x } } } }"""


@pytest.mark.parametrize(
    ("variables", "first", "second"),
    [
        (None, 2, 20),
        ({"n": 3}, 3, 20),
        ({"n": 3, "m": 7}, 3, 7),
        ({"n": None, "m": 0}, 20, 0),
        ({"n": 3.0, "m": -5}, 3, 0),
        ({"n": "3", "m": True}, 20, 20),
        ({"n": 2**40, "m": [1]}, 20, 20),
        ({"n": float("1e300"), "m": {}}, 20, 20),
    ],
)
def test_variables_say_how_long_pages_are(variables: dict[str, Any] | None, first: int, second: int) -> None:
    found = weight(NESTED, variables)

    assert found.cost == 2 + first * (2 + second)
    assert found.objects == first * max(1, second)


def test_ids_in_a_variable_say_how_long_a_list_is() -> None:
    document = 'query($ids: [ID!]! = ["1", "2"]) { nodes(ids: $ids) { x } }'

    assert [weight(document, {"ids": ids}).cost for ids in (["1"] * 7, [], "1", None)] == [8, 1, 2, 2]
    assert weight(document).cost == 3


def test_a_fragment_that_hangs_on_variables_is_evaluated_once_however_often_it_is_spread() -> None:
    fragments = " ".join(f"fragment F{n} on Item {{ ...F{n + 1} ... {{ ...F{n + 1} }} }}" for n in range(6))
    last = "fragment F6 on Item { page(first: $n) { nodes { x } } }"
    document = f"query($n: Int) {{ a {{ ...F0 }} }} {fragments} {last}"

    assert weight(document, {"n": 5}).cost == 1 + 2**6 * (2 + 5)


class TestLimits:
    @pytest.mark.parametrize(
        ("limits", "message"),
        [
            (Limits(page=2), "`first` and `last` may ask for 2 at most."),
            (Limits(objects=2), "The sizes of lists within lists may come to 2 at most, multiplied."),
            (Limits(cost=4), "An operation may cost 4 at most."),
        ],
    )
    @pytest.mark.parametrize(
        ("document", "variables"),
        [
            ("{ page(first: 3) { nodes { x } } }", None),
            ("query($n: Int = 3) { page(first: $n) { nodes { x } } }", None),
            ("query($n: Int) { page(first: $n) { nodes { x } } }", {"n": 3}),
        ],
    )
    def test_too_much_is_refused_wherever_it_is_said(
        self, document: str, variables: dict[str, Any] | None, limits: Limits, message: str
    ) -> None:
        documents = Documents(SCHEMA, development=True, limits=limits)

        with pytest.raises(RequestRefused) as refused:
            documents.weigh(documents.get(document).operation(None), variables)

        (error,) = refused.value.errors
        assert (error["message"], error["extensions"]["code"]) == (message, "DOCUMENT_LIMIT_EXCEEDED")
        assert refused.value.extensions == {"cost": {"requested": 5, "limit": limits.cost}}

    def test_what_is_refused_for_its_cost_is_not_validated(self) -> None:
        with pytest.raises(RequestRefused) as refused:
            Documents(SCHEMA, development=True, limits=Limits(cost=1)).get("{ x nothing }")

        assert [error["extensions"]["code"] for error in refused.value.errors] == ["DOCUMENT_LIMIT_EXCEEDED"]


class TestAnswer:
    async def test_an_answer_says_what_it_cost_and_what_is_allowed(self) -> None:
        reply = await ask(Toy(), "{ hello me { name } }")

        assert reply.json["extensions"] == {"cost": {"requested": 3, "limit": 10_000}}

    async def test_so_does_one_with_errors(self) -> None:
        reply = await ask(Toy(), '{ hello fails(how: "notFound") }')

        assert reply.json["extensions"]["cost"]["requested"] == 2

    async def test_so_does_a_refusal_and_nothing_is_carried_out(self) -> None:
        toy = Toy()
        reply = await send(toy.endpoint(limits=Limits(cost=1)), body=b'{"query": "{ hello me { name } }"}')

        assert reply.json["extensions"] == {"cost": {"requested": 3, "limit": 1}}
        assert toy.contexts == []
