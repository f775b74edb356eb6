"""What was promised to clients stays: names, types and nullability of `contract.graphql`."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from graphql import (
    DefinitionNode,
    FieldDefinitionNode,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLObjectType,
    GraphQLSchema,
    InputObjectTypeDefinitionNode,
    InterfaceTypeDefinitionNode,
    ObjectTypeDefinitionNode,
    is_required_argument,
    is_required_input_field,
    parse,
    print_ast,
)
from graphql import build_schema as built_of

from api.schema import build_schema

SCHEMA: GraphQLSchema = build_schema()._schema  # pyright: ignore[reportPrivateUsage]  # it has no public name
PROMISED = parse((Path(__file__).parent / "contract.graphql").read_text()).definitions


def broken(schema: GraphQLSchema, promised: Any) -> list[str]:
    """The promises that a schema does not keep."""
    return [place for definition in promised for place in _broken(schema, definition)]


def _broken(schema: GraphQLSchema, promised: DefinitionNode) -> Iterator[str]:
    match promised:
        case ObjectTypeDefinitionNode() | InterfaceTypeDefinitionNode():
            kind = schema.type_map.get(promised.name.value)
            expected = GraphQLObjectType if isinstance(promised, ObjectTypeDefinitionNode) else GraphQLInterfaceType
            if not isinstance(kind, expected):
                yield promised.name.value
                return
            interfaces = {interface.name for interface in kind.interfaces}
            wanted = [interface.name.value for interface in promised.interfaces or ()]
            yield from (f"{kind} implements {name}" for name in wanted if name not in interfaces)
            for field in promised.fields or ():
                yield from _broken_field(kind, field)
        case InputObjectTypeDefinitionNode():
            kind = schema.type_map.get(promised.name.value)
            if not isinstance(kind, GraphQLInputObjectType):
                yield promised.name.value
                return
            yield from _broken_input(kind, {f.name.value: print_ast(f.type) for f in promised.fields or ()})
        case _:
            raise TypeError(f"nothing is known of {promised.kind}")


def _broken_input(kind: GraphQLInputObjectType, promised: dict[str, str]) -> Iterator[str]:
    for name, field in kind.fields.items():
        if name not in promised and is_required_input_field(field):
            yield f"{kind}.{name} is required"
    for name, wanted in promised.items():
        # What was required may be left out later: whoever goes on giving it is understood as before.
        if name not in kind.fields or str(kind.fields[name].type) not in (wanted, wanted.removesuffix("!")):
            yield f"{kind}.{name}: {wanted}"


def _broken_field(kind: GraphQLObjectType | GraphQLInterfaceType, promised: FieldDefinitionNode) -> Iterator[str]:
    name, wanted = promised.name.value, print_ast(promised.type)
    field = kind.fields.get(name)
    if field is None or str(field.type) != wanted:
        yield f"{kind}.{name}: {wanted}"
        return
    arguments = {argument.name.value: print_ast(argument.type) for argument in promised.arguments or ()}
    for argument, type_ in arguments.items():
        if argument not in field.args or str(field.args[argument].type) != type_:
            yield f"{kind}.{name}({argument}: {type_})"
    for argument, given in field.args.items():
        if argument not in arguments and is_required_argument(given):
            yield f"{kind}.{name}({argument}) is required"


def test_every_promise_is_kept() -> None:
    assert broken(SCHEMA, PROMISED) == []


def test_broken_promises_are_found() -> None:
    promised = parse("""
        type Query { a: Int! b(c: Int): Int d: Int }
        input In { e: Int }
        type Gone { f: Int }
        type Thing implements Node { id: ID! }
    """)
    schema = built_of("""
        type Query { a: Int b(c: String, extra: Int!): Int d(more: Int): Int }
        input In { e: Int! g: Int! h: Int }
        type Thing { id: ID! }
    """)
    assert broken(schema, promised.definitions) == [
        "Query.a: Int!",
        "Query.b(c: Int)",
        "Query.b(extra) is required",
        "In.g is required",
        "In.e: Int",
        "Gone",
        "Thing implements Node",
    ]
