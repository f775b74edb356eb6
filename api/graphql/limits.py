"""How much one document may ask for, found out before anything else looks at it.

The measure is linear in the document: each fragment is visited once and its figures are used again wherever it is
spread, so a fragment counts as often as it is spread and costs as if it stood there once.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, NamedTuple

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLError,
    InlineFragmentNode,
    Node,
    OperationDefinitionNode,
    SelectionNode,
    SelectionSetNode,
)

from api.graphql.cost import Weight
from api.graphql.errors import LIMIT_EXCEEDED


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """The most that a document may have."""

    characters: int = 20_000
    tokens: int = 1_000
    depth: int = 12
    """Fields within fields."""
    introspection_depth: int = 15
    """The same under `__schema` and `__type`: as deep as GraphiQL asks."""
    nesting: int = 60
    """Fields and fragments within one another, however they are mixed."""
    aliases: int = 15
    directives: int = 50
    fields_per_selection_set: int = 100
    page: int = 100
    """What `first` and `last` may ask for."""
    objects: int = 2_000
    """The sizes of nested lists, multiplied."""
    cost: int = 10_000
    """See `api/graphql/cost.py`."""


class Measure(NamedTuple):
    """What a part of a document comes to, fragments spread."""

    depth: int = 0
    introspection_depth: int = 0
    nesting: int = 0
    aliases: int = 0
    directives: int = 0
    fields: int = 0
    """Fields in this very selection set."""
    fields_per_selection_set: int = 0
    """Fields in the widest selection set, here or within."""


NOTHING: Final = Measure()

_INTROSPECTION: Final = frozenset({"__schema", "__type"})
_SENTENCES: Final = {
    "depth": "Fields may stand {} deep in a document at most.",
    "introspection_depth": "Introspection may be {} fields deep at most.",
    "nesting": "Fields and fragments may stand {} deep in a document at most.",
    "aliases": "A document may have {} aliases at most, those of fragments counted as often as these are spread.",
    "directives": "A document may have {} directives at most, those of fragments counted as often as these are spread.",
    "fields_per_selection_set": "A selection set may have {} fields at most, those of spread fragments included.",
    "page": "`first` and `last` may ask for {} at most.",
    "objects": "The sizes of lists within lists may come to {} at most, multiplied.",
    "cost": "An operation may cost {} at most.",
}
_OF_A_DOCUMENT: Final = (
    "depth", "introspection_depth", "nesting", "aliases", "directives", "fields_per_selection_set"
)  # fmt: skip
_OF_AN_OPERATION: Final = ("page", "objects", "cost")


def check_limits(document: DocumentNode, limits: Limits) -> list[GraphQLError]:
    """What is too much about each of the document's operations and fragments."""
    definitions = [d for d in document.definitions if isinstance(d, OperationDefinitionNode | FragmentDefinitionNode)]
    meter = _Meter({d.name.value: d for d in definitions if isinstance(d, FragmentDefinitionNode)}, limits.nesting)
    errors: list[GraphQLError] = []
    for definition in definitions:
        if isinstance(definition, FragmentDefinitionNode):
            measure = meter.fragment(definition.name.value, 0)
            if definition.type_condition.name.value.startswith("__"):
                measure = measure._replace(depth=0, introspection_depth=measure.depth)
        else:
            measure = meter.selection_set(definition.selection_set, 0)
            measure = measure._replace(directives=measure.directives + _operation_directives(definition))
        errors += _excesses(measure, _OF_A_DOCUMENT, limits, definition)
        if errors:
            break
    return errors


def check_weight(weight: Weight, limits: Limits, operation: OperationDefinitionNode) -> list[GraphQLError]:
    """What is too much about an operation with the values that it is to be carried out with."""
    return _excesses(weight, _OF_AN_OPERATION, limits, operation)


class _Meter:
    def __init__(self, fragments: dict[str, FragmentDefinitionNode], nesting: int) -> None:
        self._fragments = fragments
        self._measured: dict[str, Measure] = {}
        self._deepest = nesting

    def fragment(self, name: str, level: int) -> Measure:
        measured = self._measured.get(name)
        if measured is not None:
            return measured
        # Until it is measured it counts as nothing: what is unknown or spreads itself is for validation to refuse.
        self._measured[name] = NOTHING
        definition = self._fragments.get(name)
        if definition is not None:
            measure = self.selection_set(definition.selection_set, level)
            directives = measure.directives + len(definition.directives or ())
            self._measured[name] = measure._replace(directives=directives)
        return self._measured[name]

    def selection_set(self, selections: SelectionSetNode, level: int) -> Measure:
        if level > self._deepest:
            return Measure(nesting=1)  # With the levels above it is one too many, so nobody needs to look further.
        depth = introspection = nesting = aliases = directives = count = widest = 0
        for selection in selections.selections:
            within = self._within(selection, level + 1)
            nesting = max(nesting, within.nesting)
            aliases += within.aliases
            directives += within.directives + len(selection.directives or ())
            widest = max(widest, within.fields_per_selection_set)
            introspection = max(introspection, within.introspection_depth)
            if isinstance(selection, FieldNode):
                if selection.name.value in _INTROSPECTION:
                    introspection = max(introspection, within.depth + 1)
                else:
                    depth = max(depth, within.depth + 1)
                aliases += selection.alias is not None
                count += 1
            else:
                depth = max(depth, within.depth)
                count += within.fields
        return Measure(depth, introspection, nesting + 1, aliases, directives, count, max(widest, count))

    def _within(self, selection: SelectionNode, level: int) -> Measure:
        match selection:
            case FragmentSpreadNode():
                return self.fragment(selection.name.value, level)
            case FieldNode(selection_set=SelectionSetNode() as inner) | InlineFragmentNode(selection_set=inner):
                return self.selection_set(inner, level)
            case _:
                return NOTHING


def _operation_directives(operation: OperationDefinitionNode) -> int:
    on_variables = sum(len(variable.directives or ()) for variable in operation.variable_definitions or ())
    return len(operation.directives or ()) + on_variables


def _excesses(measured: Measure | Weight, names: Iterable[str], limits: Limits, node: Node) -> list[GraphQLError]:
    return [
        GraphQLError(_SENTENCES[name].format(maximum), node, extensions={"code": LIMIT_EXCEEDED, "maximum": maximum})
        for name in names
        if getattr(measured, name) > (maximum := getattr(limits, name))
    ]
