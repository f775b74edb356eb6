"""How requests become parameters, and answers of the authorization server become responses."""

from __future__ import annotations

from typing import Final
from urllib.parse import parse_qsl

import orjson
from starlette.requests import Request
from starlette.responses import Response

from auth.server import Answer, refusal

FORM: Final = "application/x-www-form-urlencoded"
LARGEST_BODY_BYTES: Final = 16 * 1024
LARGEST_QUERY_BYTES: Final = 8 * 1024
MOST_PARAMETERS: Final = 32

Pairs = list[tuple[str, str]]


class NoForm(Exception):
    """The request is not even a form; `answer` says what is wrong with it."""

    def __init__(self, description: str, status: int = 400) -> None:
        super().__init__(description)
        self.answer = refusal("invalid_request", description, status)


async def form_of(request: Request) -> dict[str, str]:
    """The parameters of a body. One that is empty counts as left out, and none may come twice (RFC 6749, section 3.2).

    Raises `NoForm`.
    """
    pairs = await form_pairs(request)
    names = [name for name, _ in pairs]
    if len(set(names)) < len(names):
        raise NoForm("A parameter comes more than once.")
    return {name: value for name, value in pairs if value}


async def form_pairs(request: Request) -> Pairs:
    """The parameters of a body, in their order. Raises `NoForm`."""
    kind, _, _ = request.headers.get("content-type", "").partition(";")
    if kind.strip().lower() != FORM:
        raise NoForm(f"The content type must be {FORM}.")
    return _pairs(await _body(request))


def query_pairs(request: Request) -> Pairs:
    """The parameters of the address, in their order. Raises `NoForm`."""
    query: bytes = request.scope["query_string"]
    if len(query) > LARGEST_QUERY_BYTES:
        raise NoForm(f"The query is larger than {LARGEST_QUERY_BYTES} bytes.")
    return _pairs(query)


def response_of(answer: Answer) -> Response:
    """An answer in JSON."""
    return Response(orjson.dumps(answer.body), status_code=answer.status, headers=dict(answer.headers))


def _pairs(text: bytes) -> Pairs:
    try:
        return parse_qsl(text.decode("ascii"), keep_blank_values=True, errors="strict", max_num_fields=MOST_PARAMETERS)
    except ValueError:
        raise NoForm("The body is not a form of a few parameters in UTF-8.") from None


async def _body(request: Request) -> bytes:
    """Read no further than is allowed, whatever the headers say about its length."""
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > LARGEST_BODY_BYTES:
            raise NoForm(f"The body is larger than {LARGEST_BODY_BYTES} bytes.", 413)
    return bytes(body)
