"""Validation of a document that is within the limits, in half the time that graphql-core's `validate` takes.

The rules are its own but for what is quadratic. What is saved is walking: names are no places that a rule looks at, and
rules about variables, which walk through everything once more, are left out when there are none.
"""

from __future__ import annotations

from contextlib import suppress
from typing import Any, Final

from graphql import (
    DocumentNode,
    GraphQLError,
    GraphQLSchema,
    NoSchemaIntrospectionCustomRule,
    NoUndefinedVariablesRule,
    NoUnusedVariablesRule,
    OverlappingFieldsCanBeMergedRule,
    ParallelVisitor,
    TypeInfo,
    TypeInfoVisitor,
    ValidationContext,
    VariablesInAllowedPositionRule,
    specified_rules,
    visit,
)
from graphql.language.ast import QUERY_DOCUMENT_KEYS

from api.graphql.overlap import OverlappingFields
from api.graphql.rules import OneValueMovingMutation

MAX_ERRORS: Final = 10

Rule = Any
"""A class of rules: graphql-core has them of two kinds that only their common base unites."""

_LINEAR: Final[dict[Rule, Rule]] = {OverlappingFieldsCanBeMergedRule: OverlappingFields}
_OF_VARIABLES: Final[tuple[Rule, ...]] = (
    NoUndefinedVariablesRule,
    NoUnusedVariablesRule,
    VariablesInAllowedPositionRule,
)
_KEYS: Final = {
    kind: tuple(key for key in keys if key not in ("name", "alias")) for kind, keys in QUERY_DOCUMENT_KEYS.items()
}


class _EnoughErrors(Exception):
    pass


class Validation:
    """The rules for documents of one schema."""

    def __init__(self, schema: GraphQLSchema, *, development: bool) -> None:
        self._schema = schema
        self._hide_suggestions = not development
        rules = [_LINEAR.get(rule, rule) for rule in specified_rules] + [OneValueMovingMutation]
        self._rules = rules if development else [*rules, NoSchemaIntrospectionCustomRule]
        self._rules_without_variables = [rule for rule in self._rules if rule not in _OF_VARIABLES]

    def errors(self, document: DocumentNode, *, has_variables: bool) -> list[GraphQLError]:
        """What is not valid about it, no more than 10 things and one to say that there is more."""
        errors: list[GraphQLError] = []

        def on_error(error: GraphQLError) -> None:
            if len(errors) == MAX_ERRORS:
                errors.append(GraphQLError("There is more that is not valid, but nobody has looked."))
                raise _EnoughErrors
            errors.append(error)

        types = TypeInfo(self._schema)
        context = ValidationContext(self._schema, document, types, on_error, self._hide_suggestions)
        rules = self._rules if has_variables else self._rules_without_variables
        with suppress(_EnoughErrors):
            visit(document, TypeInfoVisitor(types, ParallelVisitor([rule(context) for rule in rules])), _KEYS)
        return errors
