"""Whatever goes wrong is told under a code or masked under an id, and nothing internal is shown or logged."""

from __future__ import annotations

import logging
from typing import Any

import pytest

from api.graphql.errors import log_fault
from domain.kernel.errors import Undeclared
from tests.api.graphql.client import GRAPHQL_RESPONSE, JSON, ask, code_of, send
from tests.api.graphql.toy import SECRET, Toy

REQUEST_ERRORS: list[tuple[str, dict[str, Any], str]] = [
    ("{", {}, "GRAPHQL_PARSE_FAILED"),
    ("", {}, "GRAPHQL_PARSE_FAILED"),
    ("{ nothing }", {}, "GRAPHQL_VALIDATION_FAILED"),
    ("{ even(number: 3) }", {}, "GRAPHQL_VALIDATION_FAILED"),
    ("query ($a: Int!) { required(number: $a) }", {"a": "one"}, "BAD_USER_INPUT"),
    ("query ($a: Int!) { required(number: $a) }", {}, "BAD_USER_INPUT"),
    ("query ($a: Even!) { even(number: $a) }", {"a": 3}, "BAD_USER_INPUT"),
    ("fragment A on Query { hello } query { ...A } query B { hello }", {}, "GRAPHQL_VALIDATION_FAILED"),
    ("query A { hello } query B { hello }", {}, "OPERATION_RESOLUTION_FAILURE"),
    ("subscription { ticks }", {}, "SUBSCRIPTION_NOT_SUPPORTED"),
    ("query ($on: Boolean) { hello @include(if: $on) }", {"on": None}, "GRAPHQL_VALIDATION_FAILED"),
    ("query ($on: Boolean = true) { hello @include(if: $on) }", {"on": None}, "BAD_USER_INPUT"),
]

STRANGE_VALUES: list[object] = ["x", "1e", [], {}, True, None, 1.5, "9" * 400, {"a": {"b": None}}, [[[]]], "NaN", "-"]


class TestRequestErrors:
    @pytest.mark.parametrize(("document", "variables", "code"), REQUEST_ERRORS)
    @pytest.mark.parametrize(("accept", "status"), [(GRAPHQL_RESPONSE, 400), (JSON, 200)])
    async def test_nothing_is_carried_out_and_there_is_no_data(
        self, document: str, variables: dict[str, Any], code: str, accept: str, status: int
    ) -> None:
        toy = Toy()
        reply = await ask(toy, document, variables, accept=accept)

        assert (reply.status, code_of(reply)) == (status, code)
        assert "data" not in reply.json
        assert toy.faults == []

    async def test_an_unknown_operation_name_is_refused_and_not_repeated(self) -> None:
        reply = await ask(Toy(), "query A { hello }", operation_name="B")

        assert (reply.status, code_of(reply)) == (400, "OPERATION_RESOLUTION_FAILURE")

    async def test_an_operation_is_chosen_by_its_name(self) -> None:
        document = "query A { hello } query B { required }"

        assert (await ask(Toy(), document, operation_name="B")).json["data"] == {"required": 5}

    async def test_they_say_where_in_the_document(self) -> None:
        reply = await ask(Toy(), "{\n  nothing\n}")

        assert reply.json["errors"][0]["locations"] == [{"line": 2, "column": 3}]

    async def test_their_number_is_bounded(self) -> None:
        document = "{ " + " ".join(f"a{n}" for n in range(90)) + " }"

        assert len((await ask(Toy(), document)).json["errors"]) == 11

    async def test_so_is_the_number_of_mistakes_in_variables(self) -> None:
        variables = ", ".join(f"$v{n}: Int!" for n in range(15))
        fields = " ".join(f"v{n}: required(number: $v{n})" for n in range(15))

        assert len((await ask(Toy(), f"query ({variables}) {{ {fields} }}")).json["errors"]) == 11

    async def test_suggestions_for_values_are_made_in_development_only(self) -> None:
        async def messages(toy: Toy) -> str:
            kind = await ask(toy, 'query ($k: Kind!) { echo(text: "", kind: $k) }', {"k": "GOUD"})
            rename = await ask(toy, "mutation ($i: RenameInput!) { rename(input: $i) }", {"i": {"nam": "x"}})
            return kind.body.decode() + rename.body.decode()

        assert (await messages(Toy())).count("Did you mean") == 2
        assert "Did you mean" not in await messages(Toy(development=False))

    @pytest.mark.parametrize("by_variable", [True, False])
    async def test_a_scalar_tells_its_own_sentence_and_hides_what_broke_in_it(self, by_variable: bool) -> None:
        async def message(value: object, literal: str) -> str:
            if by_variable:
                reply = await ask(Toy(), "query ($n: Even!) { even(number: $n) }", {"n": value})
            else:
                reply = await ask(Toy(), f"{{ even(number: {literal}) }}")
            (error,) = reply.json["errors"]
            return error["message"]

        assert (await message(3, "3")).endswith("Expected value of type 'Even'. An even number is divisible by two.")
        exploded = await message("explode", '"explode"')
        assert exploded.endswith("Expected value of type 'Even'.")
        assert SECRET not in exploded

    async def test_null_is_called_null(self) -> None:
        reply = await ask(Toy(), "query ($a: Int!) { required(number: $a) }", {"a": None})

        assert reply.json["errors"][0]["message"].endswith("Expected value of non-null type 'Int!' not to be null.")

    @pytest.mark.parametrize("value", STRANGE_VALUES)
    @pytest.mark.parametrize("scalar", ["Int", "Decimal", "Kind", "Even", "String", "RenameInput"])
    async def test_nothing_of_python_shows(self, value: object, scalar: str) -> None:
        fields = {
            "Int": "required(number: $v)",
            "Decimal": "price(amount: $v)",
            "Kind": 'echo(text: "", kind: $v)',
            "Even": "even(number: $v)",
            "String": "echo(text: $v)",
        }
        if scalar == "RenameInput":
            document = "mutation ($v: RenameInput!) { rename(input: $v) }"
        else:
            document = f"query ($v: {scalar}!) {{ {fields[scalar]} }}"
        toy = Toy()
        reply = await ask(toy, document, {"v": value})

        assert toy.faults == []
        text = reply.body.decode()
        for word in (
            "<class",
            "Traceback",
            "object at 0x",
            "Error(",
            "decimal.",
            "strawberry",
            ".py",
            "invalid literal",
        ):
            assert word not in text


