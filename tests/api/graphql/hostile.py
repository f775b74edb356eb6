"""Documents that strangers send to make us work: what each is refused with, and the variables that make it worst."""

from __future__ import annotations

from typing import Any, Final, NamedTuple


class Hostile(NamedTuple):
    """What is sent, and the code of the refusal."""

    code: str
    document: str
    variables: dict[str, Any] | None = None


PARSE: Final = "GRAPHQL_PARSE_FAILED"
LIMIT: Final = "DOCUMENT_LIMIT_EXCEEDED"
INVALID: Final = "GRAPHQL_VALIDATION_FAILED"
NAME: Final = "{ operator { name } }"


def times(count: int, text: str) -> str:
    """The text so many times. In it `#` stands for the number, and `^` for the next."""
    return " ".join(text.replace("#", str(n)).replace("^", str(n + 1)) for n in range(count))


def nested(depth: int, opened: str, closed: str, core: str) -> str:
    """The core, so many times between these."""
    return opened * depth + core + closed * depth


def chained(count: int, body: str) -> str:
    """A query whose fragments lead each to the next, as the body says."""
    fragments = times(count, f"fragment F# on Query {{ {body} }}")
    return f"{{ ...F0 }} {fragments} fragment F{count} on Query {{ __typename }}"


TEXTS: Final = {
    "a name without end": Hostile(PARSE, "{ " + "a" * 100_000 + " }"),
    "a string without end": Hostile(PARSE, '{ node(id: "' + "x" * 100_000 + '") { id } }'),
    "a block string of many lines": Hostile(PARSE, '{ node(id: """' + "x\n" * 50_000 + '""") { id } }'),
    "a string of escapes": Hostile(PARSE, '{ node(id: "' + "\\u0061" * 16_000 + '") { id } }'),
    "a number without end": Hostile(PARSE, "{ viewer { cards(first: " + "9" * 100_000 + ") { nodes { id } } } }"),
    "the longest number": Hostile(INVALID, "{ viewer { cards(first: " + "9" * 19_000 + ") { nodes { id } } } }"),
    "a comment without end": Hostile(PARSE, NAME + " #" + "x" * 100_000),
    "many comments": Hostile(PARSE, "#\n" * 9_000 + NAME),
    "nothing but commas": Hostile(PARSE, "{ " + "," * 100_000 + " operator { name } }"),
    "nothing but lines": Hostile(PARSE, "{ " + "\n" * 100_000 + " operator { name } }"),
    "a null byte": Hostile(PARSE, "{ operator\0 { name } }"),
    "too many tokens": Hostile(PARSE, "{ " + "operator " * 1_001 + "}"),
}

DEEP: Final = {
    "braces": Hostile(PARSE, "{" * 10_000),
    "fields that are never closed": Hostile(PARSE, "{ a" * 450),
    "fields": Hostile(LIMIT, "{ " + nested(60, "viewer { ", " }", "id") + " }"),
    "fields that exist": Hostile(
        LIMIT,
        "{ viewer { family { "
        + nested(5, "members { ... on FamilyMember { cards { ... on Card { ", " } } } }", "holder")
        + " } } }",
    ),
    "inline fragments": Hostile(LIMIT, "{ " + nested(150, "... { ", " }", "__typename") + " }"),
    "fragments one after the other": Hostile(LIMIT, chained(100, "...F^")),
    "fields through fragments": Hostile(LIMIT, chained(30, "viewer { ...F^ }")),
    "lists in an argument": Hostile(PARSE, "{ nodes(ids: " + nested(400, "[", "]", '"x"') + ") { id } }"),
    "lists that are never closed": Hostile(PARSE, "{ nodes(ids: " + "[" * 900 + ") { id } }"),
    "lists as deep as can be read": Hostile(INVALID, "{ nodes(ids: " + nested(60, "[", "]", '"x"') + ") { id } }"),
    "objects in an argument": Hostile(PARSE, "{ nodes(ids: " + nested(200, "{ a: ", " }", '"x"') + ") { id } }"),
    "a type of lists": Hostile(PARSE, "query($v: " + nested(400, "[", "]", "Int") + ") { operator { name } }"),
    "introspection": Hostile(
        LIMIT, "{ __schema { types { " + nested(10, "fields { type { ", " } }", "name") + " } } }"
    ),
    "all of the schema": Hostile(INVALID, "{ __schema { types { name fields { name type { name } } } } }"),
    "a type of the schema": Hostile(INVALID, '{ __type(name: "Query") { name } }'),
}

