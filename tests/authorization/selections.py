"""Documents that ask for every field there is, made from the schema: a new field is asked for once it is there."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, Final, cast

from graphql import (
    GraphQLInterfaceType,
    GraphQLObjectType,
    GraphQLSchema,
    get_named_type,
    is_leaf_type,
)

from api.schema import build_schema

SCHEMA: Final[GraphQLSchema] = build_schema()._schema  # pyright: ignore[reportPrivateUsage]  # it has no public name
NODE: Final = cast("GraphQLInterfaceType", SCHEMA.type_map["Node"])
USER_ERROR: Final = cast("GraphQLInterfaceType", SCHEMA.type_map["UserError"])
NODES: Final = {kind.name for kind in SCHEMA.get_possible_types(NODE)}
ERRORS: Final = {kind.name for kind in SCHEMA.get_possible_types(USER_ERROR)}

Pair = tuple[str, str]
"""A type's name and a field's."""


def object_type(name: str) -> GraphQLObjectType:
    return cast("GraphQLObjectType", SCHEMA.type_map[name])


def type_of(field: Any) -> Any:
    """What a field leads to, within lists and non-nulls."""
    return cast("Any", get_named_type(field.type))


def every_pair() -> set[Pair]:
    """Every field of every object type, but for errors, which are for whoever is told them, and the ways in."""
    roots = {SCHEMA.query_type, SCHEMA.mutation_type}
    return {
        (kind.name, field)
        for kind in SCHEMA.type_map.values()
        if isinstance(kind, GraphQLObjectType) and kind not in roots and kind.name not in ERRORS
        if not kind.name.startswith("__")
        for field in kind.fields
    }


def everything_of(type_name: str) -> str:
    """A selection of all fields of a type and of its parts. Of another node only its id, by which it is asked for."""
    return _parts(type_name, object_type(type_name).fields)


def _parts(type_name: str, names: Iterable[str]) -> str:
    parts: list[str] = ["__typename"]
    for name in names:
        field = object_type(type_name).fields[name]
        kind = type_of(field)
        if is_leaf_type(kind):
            parts.append(name)
        elif is_another_node(field):
            parts.append(f"{name} {{ __typename id }}")
        elif kind is USER_ERROR:
            parts.append(f"{name} {{ {every_error()} }}")
        else:
            # A list within a list is kept short, or a document that asks for many ids would be refused for its cost.
            parts.append(f"{name}{'' if type_name == 'Viewer' else a_few(field)} {everything_of(kind.name)}")
    return f"{{ {' '.join(parts)} }}"


def is_another_node(field: Any) -> bool:
    """Whether a field leads to something with an id of its own, of one kind or of any."""
    return type_of(field) is NODE or type_of(field).name in NODES


def every_error() -> str:
    """A selection of all fields of all errors: what they share once, and of each what it has besides."""
    shared = list(USER_ERROR.fields)
    own = {name: [f for f in object_type(name).fields if f not in shared] for name in sorted(ERRORS)}
    return " ".join(["__typename", *shared, *(f"... on {name} {_parts(name, own[name])}" for name in own if own[name])])


def deep(type_name: str, *, levels: int) -> str:
    """A selection through other nodes too, so many levels of fields deep."""
    parts: list[str] = ["__typename"]
    for name, field in object_type(type_name).fields.items():
        kind = type_of(field)
        if is_leaf_type(kind):
            parts.append(name)
        elif kind is NODE:
            parts.append(f"{name} {{ __typename id }}")
        elif levels > 1:
            parts.append(f"{name}{a_few(field)} {deep(kind.name, levels=levels - 1)}")
    return f"{{ {' '.join(parts)} }}"


def a_few(field: Any) -> str:
    """The argument for a short page: a document with whole pages of pages would be refused for what it costs."""
    return "(first: 5)" if "first" in field.args else ""


def parts_of(value: Any) -> list[dict[str, Any]]:
    """The objects that a field has: one, or those of a list. None where there is nothing, and of scalars."""
    values = cast("list[Any]", value if isinstance(value, list) else [value])
    return [each for each in values if isinstance(each, dict)]


def objects_in(value: Any) -> Iterator[dict[str, Any]]:
    """Every object in an answer, however deep."""
    if isinstance(value, list):
        for each in cast("list[Any]", value):
            yield from objects_in(each)
    elif isinstance(value, dict):
        found = cast("dict[str, Any]", value)
        yield found
        yield from objects_in(list(found.values()))
