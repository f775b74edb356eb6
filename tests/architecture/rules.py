"""Rules that a GraphQL schema keeps or breaks. Each answers with the places where it is broken, in words."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Final, cast

from graphql import (
    GraphQLEnumType,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLNamedType,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLScalarType,
    GraphQLSchema,
    get_named_type,
    is_specified_scalar_type,
)

from api.schema.errors import Refusals
from api.schema.fields import DEFINITION, Field, access_of

AnyField = Any
"""A `GraphQLField`, whose type graphql-core leaves partly unknown."""


def own_types(schema: GraphQLSchema) -> list[GraphQLNamedType]:
    """The schema's types, without GraphQL's own."""
    return [
        kind
        for name, kind in schema.type_map.items()
        if not name.startswith("__") and not (isinstance(kind, GraphQLScalarType) and is_specified_scalar_type(kind))
    ]


def output_fields(schema: GraphQLSchema) -> Iterator[tuple[GraphQLObjectType, str, AnyField]]:
    """Every field of every object type, but for the mutations."""
    for kind in own_types(schema):
        if isinstance(kind, GraphQLObjectType) and kind is not schema.mutation_type:
            for name, field in kind.fields.items():
                yield kind, name, field


def mutations(schema: GraphQLSchema) -> dict[str, AnyField]:
    """The mutations by name."""
    return dict(schema.mutation_type.fields) if schema.mutation_type else {}


def named(kind: Any) -> Any:
    """The type within lists and non-nulls."""
    return cast("Any", get_named_type(kind))


def _definition(field: AnyField) -> Any:
    return field.extensions.get(DEFINITION)


def refusals_of(mutation: AnyField) -> Refusals | None:
    """What a mutation declares of its permission and its refusals."""
    definition = _definition(mutation)
    declared = [each for each in getattr(definition, "extensions", []) if isinstance(each, Refusals)]
    return declared[0] if len(declared) == 1 else None


def without_access(schema: GraphQLSchema) -> list[str]:
    """Fields that nobody has decided who may see."""
    return [f"{kind}.{name}" for kind, name, _ in output_fields(schema) if access_of(schema, kind.name, name) is None]


def without_permission(schema: GraphQLSchema) -> list[str]:
    """Mutations that nobody has decided who may do."""
    return [name for name, field in mutations(schema).items() if refusals_of(field) is None]


def guarded_and_never_null(schema: GraphQLSchema) -> list[str]:
    """Fields with a class of their own that could not be null for who may not see them."""
    return [
        f"{kind}.{name}"
        for kind, name, field in output_fields(schema)
        if getattr(_definition(field), "access", None) is not None and isinstance(field.type, GraphQLNonNull)
    ]


def guarded_without_knowing_who_asks(schema: GraphQLSchema) -> list[str]:
    """Fields with a class of their own, on objects that do not carry what may be shown of them."""
    return [
        f"{kind}.{name}"
        for kind, name, field in output_fields(schema)
        if isinstance(definition := _definition(field), Field)
        and definition.access is not None
        and "access" not in kind.extensions[DEFINITION].origin.__annotations__
    ]


_SENTENCES: Final = re.compile(r"[A-Z`].*[.)]", re.DOTALL)


def undescribed(schema: GraphQLSchema) -> list[str]:
    """Types, fields, arguments, inputs and enum values that are not described in sentences."""
    described: list[tuple[str, str | None]] = []
    for kind in own_types(schema):
        described.append((kind.name, kind.description))
        if isinstance(kind, GraphQLObjectType | GraphQLInterfaceType):
            for name, field in kind.fields.items():
                described.append((f"{kind}.{name}", field.description))
                described += [(f"{kind}.{name}({a})", argument.description) for a, argument in field.args.items()]
        if isinstance(kind, GraphQLInputObjectType):
            described += [(f"{kind}.{name}", field.description) for name, field in kind.fields.items()]
        if isinstance(kind, GraphQLEnumType):
            described += [(f"{kind}.{name}", value.description) for name, value in kind.values.items()]
    return [place for place, text in described if not text or not _SENTENCES.fullmatch(text)]


def floats(schema: GraphQLSchema) -> list[str]:
    """Places where a number could lose a digit."""
    places = [f"{kind}.{name}" for kind, name, field in output_fields(schema) if _is_float(field.type)]
    for kind in own_types(schema):
        if isinstance(kind, GraphQLInputObjectType):
            inputs: dict[str, AnyField] = kind.fields
            places += [f"{kind}.{name}" for name, field in inputs.items() if _is_float(field.type)]
        elif isinstance(kind, GraphQLObjectType | GraphQLInterfaceType):
            outputs: dict[str, AnyField] = kind.fields
            places += [
                f"{kind}.{name}({a})"
                for name, field in outputs.items()
                for a, argument in field.args.items()
                if _is_float(argument.type)
            ]
    return places


def _is_float(kind: Any) -> bool:
    return named(kind).name == "Float"


def misshapen_mutations(schema: GraphQLSchema) -> list[str]:
    """Mutations that are not `verbThing(input: VerbThingInput!): VerbThingPayload`, and results that are never null."""
    wrong: list[str] = []
    for name, field in mutations(schema).items():
        title = name[0].upper() + name[1:]
        shape = ({a: str(argument.type) for a, argument in field.args.items()}, str(field.type))
        if shape != ({"input": f"{title}Input!"}, f"{title}Payload"):
            wrong.append(f"{name}: {shape}")
        payload = named(field.type)
        assert isinstance(payload, GraphQLObjectType)
        for part, result in _types(payload).items():
            if part == "errors" and result != "[UserError!]!":
                wrong.append(f"{payload}.errors: {result}")
            if part != "errors" and result.endswith("!"):
                wrong.append(f"{payload}.{part} is never null")
        if "errors" not in payload.fields:
            wrong.append(f"{payload} has no errors")
    return wrong


def misshapen_connections(schema: GraphQLSchema) -> list[str]:
    """Connections that are not as Relay has them, and fields that lead to one without `first` and `after`."""
    wrong: list[str] = []
    for kind, name, field in output_fields(schema):
        if named(field.type).name.endswith("Connection"):
            arguments = {a: str(argument.type) for a, argument in field.args.items()}
            if {"first": "Int", "after": "String"}.items() - arguments.items():
                wrong.append(f"{kind}.{name}({arguments})")
        if name == "pageInfo":
            thing = kind.name.removesuffix("Connection")
            node = _types(kind)["nodes"].strip("[]!")
            expected = {"nodes": f"[{node}!]!", "edges": f"[{thing}Edge!]!", "pageInfo": "PageInfo!"}
            if expected.items() - _types(kind).items():
                wrong.append(kind.name)
            edge = schema.type_map[f"{thing}Edge"]
            assert isinstance(edge, GraphQLObjectType)
            if _types(edge) != {"node": f"{node}!", "cursor": "String!"}:
                wrong.append(edge.name)
        elif kind.name.endswith("Connection") and "pageInfo" not in kind.fields:
            wrong.append(f"{kind} has no pageInfo")
    return wrong


def _types(kind: GraphQLObjectType) -> dict[str, str]:
    fields: dict[str, AnyField] = kind.fields
    return {name: str(field.type) for name, field in fields.items()}


_UPPER_SNAKE: Final = re.compile(r"[A-Z][A-Z0-9]*(_[A-Z0-9]+)*")
_CAMEL: Final = re.compile(r"[a-z][A-Za-z0-9]*")
_PASCAL: Final = re.compile(r"[A-Z][A-Za-z0-9]*")
_NOT_OBJECTS: Final = {
    f"{name}Payload.challengeId" for name in ("RequestSignInCode", "ChangePhoneNumber", "ChangeEmail")
}


def misnamed(schema: GraphQLSchema) -> list[str]:
    """Names out of style, and fields that give a foreign id where an object belongs."""
    wrong = [kind.name for kind in own_types(schema) if not _PASCAL.fullmatch(kind.name)]
    for kind in own_types(schema):
        if isinstance(kind, GraphQLEnumType):
            wrong += [f"{kind}.{value}" for value in kind.values if not _UPPER_SNAKE.fullmatch(value)]
    for kind, name, _ in output_fields(schema):
        place = f"{kind}.{name}"
        if not _CAMEL.fullmatch(name) or (name.endswith(("Id", "Ids")) and place not in _NOT_OBJECTS):
            wrong.append(place)
    return wrong