class TestFieldErrors:
    @pytest.mark.parametrize(
        ("how", "code"),
        [
            ("unauthenticated", "UNAUTHENTICATED"),
            ("forbidden", "FORBIDDEN"),
            ("notFound", "NOT_FOUND"),
            ("invalid", "BAD_USER_INPUT"),
            ("busy", "BUSY"),
        ],
    )
    async def test_a_fault_of_the_domain_is_told_under_its_code_beside_the_data(self, how: str, code: str) -> None:
        toy = Toy()
        reply = await ask(toy, f'{{ hello fails(how: "{how}") }}')

        assert (reply.status, code_of(reply)) == (200, code)
        assert reply.json["data"] == {"hello": "world", "fails": None}
        assert reply.json["errors"][0]["path"] == ["fails"]
        assert toy.faults == []
        assert "SECRET" not in reply.body.decode()

    async def test_invalid_input_says_its_sentence(self) -> None:
        reply = await ask(Toy(), '{ fails(how: "invalid") }')

        assert reply.json["errors"][0]["message"] == "Say it otherwise."

    async def test_what_is_busy_says_when_to_ask_again(self) -> None:
        reply = await ask(Toy(), '{ fails(how: "busy") }')

        assert reply.json["errors"][0]["extensions"] == {"code": "BUSY", "retryAfter": 3}

    async def test_an_error_that_carries_a_code_is_told_as_it_is(self) -> None:
        reply = await ask(Toy(), "{ coded }")

        (error,) = reply.json["errors"]
        assert (error["message"], error["extensions"]) == ("It is told as it is.", {"code": "TOLD"})

    async def test_a_null_that_a_variable_brings_to_a_non_null_argument_is_the_clients_mistake(self) -> None:
        reply = await ask(Toy(), "query ($n: Int = 5) { hello required(number: $n) }", {"n": None})

        assert (reply.status, code_of(reply)) == (200, "BAD_USER_INPUT")

    @pytest.mark.parametrize(
        "document",
        [
            '{ fails(how: "undeclared") }',
            '{ fails(how: "rejection") }',
            '{ fails(how: "key") }',
            "{ tooBig }",
            "{ notAKind }",
            "{ missing }",
        ],
    )
    async def test_anything_else_is_masked_and_reported_under_the_id_that_is_told(self, document: str) -> None:
        toy = Toy()
        reply = await ask(toy, document)

        (error,) = reply.json["errors"]
        assert error["message"] == "Something went wrong on our side. Quote this id when you ask us about it."
        assert error["extensions"] == {"code": "INTERNAL", "id": "fault-1"}
        assert [fault_id for _, fault_id in toy.faults] == ["fault-1"]
        assert not isinstance(toy.faults[0][0], Undeclared) or "undeclared" in document
        for word in (SECRET, "secret", "1099511627776", "enum", "KeyError", "non-nullable"):
            assert word not in reply.body.decode()

    async def test_what_json_cannot_hold_is_masked(self) -> None:
        toy = Toy()
        reply = await ask(toy, "{ unspeakable }")

        assert (reply.status, code_of(reply), len(toy.faults)) == (500, "INTERNAL", 1)
        assert "object at" not in reply.body.decode()

    async def test_one_defect_that_many_fields_met_has_one_id(self) -> None:
        toy = Toy()
        reply = await ask(toy, "{ failsOften }")

        assert [error["extensions"]["id"] for error in reply.json["errors"]] == ["fault-1", "fault-1"]
        assert len(toy.faults) == 1


