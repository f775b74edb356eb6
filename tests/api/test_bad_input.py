"""What makes no sense, or is too much, is answered with a code and a sentence, and with nothing internal."""

from __future__ import annotations

from typing import Any, Final

from api.schema.ids import global_id
from tests.api.conftest import Person
from tests.support.client import Client

JSON: Final = {"Content-Type": "application/json", "Accept": "application/graphql-response+json"}


async def test_a_body_of_more_than_a_megabyte_is_not_read(client: Client) -> None:
    for body in (b"x" * 1_000_001, b'{"query": "{ operator { name } }", "x": "' + b"x" * 1_000_000 + b'"}'):
        response = await client.http.post("/graphql", content=body, headers=JSON)
        assert (response.status_code, response.json()["errors"][0]["extensions"]["code"]) == (413, "PAYLOAD_TOO_LARGE")


async def test_a_form_of_more_than_is_needed_is_not_read(client: Client) -> None:
    response = await client.http.post("/oauth/token", data={"code": "x" * 20_000})
    assert (response.status_code, response.json()["error"]) == (413, "invalid_request")


async def test_a_document_that_makes_no_sense_is_refused_without_a_hint(client: Client) -> None:
    for document in ("{ viewr { actor } }", "{ viewer { cardz } }", "{", "query A { a } query B { b }"):
        answer = await client.ask(document)
        assert answer.status == 400
        assert answer.code.startswith("GRAPHQL_")
        assert "Did you mean" not in str(answer.body)


async def test_a_value_that_makes_no_sense_is_not_quoted(client: Client) -> None:
    document = "mutation ($input: RequestSignInCodeInput!) { requestSignInCode(input: $input) { challengeId } }"
    for value in ({"phoneNumberr": "secret"}, {"phoneNumber": {"secret": "secret"}}, "secret", ["secret"], True):
        answer = await client.ask(document, {"input": value})
        assert answer.code == "BAD_USER_INPUT"
        for error in answer.body["errors"]:
            assert not any(word in error["message"] for word in ("found", "'secret'", "{", "[", "True"))
            assert error["message"].endswith(".")


async def test_ids_that_never_were_ours_are_the_callers_mistake(client: Client, karin: Person) -> None:
    good = karin.card_id
    for id in ("", "x", good[:-1], good + "0", good.upper(), f"{good}\n", "card_", "\0", "x" * 100_000, "💳"):
        for document, value in (
            ("query($v: ID!) { node(id: $v) { id } }", id),
            ("query($v: [ID!]!) { nodes(ids: $v) { id } }", [good, id]),
        ):
            answer = await client.ask(document, {"v": value}, by=karin.id)
            assert answer.code == "BAD_USER_INPUT", id


async def test_what_is_not_there_is_null_in_its_place(client: Client, karin: Person) -> None:
    there, kinds = karin.card.hex, ("card", "customer", "family", "topup", "bonus", "method", "unheardof")
    ids = [f"{kind}_{there}" for kind in kinds]
    found = (await client.ask("query($v: [ID!]!) { nodes(ids: $v) { id } }", {"v": ids}, by=karin.id)).data["nodes"]
    assert found == [{"id": karin.card_id}, *[None] * (len(kinds) - 1)]
    twice = [karin.card_id, karin.method_id, karin.card_id]
    found = (await client.ask("query($v: [ID!]!) { nodes(ids: $v) { id } }", {"v": twice}, by=karin.id)).data["nodes"]
    assert [each["id"] for each in found] == twice


async def test_a_hundred_ids_can_be_asked_for_at_once(client: Client, karin: Person) -> None:
    document = "query($v: [ID!]!) { nodes(ids: $v) { id } }"
    ids = [global_id("card", client.worlds[0].ids.new()) for _ in range(101)]
    assert (await client.ask(document, {"v": ids[:100]}, by=karin.id)).data["nodes"] == [None] * 100
    assert (await client.ask(document, {"v": []}, by=karin.id)).data["nodes"] == []
    assert (await client.ask(document, {"v": ids}, by=karin.id)).code == "BAD_USER_INPUT"


async def test_what_is_nowhere_is_a_problem_and_not_a_page(client: Client) -> None:
    for method, path, status in (
        ("GET", "/nothing", 404),
        ("GET", "/", 404),
        ("POST", "/metrics", 405),
        ("DELETE", "/webhooks/sandbox", 405),
    ):
        response = await client.http.request(method, path)
        assert (response.status_code, response.headers["content-type"]) == (status, "application/problem+json")
        problem: dict[str, Any] = response.json()
        assert problem["status"] == status
        assert problem["detail"].endswith(".")
