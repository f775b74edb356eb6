"""Asks an endpoint as an ASGI server would, so that a test can send what no HTTP client would send."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import orjson
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from tests.api.graphql.toy import Toy

JSON: Final = "application/json"
GRAPHQL_RESPONSE: Final = "application/graphql-response+json"


@dataclass
class Reply:
    """What came back. The status is 0 when nothing did."""

    status: int = 0
    headers: dict[str, str] = field(default_factory=dict[str, str])
    body: bytes = b""

    @property
    def json(self) -> dict[str, Any]:
        return orjson.loads(self.body)


async def ask(
    toy: Toy,
    document: str,
    variables: Mapping[str, Any] | None = None,
    *,
    operation_name: str | None = None,
    accept: str | None = GRAPHQL_RESPONSE,
    headers: Mapping[str, str] | None = None,
) -> Reply:
    """Sends a document by POST."""
    body = orjson.dumps({"query": document, "variables": variables, "operationName": operation_name})
    return await send(toy.endpoint(), body=body, accept=accept, headers=headers)


async def send(
    app: ASGIApp,
    *,
    method: str = "POST",
    body: bytes = b"",
    query_string: str = "",
    content_type: str | None = JSON,
    accept: str | None = None,
    headers: Mapping[str, str] | None = None,
    receive: Receive | None = None,
    send_: Send | None = None,
) -> Reply:
    """Sends one request with exactly these headers."""
    all_headers = {"content-type": content_type, "accept": accept, **(headers or {})}
    scope: Scope = {
        "type": "http",
        "method": method,
        "scheme": "http",
        "path": "/graphql",
        "query_string": query_string.encode("ascii"),
        "headers": [(name.encode(), value.encode()) for name, value in all_headers.items() if value is not None],
        "server": ("testserver", 80),
    }
    reply = Reply()
    await app(scope, receive or _body(body), send_ or _into(reply))
    return reply


def code_of(reply: Reply) -> str:
    """The code of the only error."""
    (error,) = reply.json["errors"]
    return error["extensions"]["code"]


def _body(body: bytes) -> Receive:
    async def receive() -> Message:
        return {"type": "http.request", "body": body, "more_body": False}

    return receive


def _into(reply: Reply) -> Callable[[Message], Awaitable[None]]:
    async def send(message: Message) -> None:
        if message["type"] == "http.response.start":
            reply.status = message["status"]
            reply.headers = {name.decode(): value.decode() for name, value in message["headers"]}
        else:
            reply.body += message["body"]

    return send