class TestFaultsOfTheWholeRequest:
    @pytest.mark.parametrize(
        ("how", "status", "code"),
        [
            ("forbidden", 403, "FORBIDDEN"),
            ("notFound", 404, "NOT_FOUND"),
            ("invalid", 400, "BAD_USER_INPUT"),
            ("busy", 409, "BUSY"),
            ("key", 500, "INTERNAL"),
            ("undeclared", 500, "INTERNAL"),
            ("rejection", 500, "INTERNAL"),
        ],
    )
    @pytest.mark.parametrize("accept", [JSON, GRAPHQL_RESPONSE])
    async def test_a_fault_of_the_context_answers_the_request(
        self, how: str, status: int, code: str, accept: str
    ) -> None:
        toy = Toy()
        reply = await ask(toy, "{ hello }", headers={"x-fails": how}, accept=accept)

        assert (reply.status, code_of(reply)) == (status, code)
        assert "data" not in reply.json
        assert len(toy.faults) == (code == "INTERNAL")
        assert SECRET not in reply.body.decode()

    async def test_a_bad_token_is_challenged(self) -> None:
        reply = await ask(Toy(), "{ hello }", headers={"x-fails": "unauthenticated"})

        assert (reply.status, code_of(reply)) == (401, "UNAUTHENTICATED")
        assert reply.headers["www-authenticate"] == 'Bearer error="invalid_token"'

    @pytest.mark.parametrize("accept", [JSON, GRAPHQL_RESPONSE])
    @pytest.mark.parametrize("where", ["context", "field"])
    async def test_an_unavailable_service_says_when_to_come_back(self, where: str, accept: str) -> None:
        if where == "context":
            reply = await ask(Toy(), "{ hello }", headers={"x-fails": "unavailable"}, accept=accept)
        else:
            reply = await ask(Toy(), '{ hello fails(how: "unavailable") }', accept=accept)

        assert (reply.status, reply.headers["retry-after"]) == (503, "7")
        assert "data" not in reply.json
        assert reply.json["errors"][0]["extensions"] == {"code": "SERVICE_UNAVAILABLE", "retryAfter": 7}

    async def test_a_broken_document_needs_no_context(self) -> None:
        toy = Toy()
        await ask(toy, "{ nothing }", headers={"x-fails": "key"})

        assert toy.faults == []


def test_the_log_says_where_and_not_what(caplog: pytest.LogCaptureFixture) -> None:
    try:
        try:
            raise KeyError(SECRET)
        except KeyError as error:
            raise ValueError(SECRET) from error
    except ValueError as error:
        with caplog.at_level(logging.ERROR):
            log_fault(error, "fault-9")

    assert "fault-9" in caplog.text
    assert "builtins.ValueError" in caplog.text
    assert "builtins.KeyError" in caplog.text
    assert "test_the_log_says_where_and_not_what" in caplog.text
    assert SECRET not in caplog.text


async def test_a_post_without_anything_is_told_what_is_missing() -> None:
    reply = await send(Toy().endpoint(), body=b"{}")

    assert reply.json["errors"][0]["message"].startswith("There is neither a `query`")
