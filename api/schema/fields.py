"""Fields, each with its access class (INVARIANTS A1).

A type is declared with the class that its objects need to be shown at all: whoever loads them asks for it. A field that
needs more is declared with a class of its own, is nullable, and is null for who may see the object but not the field.

A field that needs data is written once, for many parents at a time:

    async def card_buckets(cards: Sequence[Card], *, context: Context) -> Sequence[list[BucketRow]]: ...

    @shown(Access.LINE)
    class Card(Node, Line):
        buckets: list[Bucket] | None = batched(card_buckets, access=Access.USAGE)

Arguments of the field are the function's keyword arguments. Several fields can share a load, each with its `read`.
"""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable, Sequence
from operator import attrgetter
from typing import Any, ClassVar, Final, Literal, TypeVar, cast, dataclass_transform

import strawberry
from graphql import GraphQLObjectType, GraphQLSchema
from strawberry.annotation import StrawberryAnnotation
from strawberry.types.arguments import StrawberryArgument, convert_arguments
from strawberry.types.field import StrawberryField
from strawberry.types.unset import UNSET

from domain.kernel.access import Access

T = TypeVar("T", bound=type)
Many = Callable[..., Awaitable[Sequence[Any]]]
DEFINITION: Final = "strawberry-definition"


class Field(StrawberryField):
    """A field that may have an access class of its own, and a loader for many parents."""

    access: Access | None = None
    many: Many | None = None
    read: Callable[[Any, Any], Any] | None = None

    def __copy__(self) -> Field:
        copy = cast("Field", super().__copy__())
        copy.access, copy.many, copy.read = self.access, self.many, self.read
        return copy

    @property
    def is_basic_field(self) -> bool:
        return self.many is None and super().is_basic_field


def shown_field(description: str, *, access: Access | None = None, deprecation_reason: str | None = None) -> Any:
    """A field whose value stands on the object."""
    field = Field(description=description, deprecation_reason=deprecation_reason)
    field.access = access
    return field


def batched(
    many: Many,
    description: str | None = None,
    /,
    *,
    access: Access | None = None,
    read: Callable[[Any, Any], Any] | None = None,
    init: Literal[False] = False,  # tells a type checker that the constructor does not take it
) -> Any:
    """A field whose value is loaded for many parents at a time, by `many(parents, context=…, **arguments)`."""
    field = cast("Field", shown_field(description or inspect.getdoc(many) or "", access=access))
    field.many, field.read = many, read
    field.init = field.repr = field.compare = init
    field.arguments = [
        StrawberryArgument(
            name,
            None,
            StrawberryAnnotation(parameter.annotation, namespace=many.__globals__),
            default=UNSET,  # what is left out is the function's own default, and so no part of the schema
        )
        for name, parameter in list(inspect.signature(many).parameters.items())[1:]
        if name != "context"
    ]
    return field


@dataclass_transform(kw_only_default=True, field_specifiers=(shown_field, batched))
def shown(access: Access, *, name: str | None = None) -> Callable[[T], T]:
    """Declares an output type, and the access class that its objects need."""

    def declare(cls: T) -> T:
        cast("Any", cls).__access__ = access
        return strawberry.type(cls, name=name, description=inspect.getdoc(cls))

    return declare


class Shown:
    """What every output type has: whoever loads the object says what may be shown of it."""

    __access__: ClassVar[Access]


def access_of(schema: GraphQLSchema, type_name: str, field_name: str) -> Access | None:
    """The access class of a field: its own, or its type's; None when neither says, which must not be."""
    kind = schema.type_map[type_name]
    if not isinstance(kind, GraphQLObjectType):
        return None
    field = kind.fields[field_name].extensions.get(DEFINITION)
    own = field.access if isinstance(field, Field) else None
    if own is not None:
        return own
    definition = kind.extensions.get(DEFINITION)
    return getattr(definition.origin, "__access__", None) if definition is not None else None


def compile_resolvers(schema: strawberry.Schema) -> None:
    """Gives each field the shortest way to its value. What depends on the schema alone is decided here, once."""
    core = cast("Any", schema)._schema
    for kind in core.type_map.values():
        if not isinstance(kind, GraphQLObjectType) or kind.name.startswith("__"):
            continue
        for graphql_field in kind.fields.values():
            field = graphql_field.extensions.get(DEFINITION)
            if isinstance(field, Field) and field.many is not None:
                graphql_field.resolve = _batched_resolver(schema, field)
            elif isinstance(field, StrawberryField) and field.is_basic_field:
                graphql_field.resolve = _reader(field)


def _reader(field: StrawberryField) -> Callable[..., Any]:
    get = attrgetter(field.python_name)
    needed = int(field.access or 0) if isinstance(field, Field) else 0

    def resolve(source: Any, _info: Any) -> Any:
        return get(source)

    def resolve_if_allowed(source: Any, _info: Any) -> Any:
        return get(source) if source.access & needed else None

    return resolve_if_allowed if needed else resolve


def _batched_resolver(schema: strawberry.Schema, field: Field) -> Callable[..., Any]:
    many, read, needed = cast("Many", field.many), field.read, int(field.access or 0)
    has_arguments = bool(field.arguments)
    arguments_of = _argument_reader(schema, field)

    def resolve(source: Any, info: Any, **given: Any) -> Any:
        if needed and not source.access & needed:
            return None
        context = info.context
        # One field node has one set of arguments in a request; without arguments, fields with one loader share it.
        key = id(info.field_nodes[0]) if has_arguments else many

        def load() -> Callable[[Sequence[Any]], Awaitable[Sequence[Any]]]:
            arguments = arguments_of(given)
            return lambda parents: many(parents, context=context, **arguments)

        return context.batches.of(key, load).ask(source, read)

    return resolve


def _argument_reader(schema: strawberry.Schema, field: Field) -> Callable[[dict[str, Any]], dict[str, Any]]:
    def read(given: dict[str, Any]) -> dict[str, Any]:
        return convert_arguments(
            given,
            field.arguments,
            scalar_registry=cast("Any", schema).schema_converter.scalar_registry,
            config=schema.config,
            info=cast("Any", None),
        )

    return read