MOVING: Final = """topUpCard(input: {
    cardId: "c", paymentMethodId: "m", amount: { amount: "1", currency: SEK }, idempotencyKey: "key-of-a-stranger"
}) { errors { code } } """

OFTEN: Final = {
    "aliases": Hostile(LIMIT, "{ " + times(16, "a#: operator { name }") + " }"),
    "aliases in fragments": Hostile(
        LIMIT, "{ a: operator { ...F } b: viewer { ...G } } fragment F on Operator { " + times(14, "a#: name") + " }"
    ),
    "one field again and again": Hostile(LIMIT, "{ operator { " + "name " * 101 + "} }"),
    "one field again in fragments": Hostile(
        LIMIT, "{ operator { " + "name " * 60 + " ...F } } fragment F on Operator { " + "name " * 60 + "}"
    ),
    "one object again and again": Hostile(LIMIT, "{ " + times(101, "operator { name }") + " }"),
    "directives on one field": Hostile(LIMIT, "{ operator { name " + "@skip(if: false) " * 100 + "} }"),
    "directives on many fields": Hostile(LIMIT, "{ operator { " + "name @skip(if: false) " * 51 + "} }"),
    "directives that nobody knows": Hostile(LIMIT, "{ operator { name " + times(60, "@d#") + " } }"),
    "directives on variables": Hostile(LIMIT, "query(" + times(60, "$v#: Int @d") + ") { operator { name } }"),
    "sign-in codes under aliases": Hostile(
        LIMIT,
        "mutation { " + times(30, 'c#: requestSignInCode(input: { phoneNumber: "+467017406#" }) { challengeId }') + "}",
    ),
    "fields that do not exist": Hostile(INVALID, "{ operator { " + times(99, "nothing#") + " } }"),
    "arguments that do not exist": Hostile(INVALID, "{ operator { name(" + times(300, "a#: 1") + ") } }"),
    "variables that do not exist": Hostile(INVALID, "{ nodes(ids: [" + times(450, "$v#") + "]) { id } }"),
    "variables that nobody uses": Hostile(INVALID, "query(" + times(240, "$v#: Int") + ") { operator { name } }"),
    "operations": Hostile("OPERATION_RESOLUTION_FAILURE", times(120, "query Q# { operator { name } }")),
    "operations of the same name": Hostile(INVALID, times(120, "query Q { operator { name } }")),
    "operations that share fragments": Hostile(
        "OPERATION_RESOLUTION_FAILURE",
        times(50, "query Q# { ...F0 }") + chained(50, "...F^").partition("}")[2],
    ),
    "value-moving mutations": Hostile("ONE_VALUE_MOVING_MUTATION", "mutation { " + MOVING * 20 + " }"),
}

