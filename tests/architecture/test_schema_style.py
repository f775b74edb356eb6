"""The schema's style (SCHEMA_STYLE), as far as a program can tell."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import strawberry
from graphql import GraphQLInterfaceType, GraphQLObjectType, GraphQLSchema, build_schema

from api.schema import build_schema as build_kontants_schema
from api.schema import sdl
from api.schema.errors import USER_ERRORS
from api.schema.node import FINDERS
from kontant.usecases import USE_CASES
from tests.architecture import rules

TOP: Path = Path(__file__).parents[2]
SCHEMA: GraphQLSchema = build_kontants_schema()._schema  # pyright: ignore[reportPrivateUsage]  # no public name

SLOPPY = build_schema("""
    "A root."
    type Query { "what it costs" price: Float  widgets: WidgetConnection  ownerId: ID }
    type Mutation { setWidget(id: ID!, size: Float): Widget!  stretch(input: StretchInput!): StretchPayload }
    "A widget." type Widget { colour: Colour }
    enum Colour { red }
    input StretchInput { by: Float }
    type StretchPayload { widget: Widget! }
    type WidgetConnection { nodes: [Widget] pageInfo: Int edges: [WidgetEdge] }
    type WidgetEdge { node: Widget }
""")


def test_schema_graphql_is_what_the_code_says() -> None:
    assert (TOP / "schema.graphql").read_text() == sdl(), "Run `make schema`."


def test_everything_is_described_in_sentences() -> None:
    assert rules.undescribed(SCHEMA) == []


@pytest.mark.parametrize(
    "place", ["Query.price", "Query.ownerId", "Mutation.setWidget(id)", "Colour.red", "StretchInput.by"]
)
def test_what_is_not_described_is_found(place: str) -> None:
    assert place in rules.undescribed(SLOPPY)


def test_no_number_can_lose_a_digit() -> None:
    assert rules.floats(SCHEMA) == []
    assert rules.floats(SLOPPY) == ["Query.price", "Mutation.setWidget(size)", "StretchInput.by"]


def test_mutations_have_one_input_and_payloads_that_can_be_null() -> None:
    assert rules.misshapen_mutations(SCHEMA) == []
    found = "; ".join(rules.misshapen_mutations(SLOPPY))
    assert "setWidget" in found
    assert "StretchPayload.widget is never null" in found
    assert "StretchPayload has no errors" in found


def test_connections_are_relays() -> None:
    assert rules.misshapen_connections(SCHEMA) == []
    assert rules.misshapen_connections(SLOPPY) == ["Query.widgets({})", "WidgetConnection", "WidgetEdge"]


def test_names_are_in_style_and_objects_refer_to_objects() -> None:
    assert rules.misnamed(SCHEMA) == []
    assert rules.misnamed(SLOPPY) == ["Colour.red", "Query.ownerId"]


def test_every_node_is_found_again_by_its_id() -> None:
    node = SCHEMA.type_map["Node"]
    assert isinstance(node, GraphQLInterfaceType)
    assert len(SCHEMA.get_possible_types(node)) == len(FINDERS)


def test_scalars_that_a_standard_defines_say_which() -> None:
    standards = {"CountryCode", "CurrencyCode", "Date", "DateTime", "Locale", "PhoneNumber", "URL"}
    assert {kind.name for kind in rules.own_types(SCHEMA) if getattr(kind, "specified_by_url", None)} == standards


def test_a_mutation_that_moves_value_has_a_key() -> None:
    for case in USE_CASES:
        if "idempotency_key" in case.command.__dataclass_fields__:
            [first, *rest] = case.name.split("_")
            name = first + "".join(part.title() for part in rest)
            kind = rules.named(rules.mutations(SCHEMA)[name].args["input"].type)
            assert str(kind.fields["idempotencyKey"].type) == "IdempotencyKey!"


@pytest.mark.parametrize("name", rules.mutations(SCHEMA))
def test_a_mutation_declares_exactly_the_errors_that_it_can_answer(name: str) -> None:
    mutation = rules.mutations(SCHEMA)[name]
    refusals = rules.refusals_of(mutation)
    assert refusals is not None
    case = {c.name.replace("_", ""): c for c in USE_CASES}[name.lower()]
    assert case.rejects <= refusals.rejects
    payload = rules.named(mutation.type)
    assert isinstance(payload, GraphQLObjectType)
    described = set(re.findall(r"\w+Error\b", payload.fields["errors"].description or ""))
    assert described == {USER_ERRORS[rejection].__name__ for rejection in refusals.rejects}
    assert described <= {kind.name for kind in rules.own_types(SCHEMA)}


def test_every_error_can_be_answered_by_some_mutation() -> None:
    declared = {
        rejection
        for mutation in rules.mutations(SCHEMA).values()
        if (refusals := rules.refusals_of(mutation)) is not None
        for rejection in refusals.rejects
    }
    assert set(USER_ERRORS) == declared


def test_error_codes_are_upper_snake_and_named_like_their_types() -> None:
    for rejection, error in USER_ERRORS.items():
        assert re.sub(r"(?<!^)(?=[A-Z])", "_", error.__name__.removesuffix("Error")).upper() == rejection.code


def test_a_schema_with_a_type_of_no_sentence_is_found() -> None:
    @strawberry.type(description="no sentence")
    class Query:
        """A root."""

        thing: int

    schema: GraphQLSchema = strawberry.Schema(Query)._schema  # pyright: ignore[reportPrivateUsage]
    assert rules.undescribed(schema) == ["Query", "Query.thing"]
