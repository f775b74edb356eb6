"""Documents: limits, rules of our own, what is open in development only, and what is kept."""

from __future__ import annotations

from time import process_time
from typing import Any

import pytest
from graphql import DocumentNode, build_schema, get_introspection_query

from api.graphql import documents
from api.graphql.documents import Documents
from api.graphql.errors import RequestRefused
from api.graphql.limits import Limits

SCHEMA = build_schema(
    """
    type Query { a: Query b: Query c: Query x: Int y(n: Int, m: [[Int]]): Int value: Int }
    type Mutation {
      topUp(input: TopUpInput!): Int
      transfer(key: Int, input: TransferInput): Int
      rename(input: RenameInput!): Int
    }
    input TopUpInput { amount: Int, idempotencyKey: ID! }
    input TransferInput { idempotencyKey: ID! }
    input RenameInput { name: ID! }
    """
)
TOP_UP = 'topUp(input: {idempotencyKey: "1"})'
TRANSFER = 'transfer(input: {idempotencyKey: "2"})'
RENAME = 'rename(input: {name: "x"})'


def made(*, development: bool = True, **more: Any) -> Documents:
    return Documents(SCHEMA, development=development, **more)


def errors_of(document: str, **more: Any) -> list[dict[str, Any]]:
    try:
        made(**more).get(document)
    except RequestRefused as refused:
        return refused.errors
    return []


def codes_of(document: str, **more: Any) -> set[str]:
    return {error["extensions"]["code"] for error in errors_of(document, **more)}


def nested(depth: int) -> str:
    return "{ a " * (depth - 1) + "{ x }" + " }" * (depth - 1)


class TestLimits:
    @pytest.mark.parametrize(
        ("fits", "exceeds"),
        [
            (nested(12), nested(13)),
            (
                "{ a { ...F } } fragment F on Query " + nested(11),
                "{ a { ...F } } fragment F on Query " + nested(12),
            ),
            (
                "{ " + "".join(f"x{n}: x " for n in range(15)) + "}",
                "{ " + "".join(f"x{n}: x " for n in range(16)) + "}",
            ),
            (
                "{ a { ...F } b { ...F } } fragment F on Query { " + "".join(f"x{n}: x " for n in range(7)) + "}",
                "{ a { ...F } b { ...F } } fragment F on Query { " + "".join(f"x{n}: x " for n in range(8)) + "}",
            ),
            (
                "query @skip(if: true) { " + "x @skip(if: true) " * 49 + "}",
                "{ " + "x @skip(if: true) " * 51 + "}",
            ),
            ("{ " + "x " * 100 + "}", "{ " + "x " * 101 + "}"),
            (
                "{ " + "x " * 50 + "...F } fragment F on Query { " + "x " * 50 + "}",
                "{ " + "x " * 50 + "...F } fragment F on Query { " + "x " * 51 + "}",
            ),
            (
                "{ " + "... { " * 59 + "x" + " }" * 59 + " }",
                "{ " + "... { " * 60 + "x" + " }" * 60 + " }",
            ),
        ],
        ids=["depth", "depth in fragment", "aliases", "aliases in fragment", "directives", "fields", "spread fields",
             "nesting"],
    )  # fmt: skip
    def test_a_document_may_have_so_much_and_no_more(self, fits: str, exceeds: str) -> None:
        assert "DOCUMENT_LIMIT_EXCEEDED" not in codes_of(fits)
        assert codes_of(exceeds) == {"DOCUMENT_LIMIT_EXCEEDED"}

    def test_the_error_says_how_much_is_allowed(self) -> None:
        (error,) = errors_of(nested(13))

        assert error["message"] == "Fields may stand 12 deep in a document at most."
        assert error["extensions"] == {"code": "DOCUMENT_LIMIT_EXCEEDED", "maximum": 12}

    def test_limits_can_be_set(self) -> None:
        assert errors_of(nested(13), limits=Limits(depth=13)) == []

    @pytest.mark.parametrize(
        "document",
        [
            "{ " + "x " * 1_000 + "}",
            "#\n" * 1_001 + "{ x }",
            "{ x } #" + "c" * 20_000,
        ],
        ids=["tokens", "comments", "characters"],
    )
    def test_a_text_that_is_too_long_is_not_parsed_to_its_end(self, document: str) -> None:
        assert codes_of(document) == {"GRAPHQL_PARSE_FAILED"}

    @pytest.mark.parametrize(
        "document",
        ["{" * 10_000, "{a" * 10_000, "{y(n:" + "[" * 10_000, "{y(n:" + "{a:" * 10_000, "query($v:" + "[" * 10_000],
    )
    def test_a_text_that_nests_without_end_is_a_parse_error(self, document: str) -> None:
        assert codes_of(document) == {"GRAPHQL_PARSE_FAILED"}

    @pytest.mark.parametrize(
        "body",
        ["...F{n} ...F{n}", "a {{ ...F{n} }} b {{ ...F{n} }}", "p: a {{ ...F{n} }} q: a {{ ...F{n} }}",
         "a {{ ...F{n} }} a {{ ...F{n} }}", "... {{ ...F{n} }} ... {{ ...F{n} }}"],
    )  # fmt: skip
    def test_fragments_that_spread_the_next_twice_cost_milliseconds(self, body: str) -> None:
        fragments = [f"fragment F{n} on Query {{ {body.format(n=n + 1)} }}" for n in range(20)]
        document = " ".join(["{ ...F0 }", *fragments, "fragment F20 on Query { x }"])
        started = process_time()

        assert codes_of(document) == {"DOCUMENT_LIMIT_EXCEEDED"}
        assert process_time() - started < 0.1

    @pytest.mark.parametrize("forwards", [True, False])
    def test_a_long_chain_of_fragments_is_too_deep_in_whatever_order_it_comes(self, forwards: bool) -> None:
        fragments = [f"fragment F{n} on Query {{ ...F{n + 1} }}" for n in range(2_000)]
        fragments.append("fragment F2000 on Query { x }")
        document = "{ ...F0 } " + " ".join(fragments if forwards else reversed(fragments))

        assert codes_of(document, limits=Limits(tokens=20_000, characters=100_000)) == {"DOCUMENT_LIMIT_EXCEEDED"}

    @pytest.mark.parametrize(
        "document",
        [
            "{ ...A } fragment A on Query { a { ...A } }",
            "{ ...A } fragment A on Query { ...B } fragment B on Query { ...A }",
            "mutation { ...A } fragment A on Mutation { ...A }",
        ],
    )
    def test_fragments_that_spread_themselves_are_invalid(self, document: str) -> None:
        (error,) = errors_of(document)

        assert error["message"].startswith("Cannot spread fragment 'A' within itself")
        assert error["extensions"]["code"] == "GRAPHQL_VALIDATION_FAILED"

    def test_a_fragment_that_is_not_there_is_invalid(self) -> None:
        assert codes_of("{ ...Unknown }") == {"GRAPHQL_VALIDATION_FAILED"}


