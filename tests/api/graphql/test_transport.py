"""GraphQL over HTTP: what is accepted, what is refused and how, for both media types."""

from __future__ import annotations

import asyncio
import json
from urllib.parse import quote

import pytest
from starlette.types import Message, Scope

from tests.api.graphql.client import GRAPHQL_RESPONSE, JSON, Reply, ask, code_of, send
from tests.api.graphql.toy import Toy


async def test_a_query_is_answered_with_its_data() -> None:
    reply = await ask(Toy(), "{ hello }")

    assert reply.status == 200
    assert reply.json["data"] == {"hello": "world"}
    assert reply.headers["cache-control"] == "no-store"


@pytest.mark.parametrize(
    ("accept", "answered_with"),
    [
        (None, JSON),
        ("*/*", JSON),
        ("application/*", JSON),
        (JSON, JSON),
        (GRAPHQL_RESPONSE, GRAPHQL_RESPONSE),
        (f"{GRAPHQL_RESPONSE}, {JSON};q=0.9", GRAPHQL_RESPONSE),
        (f"{JSON}, {GRAPHQL_RESPONSE};q=0.9", JSON),
        (f"{GRAPHQL_RESPONSE}, */*", GRAPHQL_RESPONSE),
        (f"{JSON}, */*", JSON),
        (f"{GRAPHQL_RESPONSE};q=0.1, */*", JSON),
        (f"{JSON};q=0, */*", GRAPHQL_RESPONSE),
        (f"{JSON}; charset=iso-8859-1, {GRAPHQL_RESPONSE}; charset=UTF-8", GRAPHQL_RESPONSE),
        ("text/html, */*;q=0.8", JSON),
    ],
)
async def test_the_media_type_is_the_one_that_the_client_prefers(accept: str | None, answered_with: str) -> None:
    reply = await ask(Toy(), "{ hello }", accept=accept)

    assert reply.status == 200
    assert reply.headers["content-type"] == f"{answered_with}; charset=utf-8"


@pytest.mark.parametrize("accept", ["text/plain", f"{JSON};q=0", f"{JSON}; charset=iso-8859-1", "image/*"])
async def test_a_client_that_takes_neither_media_type_is_told_so(accept: str) -> None:
    reply = await ask(Toy(), "{ hello }", accept=accept)

    assert (reply.status, code_of(reply)) == (406, "NOT_ACCEPTABLE")


@pytest.mark.parametrize(
    "content_type",
    [None, "text/plain", "text/plain, application/json", "application/x-www-form-urlencoded", "multipart/form-data",
     "application/json; charset=utf-16", "application/graphql"],
)  # fmt: skip
async def test_a_body_that_is_not_declared_as_json_in_utf8_is_refused(content_type: str | None) -> None:
    toy = Toy()
    reply = await send(toy.endpoint(), body=b'{"query": "{ hello }"}', content_type=content_type)

    assert (reply.status, code_of(reply)) == (415, "UNSUPPORTED_MEDIA_TYPE")
    assert toy.contexts == []


@pytest.mark.parametrize(
    "content_type", [JSON, "Application/JSON", f'{JSON}; charset="UTF-8"', f"{JSON};charset=utf-8"]
)
async def test_json_in_utf8_may_be_declared_in_any_spelling(content_type: str) -> None:
    reply = await send(
        Toy().endpoint(), body='{"query": "{ echo(text: \\"å\\") }"}'.encode(), content_type=content_type
    )

    assert reply.json["data"] == {"echo": "å good 0"}


async def test_a_compressed_body_is_refused() -> None:
    reply = await send(Toy().endpoint(), body=b"\x1f\x8b", headers={"content-encoding": "gzip"})

    assert reply.status == 415


