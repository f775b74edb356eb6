"""Fields of one name in an answer must be one field: the specification's rule, in time linear in the document.

The usual algorithm compares every two fields of a name. This one gathers them first: fields that must agree agree when
each agrees with the first of them. What they select is then gathered in turn, as if it stood in one place. A set of
fields that was looked at before is not looked at again, so fragments cost what they hold and not how often they are
spread. One thing can still multiply: fields of abstract types within each other, each beside several object types. So
the work is counted, and a document that takes more than any sensible one is refused for that.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, Final, NamedTuple, cast

from graphql import (
    ArgumentNode,
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLError,
    GraphQLList,
    GraphQLNamedType,
    GraphQLNonNull,
    InlineFragmentNode,
    ListValueNode,
    NullValueNode,
    ObjectFieldNode,
    ObjectValueNode,
    OperationDefinitionNode,
    SelectionSetNode,
    ValidationContext,
    ValidationRule,
    ValueNode,
    VariableNode,
    get_named_type,
    is_composite_type,
    is_interface_type,
    is_object_type,
)

from api.graphql.errors import LIMIT_EXCEEDED

MOST_VISITS: Final = 10_000
"""Selections looked at, counted each time. A document of 1,000 tokens without abstract types takes a tenth of it."""


OutputType = Any
"""graphql-core's, some of which are generic in a way that a type checker cannot fill in."""


class Field(NamedTuple):
    """A field where it stands: what it is in the document, on which type, and of which type it is."""

    node: FieldNode
    parent: GraphQLNamedType | None
    type: OutputType | None


_WRAPPERS: Final[tuple[Any, ...]] = (GraphQLList, GraphQLNonNull)

Fields = tuple[Field, ...]
Place = tuple[GraphQLNamedType | None, SelectionSetNode]


class _Conflict(Exception):
    def __init__(self, error: GraphQLError) -> None:
        super().__init__()
        self.error = error


class OverlappingFields(ValidationRule):
    """Whether fields of the same response name can be merged. Reports the first that cannot of each operation."""

    def __init__(self, context: ValidationContext) -> None:
        super().__init__(context)
        self._seen: set[tuple[bool, frozenset[int]]] = set()
        self._reached: set[str] = set()
        self._fields: dict[int, Field] = {}
        self._keys: dict[int, Any] = {}
        self._visits = 0

    def enter_document(self, node: DocumentNode, *_: Any) -> None:
        schema = self.context.schema
        for definition in node.definitions:
            if isinstance(definition, OperationDefinitionNode):
                self._check(schema.get_root_type(definition.operation), definition.selection_set)
        for definition in node.definitions:
            # What an operation spreads has been looked at together with all that stands beside it there.
            if isinstance(definition, FragmentDefinitionNode) and definition.name.value not in self._reached:
                self._check(schema.get_type(definition.type_condition.name.value), definition.selection_set)

    def _check(self, parent: GraphQLNamedType | None, selections: SelectionSetNode) -> None:
        try:
            fields = self._gathered([(parent, selections)])
            self._check_shapes(fields)
            self._check_sameness(fields)
        except _Conflict as conflict:
            self.report_error(conflict.error)

    def _check_shapes(self, fields: Fields) -> None:
        """Whatever the objects are, the values of one name have one shape."""
        todo = [fields]
        while todo:
            for named in self._by_name(todo.pop(), everywhere=True):
                typed = [field for field in named if field.type is not None]
                for field in typed[1:]:
                    if not _same_shape(typed[0].type, field.type):
                        raise _conflict(typed[0], field, "they give different types of values")
                todo.append(self._within(named))

    def _check_sameness(self, fields: Fields) -> None:
        """Where the object may be the same, so are the fields of one name and their arguments."""
        todo = [fields]
        while todo:
            for named in self._by_name(todo.pop(), everywhere=False):
                for together in _by_object(named):
                    for field in together[1:]:
                        self._check_same(together[0], field)
                    todo.append(self._within(together))

    def _by_name(self, fields: Fields, *, everywhere: bool) -> Iterable[list[Field]]:
        key = everywhere, frozenset(id(field.node) for field in fields)
        if key in self._seen:
            return ()
        self._seen.add(key)
        named: dict[str, list[Field]] = {}
        for field in fields:
            name = field.node.alias or field.node.name
            named.setdefault(name.value, []).append(field)
        return named.values()

    def _check_same(self, one: Field, other: Field) -> None:
        if one.node.name.value != other.node.name.value:
            raise _conflict(one, other, "they are different fields")
        if self._arguments_of(one.node) != self._arguments_of(other.node):
            raise _conflict(one, other, "their arguments differ")

    def _arguments_of(self, node: FieldNode) -> Any:
        if not node.arguments:
            return ()
        key = self._keys.get(id(node))
        if key is None:
            key = self._keys[id(node)] = _key_of_members(node.arguments)
        return key

    def _within(self, fields: Iterable[Field]) -> Fields:
        """What these fields select, gathered."""
        return self._gathered(
            (cast("GraphQLNamedType | None", get_named_type(field.type)), field.node.selection_set)
            for field in fields
            if field.node.selection_set is not None
        )

    def _gathered(self, places: Iterable[Place]) -> Fields:
        """The fields at these places, those of fragments among them, each once."""
        spread: set[str] = set()
        fields: dict[int, Field] = {}
        todo = list(places)
        while todo:
            parent, selections = todo.pop()
            self._count(len(selections.selections))
            for selection in selections.selections:
                match selection:
                    case FieldNode():
                        fields[id(selection)] = self._field(selection, parent)
                    case InlineFragmentNode(type_condition=condition, selection_set=within):
                        type_ = self.context.schema.get_type(condition.name.value) if condition else parent
                        todo.append((type_, within))
                    case FragmentSpreadNode(name=name) if name.value not in spread:
                        spread.add(name.value)
                        self._reached.add(name.value)
                        todo.extend(self._fragment(name.value))
                    case _:
                        pass
        return tuple(fields.values())

    def _field(self, node: FieldNode, parent: GraphQLNamedType | None) -> Field:
        # Where a field stands is a matter of the document: it has one parent, however it is come by.
        field = self._fields.get(id(node))
        if field is None:
            field = self._fields[id(node)] = Field(node, parent, _type_of(parent, node))
        return field

    def _fragment(self, name: str) -> Iterator[Place]:
        fragment = self.context.get_fragment(name)
        if fragment is not None:
            yield self.context.schema.get_type(fragment.type_condition.name.value), fragment.selection_set

    def _count(self, visits: int) -> None:
        self._visits += visits
        if self._visits > MOST_VISITS:
            message = "It would take too long to find out whether the document's fields can be merged."
            raise _Conflict(GraphQLError(message, extensions={"code": LIMIT_EXCEEDED, "maximum": MOST_VISITS}))