class TestOneValueMovingMutation:
    @pytest.mark.parametrize(
        "document",
        [
            f"mutation {{ {TOP_UP} {RENAME} again: {RENAME} }}",
            f"mutation {{ ...F }} fragment F on Mutation {{ ... {{ {TRANSFER} }} }}",
            "{ topUp: x transfer: x }",
            f"query A {{ x }} mutation B {{ {TOP_UP} }}",
        ],
    )
    def test_one_is_allowed_beside_others_that_move_nothing(self, document: str) -> None:
        assert errors_of(document) == []

    @pytest.mark.parametrize(
        "document",
        [
            f"mutation {{ {TOP_UP} {TRANSFER} }}",
            f"mutation {{ a: {TOP_UP} b: {TOP_UP} }}",
            f"mutation {{ a: {TOP_UP} b: {TOP_UP} c: {TOP_UP} }}",
            f"mutation {{ {TOP_UP} ... {{ {TRANSFER} }} }}",
            f"mutation {{ {TOP_UP} ... on Mutation {{ {TRANSFER} }} }}",
            f"mutation {{ {TOP_UP} ...F }} fragment F on Mutation {{ {TRANSFER} }}",
            f"mutation {{ ...F ...G }} fragment F on Mutation {{ ...G }} fragment G on Mutation {{ {TRANSFER} }}",
            f"mutation {{ {TOP_UP} @skip(if: true) {TRANSFER} }}",
            f"mutation A {{ {TOP_UP} }} mutation B {{ {TRANSFER} }}",
        ],
    )
    def test_a_second_one_is_refused(self, document: str) -> None:
        (error,) = errors_of(document)

        assert error["extensions"] == {"code": "ONE_VALUE_MOVING_MUTATION"}


class TestDevelopment:
    def test_introspection_with_everything_in_it_passes_in_development(self) -> None:
        everything = get_introspection_query(
            specified_by_url=True,
            directive_is_repeatable=True,
            schema_description=True,
            input_value_deprecation=True,
            one_of=True,
        )

        assert errors_of(everything) == []

    @pytest.mark.parametrize("document", ["{ __schema { queryType { name } } }", '{ __type(name: "Query") { name } }'])
    def test_introspection_is_refused_elsewhere(self, document: str) -> None:
        assert errors_of(document) == []
        assert codes_of(document, development=False) == {"GRAPHQL_VALIDATION_FAILED"}

    def test_the_name_of_a_type_is_no_secret(self) -> None:
        assert errors_of("{ __typename a { __typename } }", development=False) == []

    @pytest.mark.parametrize("document", ["{ valeu }", "{ y(nn: 1) }", "{ ... on Qeury { x } }"])
    def test_suggestions_are_made_in_development_only(self, document: str) -> None:
        assert "Did you mean" in errors_of(document)[0]["message"]
        assert "Did you mean" not in str(errors_of(document, development=False))


class TestKept:
    @pytest.fixture
    def parsed(self, monkeypatch: pytest.MonkeyPatch) -> list[str]:
        texts: list[str] = []

        def counted(text: str, **options: Any) -> DocumentNode:
            texts.append(text)
            return real(text, **options)

        real = documents.parse
        monkeypatch.setattr(documents, "parse", counted)
        return texts

    def test_a_document_is_prepared_once(self, parsed: list[str]) -> None:
        cache = made()

        assert cache.get("{ x }") is cache.get("{ x }")
        assert parsed == ["{ x }"]

    def test_the_least_recently_used_goes_first(self, parsed: list[str]) -> None:
        cache = made(kept=2)
        for text in ("{ x }", "{ y }", "{ x }", "{ value }", "{ x }", "{ y }"):
            cache.get(text)

        assert parsed == ["{ x }", "{ y }", "{ value }", "{ y }"]

    def test_a_long_document_is_not_kept(self, parsed: list[str]) -> None:
        cache = made(longest_kept_characters=10)
        cache.get("{ x x x x x }")
        cache.get("{ x x x x x }")

        assert len(parsed) == 2

    def test_what_fails_is_not_kept_and_pushes_nothing_out(self, parsed: list[str]) -> None:
        cache = made(kept=1)
        cache.get("{ x }")
        for _ in range(2):
            with pytest.raises(RequestRefused):
                cache.get("{ nothing }")
        cache.get("{ x }")

        assert parsed == ["{ x }", "{ nothing }", "{ nothing }"]