@pytest.mark.parametrize("accept", [JSON, GRAPHQL_RESPONSE])
@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"hello",
        b'"text"',
        b"null",
        b'[{"query": "{ hello }"}]',
        b"{}",
        b'{"query": null}',
        b'{"query": 1}',
        b'{"query": ["{ hello }"]}',
        b'{"query": "{ hello }", "variables": []}',
        b'{"query": "{ hello }", "variables": "{}"}',
        b'{"query": "{ hello }", "operationName": 1}',
        b'{"query": "{ hello }", "extensions": "none"}',
        b'{"query": "{ hello }", "variables": {"a": NaN}}',
        b'{"query": "{ hello }", "variables": {"a": Infinity}}',
        b'{"query": "\xff"}',
        b'{"query": "\\ud800"}',
        '{"query": "{ hello }"}'.encode("utf-16"),
        b"[" * 100_000,
        b'{"query": "{ hello }", "variables": {"a": ' + b"[" * 60 + b"]" * 60 + b"}}",
        b'{"query": "{ hello }", "variables": {"a": ' + b'{"a":' * 500 + b"1" + b"}" * 500 + b"}}",
    ],
)
async def test_a_malformed_body_is_a_bad_request(body: bytes, accept: str) -> None:
    reply = await send(Toy().endpoint(), body=body, accept=accept)

    assert (reply.status, code_of(reply)) == (400, "BAD_REQUEST")
    assert reply.headers["content-type"].startswith(accept)
    assert "data" not in reply.json


async def test_a_list_of_requests_is_refused_by_name() -> None:
    reply = await send(Toy().endpoint(), body=b'[{"query": "{ hello }"}]')

    assert (
        reply.json["errors"][0]["message"]
        == "One request carries one operation: the body must be an object, not a list."
    )


async def test_null_unknown_and_repeated_parameters_are_no_fault() -> None:
    nulls = b'"variables": null, "operationName": null, "extensions": null'
    body = b'{"query": "{ nothing }", "query": "{ hello }", "unknown": 1, ' + nulls + b"}"

    assert (await send(Toy().endpoint(), body=body)).json["data"] == {"hello": "world"}


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "HEAD", "OPTIONS"])
async def test_other_methods_are_told_which_are_allowed(method: str) -> None:
    reply = await send(Toy().endpoint(), method=method)

    assert (reply.status, reply.headers["allow"], code_of(reply)) == (405, "GET, POST", "METHOD_NOT_ALLOWED")


class TestGet:
    async def get(self, query_string: str, toy: Toy | None = None, accept: str | None = JSON) -> Reply:
        toy = toy or Toy()
        return await send(toy.endpoint(), method="GET", query_string=query_string, accept=accept, content_type=None)

    async def test_a_query_may_stand_in_the_address(self) -> None:
        variables = quote(json.dumps({"text": "å + b"}))
        document = quote("query A($text: String!) { echo(text: $text) } query B { hello }")

        reply = await self.get(f"query={document}&variables={variables}&operationName=A&extensions=")

        assert reply.json["data"] == {"echo": "å + b good 0"}

    async def test_a_mutation_is_refused_and_not_carried_out(self) -> None:
        toy = Toy()
        reply = await self.get("query=" + quote('mutation { rename(input: {name: "x"}) }'), toy)

        assert (reply.status, reply.headers["allow"], code_of(reply)) == (405, "POST", "METHOD_NOT_ALLOWED")
        assert toy.contexts == []

    @pytest.mark.parametrize(
        "query_string",
        ["", "query=", "variables={}", "query=%7Bhello%7D&variables=%7B", "query=%7Bhello%7D&variables=[]",
         "query=%ff", "query=%7Bhello%7D&variables=NaN", "&".join(["a=1"] * 100)],
    )  # fmt: skip
    @pytest.mark.parametrize("accept", [JSON, "text/html,application/xhtml+xml,*/*;q=0.8"])
    async def test_what_makes_no_request_is_a_bad_request(self, query_string: str, accept: str) -> None:
        reply = await self.get(query_string, Toy(development=False, page=b"<page>"), accept)

        assert (reply.status, code_of(reply)) == (400, "BAD_REQUEST")

    async def test_a_browser_gets_the_page_in_development(self) -> None:
        browser = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"
        reply = await self.get("", Toy(page=b"<page>"), browser)

        assert (reply.status, reply.body) == (200, b"<page>")
        assert reply.headers["content-type"] == "text/html; charset=utf-8"

    @pytest.mark.parametrize("accept", [None, "*/*", JSON, GRAPHQL_RESPONSE, f"{JSON}, text/html;q=0.9"])
    async def test_whoever_does_not_prefer_html_gets_json(self, accept: str | None) -> None:
        reply = await self.get("query=%7Bhello%7D", Toy(page=b"<page>"), accept)

        assert reply.json["data"] == {"hello": "world"}


