"""Documents, parsed, measured and validated once and kept by their text."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLError,
    GraphQLSchema,
    GraphQLSyntaxError,
    InlineFragmentNode,
    NoSchemaIntrospectionCustomRule,
    OperationDefinitionNode,
    SelectionSetNode,
    parse,
    specified_rules,
    validate,
)

from api.graphql.errors import OPERATION_RESOLUTION_FAILURE, PARSE_FAILED, VALIDATION_FAILED, RequestRefused
from api.graphql.limits import Limits, check_limits
from api.graphql.rules import OneValueMovingMutation

MAX_VALIDATION_ERRORS: Final = 10


@dataclass(frozen=True, slots=True)
class Document:
    """A valid document. Whatever else is worth preparing once for a text belongs here."""

    node: DocumentNode
    operations: Mapping[str | None, OperationDefinitionNode]

    def operation(self, name: str | None) -> OperationDefinitionNode:
        """The operation to carry out: the one of this name, or the only one. Raises `RequestRefused`."""
        if name is None and len(self.operations) == 1:
            return next(iter(self.operations.values()))
        operation = self.operations.get(name)
        if operation is not None and name is not None:
            return operation
        if name is not None:
            message = "The document has no operation of the name that `operationName` gives."
        elif self.operations:
            message = "The document has several operations: `operationName` must say which one to carry out."
        else:
            message = "The document has no operation."
        raise RequestRefused([GraphQLError(message)], OPERATION_RESOLUTION_FAILURE)


def fields_of(document: Document, name: str | None) -> tuple[str, ...]:
    """What an operation asks for, two levels deep: `viewer.cards`, `operator.name`. For who keeps a record of it."""
    fragments = {d.name.value: d for d in document.node.definitions if isinstance(d, FragmentDefinitionNode)}

    def fields(selections: SelectionSetNode | None) -> Iterator[FieldNode]:
        for selection in selections.selections if selections else ():
            if isinstance(selection, FieldNode):
                yield selection
            elif isinstance(selection, InlineFragmentNode):
                yield from fields(selection.selection_set)
            elif isinstance(selection, FragmentSpreadNode):
                yield from fields(fragments[selection.name.value].selection_set)

    found: dict[str, None] = {}
    for root in fields(document.operation(name).selection_set):
        within = [f"{root.name.value}.{field.name.value}" for field in fields(root.selection_set)]
        found |= dict.fromkeys(within or [root.name.value])
    return tuple(found)


class Documents:
    """Makes documents of texts and keeps the valid ones that are not too long, the least recently used go first.

    Texts that fail are not kept: whoever sends rubbish must not push out what others use.
    """

    def __init__(
        self,
        schema: GraphQLSchema,
        *,
        development: bool,
        limits: Limits | None = None,
        kept: int = 500,
        longest_kept_characters: int = 10_000,
    ) -> None:
        self._schema = schema
        self._limits = limits or Limits()
        self._hide_suggestions = not development
        self._rules = [*specified_rules, OneValueMovingMutation]
        if not development:
            self._rules.append(NoSchemaIntrospectionCustomRule)
        self._longest_kept = longest_kept_characters
        # A call that raises leaves nothing behind in this cache.
        self._keep = lru_cache(maxsize=kept)(self._prepare)

    def get(self, text: str) -> Document:
        """The document of this text. Raises `RequestRefused` when it does not parse, is too large, or is not valid."""
        return self._keep(text) if len(text) <= self._longest_kept else self._prepare(text)

    def _prepare(self, text: str) -> Document:
        node = self._parse(text)
        self._refuse(check_limits(node, self._limits))
        self._refuse(
            validate(
                self._schema,
                node,
                self._rules,
                max_errors=MAX_VALIDATION_ERRORS,
                hide_suggestions=self._hide_suggestions,
            )
        )
        operations = [d for d in node.definitions if isinstance(d, OperationDefinitionNode)]
        return Document(node, {d.name.value if d.name else None: d for d in operations})

    def _parse(self, text: str) -> DocumentNode:
        try:
            return parse(
                text,
                max_lexical_tokens=self._limits.tokens,
                max_comments=self._limits.tokens,
                max_source_length=self._limits.characters,
            )
        except GraphQLSyntaxError as error:
            raise RequestRefused([error], PARSE_FAILED) from None

    @staticmethod
    def _refuse(errors: list[GraphQLError]) -> None:
        if errors:
            raise RequestRefused(errors, VALIDATION_FAILED)
