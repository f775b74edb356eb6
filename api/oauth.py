"""The OAuth routes: how requests become parameters. What is granted, and to whom, is the authorization server's."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final
from urllib.parse import parse_qsl

import orjson
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from api.rates import quota_of
from auth.identity import Identity
from auth.server import Answer, refusal
from domain.kernel.errors import RateLimited, Unavailable

FORM: Final = "application/x-www-form-urlencoded"
LARGEST_BODY_BYTES: Final = 16 * 1024
MOST_PARAMETERS: Final = 32
LONGEST_COUNTED_CLIENT_ID: Final = 100
KEY_SET_GOOD_FOR_SECONDS: Final = 300

IdentityOf = Callable[[Request], Identity]
"""Which operator's a request is. Raises for a host that is nobody's."""


class _Refused(Exception):
    """The request is not even a form; `answer` says what is wrong with it."""

    def __init__(self, description: str, status: int = 400) -> None:
        super().__init__(description)
        self.answer = refusal("invalid_request", description, status)


def routes(identity_of: IdentityOf) -> Sequence[Route]:
    """`/oauth/token` and `/oauth/jwks`. Errors are JSON by RFC 6749, section 5.2."""

    async def token(request: Request) -> Response:
        identity = identity_of(request)
        if request.method != "POST":
            refused = refusal("invalid_request", "Tokens are asked for with POST.", 405, {"Allow": "POST"})
            return _response(refused)
        try:
            form = await _form(request)
            client_id = form.get("client_id", "")[:LONGEST_COUNTED_CLIENT_ID]
            quota_of(request).take("client", (identity, client_id))
        except _Refused as refused:
            return _response(refused.answer)
        except RateLimited as limited:
            return rate_limited(limited)
        return _response(await identity.token_server.answer(form, authorization=request.headers.get("authorization")))

    async def jwks(request: Request) -> Response:
        identity = identity_of(request)
        try:
            keys = await identity.key_set()
        except Unavailable as fault:
            description = "The keys cannot be read at this moment. Try again shortly."
            later = {"Retry-After": str(fault.retry_after_seconds)}
            return _response(refusal("temporarily_unavailable", description, 503, later))
        caching = {"Cache-Control": f"public, max-age={KEY_SET_GOOD_FOR_SECONDS}"}
        return Response(orjson.dumps(keys), media_type="application/jwk-set+json", headers=caching)

    # Every method, so that a wrong one is answered in the words of OAuth too.
    every_method = ["POST", "GET", "HEAD", "PUT", "PATCH", "DELETE", "OPTIONS"]
    return [Route("/oauth/token", token, methods=every_method), Route("/oauth/jwks", jwks, methods=["GET"])]


def rate_limited(limited: RateLimited) -> Response:
    """What a client is told that asks too often. OAuth has no error of its own for that."""
    later = {"Retry-After": str(limited.retry_after_seconds)}
    return _response(refusal("temporarily_unavailable", "Too many requests. Try again later.", 429, later))


async def _form(request: Request) -> dict[str, str]:
    """The parameters. One that is empty counts as left out, and none may come twice (RFC 6749, section 3.2)."""
    kind, _, _ = request.headers.get("content-type", "").partition(";")
    if kind.strip().lower() != FORM:
        raise _Refused(f"The content type must be {FORM}.")
    body = await _body(request)
    try:
        pairs = parse_qsl(body.decode("ascii"), keep_blank_values=True, errors="strict", max_num_fields=MOST_PARAMETERS)
    except ValueError:
        raise _Refused("The body is not a form of a few parameters in UTF-8.") from None
    names = [name for name, _ in pairs]
    if len(set(names)) < len(names):
        raise _Refused("A parameter comes more than once.")
    return {name: value for name, value in pairs if value}


async def _body(request: Request) -> bytes:
    """Read no further than is allowed, whatever the headers say about its length."""
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > LARGEST_BODY_BYTES:
            raise _Refused(f"The body is larger than {LARGEST_BODY_BYTES} bytes.", 413)
    return bytes(body)


def _response(answer: Answer) -> Response:
    return Response(orjson.dumps(answer.body), status_code=answer.status, headers=dict(answer.headers))
