"""What an operation costs, and how many objects it may ask for: known before anything of it is carried out.

A field costs 1, one of the mutation root 10. What stands under a list counts as often as the list may be long: a
connection's `nodes` and `edges` by the page that was asked for, a list that is asked for by `ids` by how many are
given, any other list by a size that is assumed. Introspection is development's own affair and counts as one field.

Fragments are visited once, and only after the document's depth has been found fit. What hangs on variables becomes a
short list of steps, each of which needs only those before it: a request with other values walks through these and not
through the document.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, NamedTuple, cast

from graphql import (
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLField,
    GraphQLList,
    GraphQLNamedType,
    GraphQLObjectType,
    GraphQLSchema,
    GraphQLType,
    InlineFragmentNode,
    IntValueNode,
    ListValueNode,
    OperationDefinitionNode,
    SelectionSetNode,
    ValueNode,
    VariableNode,
    get_named_type,
    is_interface_type,
    is_object_type,
)

FIELD_COST: Final = 1
MUTATION_COST: Final = 10
DEFAULT_PAGE: Final = 20
"""What a connection gives when neither `first` nor `last` is said."""
PLAIN_LIST: Final = 5
"""How long a list is taken to be that nobody can ask for in pages."""

_LONGEST_INT: Final = 2**31
_LONGEST_DIGITS: Final = 11
_CONNECTION: Final = "Connection"
_PAGE_ARGUMENTS: Final = ("first", "last")
_IDS: Final = "ids"


class Weight(NamedTuple):
    """What a part of an operation comes to."""

    cost: int = 0
    objects: int = 1
    """How many objects the longest way through its lists may meet: the product of their sizes."""
    paged_cost: int = 0
    """What comes on top for each item of the page of the connection around it."""
    paged_objects: int = 0
    """The same for `objects`."""
    page: int = 0
    """The largest page that is asked for in it."""

    def plus(self, other: Weight) -> Weight:
        """Both, side by side."""
        return Weight(
            self.cost + other.cost,
            max(self.objects, other.objects),
            self.paged_cost + other.paged_cost,
            max(self.paged_objects, other.paged_objects),
            max(self.page, other.page),
        )


class _Given(NamedTuple):
    """A size that a variable gives."""

    variable: str
    is_page: bool
    """Whether its value is a number; otherwise it is a list, whose length counts."""


_Size = int | _Given


class _Field(NamedTuple):
    """What a field does with the weight of its selections."""

    cost: int
    pages: tuple[_Size, ...]
    """What it says of its page, by which the paged part of its selections is multiplied; nothing for the default."""
    size: _Size | None
    """How long it is if it is a list; None if its length is the page of the connection around it."""


class _Sum(NamedTuple):
    """Selections: what is known of them, and the steps that are to be added."""

    known: Weight
    steps: tuple[int, ...] = ()


class _Step(NamedTuple):
    field: _Field
    within: _Sum


@dataclass(frozen=True, slots=True)
class Price:
    """The price of one operation, evaluated for each request."""

    _steps: Sequence[_Step]
    _total: _Sum
    _defaults: Mapping[str, Any]

    @property
    def is_fixed(self) -> bool:
        """Whether it is the same whatever the variables are."""
        return not self._total.steps

    def weigh(self, variables: Mapping[str, Any] | None = None) -> Weight:
        """What it comes to with these values, which need not have been checked."""
        if self.is_fixed:
            return self._total.known
        values = {**self._defaults, **variables} if variables else self._defaults
        weights: list[Weight] = []
        for field, within in self._steps:
            weights.append(_around(field, _added(within, weights), values))
        return _added(self._total, weights)


class Pricing:
    """Prices the operations of one document."""

    def __init__(self, schema: GraphQLSchema, fragments: Mapping[str, FragmentDefinitionNode]) -> None:
        self._schema = schema
        self._fragments = fragments
        self._priced: dict[str, _Sum] = {}
        self._steps: list[_Step] = []

    def price(self, operation: OperationDefinitionNode) -> Price:
        """The price of this operation. What is invalid in it is not seen here, and costs nothing or the usual."""
        total = self._selections(operation.selection_set, self._schema.get_root_type(operation.operation))
        defaults = {
            definition.variable.name.value: _plain(definition.default_value)
            for definition in operation.variable_definitions or ()
            if definition.default_value is not None
        }
        return Price(self._steps, total, defaults)

    def _selections(self, selections: SelectionSetNode, parent: GraphQLNamedType | None) -> _Sum:
        known, steps = Weight(), list[int]()
        for selection in selections.selections:
            match selection:
                case FieldNode():
                    one = self._field(selection, parent)
                case FragmentSpreadNode():
                    one = self._fragment(selection.name.value)
                case InlineFragmentNode(type_condition=condition):
                    type_ = self._schema.get_type(condition.name.value) if condition else parent
                    one = self._selections(selection.selection_set, type_)
                case _:
                    continue
            known = known.plus(one.known)
            steps += one.steps
        return _Sum(known, tuple(steps))

    def _fragment(self, name: str) -> _Sum:
        priced = self._priced.get(name)
        if priced is None:
            self._priced[name] = _Sum(Weight())  # A fragment that spreads itself is validation's to refuse.
            definition = self._fragments.get(name)
            if definition is None:
                return self._priced[name]
            type_ = self._schema.get_type(definition.type_condition.name.value)
            priced = self._selections(definition.selection_set, type_)
            self._priced[name] = priced
        return priced

    def _field(self, node: FieldNode, parent: GraphQLNamedType | None) -> _Sum:
        cost = MUTATION_COST if parent is not None and parent is self._schema.mutation_type else FIELD_COST
        name = node.name.value
        if node.selection_set is None or name.startswith("__"):
            return _Sum(Weight(cost))
        definition = _definition(parent, name)
        type_ = get_named_type(cast("GraphQLType", definition.type)) if definition is not None else None
        field = _Field(cost, _pages(node), _size(node, definition, parent))
        within = self._selections(node.selection_set, type_)
        if within.steps or any(isinstance(size, _Given) for size in (*field.pages, field.size)):
            return _Sum(Weight(), (self._add(_Step(field, within)),))
        return _Sum(_around(field, within.known, {}))

    def _add(self, step: _Step) -> int:
        self._steps.append(step)
        return len(self._steps) - 1


def _added(within: _Sum, weights: Sequence[Weight]) -> Weight:
    total = within.known
    for step in within.steps:
        total = total.plus(weights[step])
    return total


def _around(field: _Field, within: Weight, values: Mapping[str, Any]) -> Weight:
    """The weight of a field, with that of its selections in it."""
    pages = [_evaluated(page, values) for page in field.pages]
    page = max(pages, default=DEFAULT_PAGE)
    cost = within.cost + page * within.paged_cost
    objects = max(within.objects, page * within.paged_objects)
    largest = max(within.page, *pages) if pages else within.page
    if field.size is None:
        return Weight(field.cost, 1, cost, objects, largest)
    size = _evaluated(field.size, values)
    return Weight(field.cost + size * cost, max(1, size * objects), 0, 0, largest)


def _evaluated(size: _Size, values: Mapping[str, Any]) -> int:
    if isinstance(size, int):
        return size
    value = values.get(size.variable)
    if size.is_page:
        return _as_page(value)
    return len(cast("list[Any]", value)) if isinstance(value, list) else 1


def _as_page(value: object) -> int:
    """How many items this value asks for; what is no GraphQL Int is refused elsewhere and counts as nothing said."""
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not -_LONGEST_INT <= value < _LONGEST_INT:
        return DEFAULT_PAGE
    return max(0, int(value))


def _pages(node: FieldNode) -> tuple[_Size, ...]:
    return tuple(
        _Given(argument.value.name.value, is_page=True)
        if isinstance(argument.value, VariableNode)
        else _as_page(_plain(argument.value))
        for argument in node.arguments or ()
        if argument.name.value in _PAGE_ARGUMENTS
    )


def _size(node: FieldNode, definition: GraphQLField | None, parent: GraphQLNamedType | None) -> _Size | None:
    """How long a field is as a list; 1 if it is none, and None if that is its connection's page."""
    if definition is None or not _is_list(definition):
        return 1
    if parent is not None and parent.name.endswith(_CONNECTION):
        return None
    for argument in node.arguments or ():
        if argument.name.value == _IDS:
            match argument.value:
                case ListValueNode(values=values):
                    return len(values)
                case VariableNode(name=name):
                    return _Given(name.value, is_page=False)
                case _:
                    return 1
    return PLAIN_LIST


def _is_list(definition: GraphQLField) -> bool:
    type_: Any = cast("Any", definition).type
    return GraphQLList in (type(type_), type(getattr(type_, "of_type", None)))


def _definition(parent: GraphQLNamedType | None, name: str) -> GraphQLField | None:
    if is_object_type(parent) or is_interface_type(parent):
        return cast("GraphQLObjectType", parent).fields.get(name)
    return None


def _plain(value: ValueNode) -> Any:
    """As much of a value in the document as a size can be made of: an Int, or a list of the right length."""
    match value:
        case IntValueNode(value=digits) if len(digits) <= _LONGEST_DIGITS:
            return int(digits)
        case ListValueNode(values=values):
            return [None] * len(values)
        case _:
            return None