def _by_object(fields: list[Field]) -> Iterable[list[Field]]:
    """Those that one object may have: of each object type, with those of abstract types, which any may have."""
    if len(fields) == 1:
        return [fields]
    abstract = [field for field in fields if not is_object_type(field.parent)]
    by_type: dict[str, list[Field]] = {}
    for field in fields:
        if field.parent is not None and is_object_type(field.parent):
            by_type.setdefault(field.parent.name, abstract.copy()).append(field)
    return by_type.values() or [abstract]


def _same_shape(one: OutputType, other: OutputType) -> bool:
    while one is not other:
        if type(one) is not type(other) or type(one) not in _WRAPPERS:
            return is_composite_type(one) and is_composite_type(other)
        one, other = one.of_type, other.of_type
    return True


def _key_of_members(members: Iterable[ArgumentNode | ObjectFieldNode]) -> Any:
    """The same for the same names and values, in whatever order they come."""
    return sorted((member.name.value, _key(member.value)) for member in members)


def _key(value: ValueNode) -> Any:
    match value:
        case VariableNode():
            return "variable", value.name.value
        case ObjectValueNode():
            return "object", _key_of_members(value.fields)
        case ListValueNode():
            return "list", [_key(item) for item in value.values]
        case NullValueNode():
            return "null", None
        case _:
            return value.kind, cast("Any", value).value, getattr(value, "block", None)


def _type_of(parent: GraphQLNamedType | None, node: FieldNode) -> OutputType | None:
    if is_object_type(parent) or is_interface_type(parent):
        field = parent.fields.get(node.name.value)
        return field.type if field is not None else None
    return None


def _conflict(one: Field, other: Field, reason: str) -> _Conflict:
    name = (one.node.alias or one.node.name).value
    message = f"The fields {name!r} cannot be merged: {reason}. Give them different aliases if both are wanted."
    return _Conflict(GraphQLError(message, [one.node, other.node]))
