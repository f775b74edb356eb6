"""Documents, parsed, measured and validated once and kept by their text."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLError,
    GraphQLSchema,
    GraphQLSyntaxError,
    InlineFragmentNode,
    OperationDefinitionNode,
    OperationType,
    SelectionSetNode,
    parse,
)

from api.graphql.cost import Price, Pricing, Weight
from api.graphql.errors import (
    DOCUMENT_NOT_REGISTERED,
    OPERATION_RESOLUTION_FAILURE,
    PARSE_FAILED,
    VALIDATION_FAILED,
    RequestRefused,
)
from api.graphql.limits import Limits, check_limits, check_weight
from api.graphql.registered import ManifestError, Registered
from api.graphql.validation import Validation

FormattedCost = dict[str, int]
"""As it stands in an answer's `extensions.cost`: `requested` and `limit`."""


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation of a valid document."""

    node: OperationDefinitionNode
    price: Price

    @property
    def kind(self) -> OperationType:
        return self.node.operation


@dataclass(frozen=True, slots=True)
class Document:
    """A valid document. Whatever else is worth preparing once for a text belongs here."""

    node: DocumentNode
    operations: Mapping[str | None, Operation]

    def operation(self, name: str | None) -> Operation:
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
    for root in fields(document.operation(name).node.selection_set):
        within = [f"{root.name.value}.{field.name.value}" for field in fields(root.selection_set)]
        found |= dict.fromkeys(within or [root.name.value])
    return tuple(found)


class Documents:
    """Makes documents of texts and keeps the valid ones that are not too long, the least recently used go first.

    Texts that fail are not kept: whoever sends rubbish must not push out what others use. Registered ones are kept for
    ever. If only these are wanted, any other is refused unread.
    """

    def __init__(
        self,
        schema: GraphQLSchema,
        *,
        development: bool,
        limits: Limits | None = None,
        registered: Sequence[Registered] = (),
        registered_only: bool = False,
        kept: int = 500,
        longest_kept_characters: int = 10_000,
    ) -> None:
        self._schema = schema
        self._limits = limits or Limits()
        self._validation = Validation(schema, development=development)
        self._longest_kept = longest_kept_characters
        # A call that raises leaves nothing behind in this cache.
        self._keep = lru_cache(maxsize=kept)(self._prepare)
        self._registered_only = registered_only
        self._by_text: dict[str, Document] = {}
        self._by_id: dict[str, Document] = {}
        self._register(registered)

    def get(self, text: str) -> Document:
        """The document of this text. Raises `RequestRefused` when it does not parse, is too large, or is not valid."""
        registered = self._by_text.get(text)
        if registered is not None:
            return registered
        if self._registered_only:
            message = "Only documents that were registered are carried out here."
            raise RequestRefused([GraphQLError(message)], DOCUMENT_NOT_REGISTERED)
        return self._keep(text) if len(text) <= self._longest_kept else self._prepare(text)

    def find(self, document_id: str) -> Document | None:
        """The registered document of this id: that of its manifest, or `sha256:` and the digest of its text."""
        return self._by_id.get(document_id)

    def weigh(self, operation: Operation, variables: Mapping[str, Any] | None) -> FormattedCost:
        """What the operation costs with these variables. Raises `RequestRefused` when that is too much."""
        weight = operation.price.weigh(variables)
        cost = self._formatted(weight)
        # What does not depend on variables was found to be within the limits when the document was made.
        if not operation.price.is_fixed:
            self._refuse(check_weight(weight, self._limits, operation.node), cost=cost)
        return cost

    def _register(self, registered: Sequence[Registered]) -> None:
        problems: list[str] = []
        for each in registered:
            try:
                document = self._by_text.get(each.text) or self._prepare(each.text)
            except RequestRefused as refused:
                problems += [f"{each.where}: {error['message']}" for error in refused.errors]
                continue
            self._by_text[each.text] = document
            for document_id in each.ids:
                if self._by_id.setdefault(document_id, document) is not document:
                    problems.append(f"{each.where}: another document has this id too")
        if problems:
            raise ManifestError(problems)

    def _prepare(self, text: str) -> Document:
        node = self._parse(text)
        self._refuse(check_limits(node, self._limits))
        operations = self._priced(node)
        # A dollar in a string makes no variable, but does no harm here.
        self._refuse(self._validation.errors(node, has_variables="$" in text))
        return Document(node, {each.node.name.value if each.node.name else None: each for each in operations})

    def _priced(self, document: DocumentNode) -> list[Operation]:
        fragments = {d.name.value: d for d in document.definitions if isinstance(d, FragmentDefinitionNode)}
        pricing = Pricing(self._schema, fragments)
        nodes = [d for d in document.definitions if isinstance(d, OperationDefinitionNode)]
        operations = [Operation(node, pricing.price(node)) for node in nodes]
        for operation in operations:
            if operation.price.is_fixed:
                weight = operation.price.weigh()
                self._refuse(check_weight(weight, self._limits, operation.node), cost=self._formatted(weight))
        return operations

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

    def _formatted(self, weight: Weight) -> FormattedCost:
        return {"requested": weight.cost, "limit": self._limits.cost}

    @staticmethod
    def _refuse(errors: list[GraphQLError], *, cost: FormattedCost | None = None) -> None:
        if errors:
            raise RequestRefused(errors, VALIDATION_FAILED, extensions={"cost": cost} if cost else None)