class TestSize:
    async def test_a_body_that_announces_too_much_is_not_read(self) -> None:
        reads = 0

        async def receive() -> Message:
            nonlocal reads
            reads += 1
            return {"type": "http.request", "body": b" ", "more_body": True}

        reply = await send(Toy().endpoint(), receive=receive, headers={"content-length": "1000001"})

        assert (reply.status, code_of(reply), reads) == (413, "PAYLOAD_TOO_LARGE", 0)
        assert reply.headers["connection"] == "close"

    async def test_an_endless_body_is_read_no_further_than_the_limit(self) -> None:
        read = 0

        async def receive() -> Message:
            nonlocal read
            read += 1000
            return {"type": "http.request", "body": b" " * 1000, "more_body": True}

        reply = await send(Toy().endpoint(), receive=receive)

        assert (reply.status, code_of(reply)) == (413, "PAYLOAD_TOO_LARGE")
        assert read == 1_001_000

    async def test_a_body_may_come_in_pieces_and_be_of_just_the_limit(self) -> None:
        body = b'{"query": "{ hello }"}'.ljust(1_000_000)
        pieces = [body[at : at + 65_536] for at in range(0, len(body), 65_536)]

        async def receive() -> Message:
            piece = pieces.pop(0)
            return {"type": "http.request", "body": piece, "more_body": bool(pieces)}

        reply = await send(Toy().endpoint(), receive=receive, headers={"content-length": "1000000"})

        assert reply.json["data"] == {"hello": "world"}


class TestDisconnect:
    async def test_a_client_that_leaves_while_it_sends_is_no_fault(self) -> None:
        toy = Toy()

        async def receive() -> Message:
            return {"type": "http.disconnect"}

        reply = await send(toy.endpoint(), receive=receive)

        assert (reply.status, toy.faults, toy.contexts) == (0, [], [])

    async def test_a_client_that_leaves_before_the_answer_is_no_fault(self) -> None:
        toy = Toy()

        async def gone(_: Message) -> None:
            raise OSError("the connection is lost")

        await send(toy.endpoint(), body=b'{"query": "{ hello }"}', send_=gone)

        assert toy.faults == []

    async def test_cancellation_is_passed_on_and_is_no_fault(self) -> None:
        toy = Toy()
        task = asyncio.ensure_future(ask(toy, "{ slow hello }"))
        await asyncio.sleep(0)
        await toy.contexts[0].slow.wait()
        task.cancel()

        with pytest.raises(asyncio.CancelledError):
            await task
        assert toy.faults == []


async def test_requests_do_not_wait_for_one_another() -> None:
    toy = Toy()
    endpoint = toy.endpoint()
    slow = asyncio.ensure_future(send(endpoint, body=b'{"query": "{ slow }"}'))
    await asyncio.sleep(0)

    assert (await send(endpoint, body=b'{"query": "{ hello }"}')).json["data"] == {"hello": "world"}
    slow.cancel()


async def test_the_context_sees_the_request() -> None:
    toy = Toy()
    await ask(toy, "{ hello }", headers={"authorization": "Bearer x"})

    scope: Scope = dict(toy.contexts[0].request.scope)
    assert toy.contexts[0].request.headers["authorization"] == "Bearer x"
    assert scope["path"] == "/graphql"