FRAGMENTS: Final = {
    "each spreads the next twice": Hostile(LIMIT, chained(20, "...F^ ...F^")),
    "each spreads the next twice in objects": Hostile(LIMIT, chained(20, "viewer { ...F^ } operator { ...F^ }")),
    "each spreads the next twice under aliases": Hostile(
        LIMIT, chained(8, "a: operator { ...F^ } b: viewer { ...F^ }")
    ),
    "each spreads the next on conditions": Hostile(LIMIT, chained(20, "... on Query { ...F^ } ... { ...F^ }")),
    "each spreads the next between directives": Hostile(
        LIMIT, chained(15, "...F^ @skip(if: false) ... @include(if: true) { ...F^ }")
    ),
    "a circle": Hostile(INVALID, "{ ...A } fragment A on Query { ...B } fragment B on Query { ...A }"),
    "a circle through objects": Hostile(
        INVALID, "{ viewer { family { ...A } } } fragment A on Family { members { customer { family { ...A ...A } } } }"
    ),
    "many circles": Hostile(INVALID, "{ ...F0 } " + times(90, "fragment F# on Query { ...F0 ...F1 }")),
    "fragments that are not there": Hostile(INVALID, "{ " + times(100, "...F#") + " }"),
    "fragments that nobody spreads": Hostile(INVALID, NAME + " " + times(100, "fragment F# on Operator { name }")),
    "fragments of the same name": Hostile(INVALID, "{ ...F } " + times(100, "fragment F on Query { __typename }")),
}

CARDS: Final = "query($n: Int) { viewer { cards(first: $n) { nodes { id } } } }"
STATEMENTS: Final = "statement(first: $n) { nodes { __typename } }"

WORK: Final = {
    "a page that is too long": Hostile(LIMIT, CARDS.replace("$n)", "101)").removeprefix("query($n: Int)")),
    "the longest page": Hostile(LIMIT, "{ viewer { cards(first: 2147483647) { nodes { id } } } }"),
    "a page that a default makes too long": Hostile(LIMIT, CARDS.replace("Int", "Int = 1000")),
    "a page that a variable makes too long": Hostile(LIMIT, CARDS, {"n": 101}),
    "a page of a whole number with a fraction": Hostile(LIMIT, CARDS, {"n": 5000.0}),
    "pages in pages": Hostile(
        LIMIT, "{ viewer { cards(first: 100) { nodes { statement(first: 100) { nodes { __typename } } } } } }"
    ),
    "pages in pages of hardly anything": Hostile(
        LIMIT, "{ viewer { cards(first: 100) { nodes { statement(first: 21) { nodes { __typename } } } } } }"
    ),
    "pages in pages that a variable makes long": Hostile(LIMIT, CARDS.replace("id", STATEMENTS), {"n": 100}),
    "pages in pages through fragments": Hostile(
        LIMIT,
        "query($n: Int) { viewer { cards(first: $n) { ...C } } } fragment C on CardConnection { nodes { ...S } }"
        " fragment S on Card { statement(first: $n) { edges { node { __typename } } } }",
        {"n": 100},
    ),
    "a list of everything": Hostile(
        LIMIT, "query($ids: [ID!]!) { nodes(ids: $ids) { __typename } }", {"ids": ["x"] * 10_000}
    ),
    "all fields of all pages": Hostile(
        LIMIT,
        "{ viewer { cards(first: 100) { nodes { " + "id " * 99 + " } edges { node { " + "id " * 99 + " } } } } }",
    ),
}

# What is fine but for its last words, so that nothing refuses it before fields are compared with each other.
OVERLAPPING: Final = {
    "objects of one name": Hostile(INVALID, "{ " + times(90, "viewer { actor { kind } }") + " operator { nothing } }"),
    "fields of one name": Hostile(
        INVALID, "{ " + times(9, "viewer { customer { " + "name " * 95 + "} }") + " operator { nothing } }"
    ),
    "arguments of one name": Hostile(INVALID, "{ " + times(90, 'node(id: "#") { id }') + " }"),
    "an object in an object of one name": Hostile(
        INVALID,
        "{ " + times(25, "viewer { cards { nodes { id } } bonuses { nodes { id } } topUps { nodes { id } } }")
        + " operator { nothing } }",
    ),
    "one name on many types": Hostile(
        INVALID,
        '{ node(id: "x") { '
        + times(28, "... on Card { id } ... on Customer { id } ... on Bonus { name }")
        + times(7, "... on Card { a: id } ... on Node { a: __typename }")
        + " } }",
    ),
}  # fmt: skip

HOSTILE: Final = TEXTS | DEEP | OFTEN | FRAGMENTS | WORK | OVERLAPPING
