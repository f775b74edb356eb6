"""Validation rules of our own."""

from __future__ import annotations

from typing import Any, Final, cast

from graphql import (
    FieldNode,
    FragmentSpreadNode,
    GraphQLError,
    GraphQLField,
    GraphQLObjectType,
    GraphQLType,
    InlineFragmentNode,
    OperationDefinitionNode,
    OperationType,
    SelectionSetNode,
    ValidationContext,
    ValidationRule,
    get_named_type,
    is_input_object_type,
)

from api.graphql.errors import ONE_VALUE_MOVING_MUTATION

_KEY: Final = "idempotencyKey"


class OneValueMovingMutation(ValidationRule):
    """At most one value-moving mutation in a document, so that its retry is one decision and its failure one fact.

    A mutation moves value when an input of it has an idempotency key. A fragment counts each time it is spread.
    """

    def __init__(self, context: ValidationContext) -> None:
        super().__init__(context)
        self._found = 0
        self._reported = False
        self._in_fragment: dict[str, int] = {}

    def enter_operation_definition(self, node: OperationDefinitionNode, *_: Any) -> None:
        if node.operation is not OperationType.MUTATION:
            return
        mutation = self.context.schema.mutation_type
        if mutation is None:
            return
        self._found += self._count(node.selection_set, mutation)
        if self._found > 1 and not self._reported:
            self._reported = True
            message = "Only one mutation of a document may move value. Send the others in requests of their own."
            self.report_error(GraphQLError(message, node, extensions={"code": ONE_VALUE_MOVING_MUTATION}))

    def _count(self, selections: SelectionSetNode, mutation: GraphQLObjectType) -> int:
        found = 0
        for selection in selections.selections:
            match selection:
                case FieldNode():
                    field = mutation.fields.get(selection.name.value)
                    found += field is not None and moves_value(field)
                case InlineFragmentNode():
                    found += self._count(selection.selection_set, mutation)
                case FragmentSpreadNode():
                    found += self._count_in_fragment(selection.name.value, mutation)
                case _:
                    pass
        return found

    def _count_in_fragment(self, name: str, mutation: GraphQLObjectType) -> int:
        if name not in self._in_fragment:
            self._in_fragment[name] = 0  # A fragment that spreads itself is refused by another rule.
            fragment = self.context.get_fragment(name)
            if fragment is not None:
                self._in_fragment[name] = self._count(fragment.selection_set, mutation)
        return self._in_fragment[name]


def moves_value(field: GraphQLField) -> bool:
    """Whether this mutation moves value: then its input has an idempotency key."""
    if _KEY in field.args:
        return True
    types = [get_named_type(cast("GraphQLType", argument.type)) for argument in field.args.values()]
    return any(is_input_object_type(type_) and _KEY in type_.fields for type_ in types)
