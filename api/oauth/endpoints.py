"""What programs ask: tokens, keys, metadata, and what has become of a token."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from typing import Final

import orjson
from starlette.requests import Request
from starlette.responses import Response

from api.oauth.forms import NoForm, form_of, response_of
from api.oauth.parts import PartsOf
from api.rates import address_of, quota_of
from auth.identity import Identity
from auth.keys import KEY_SET_GOOD_FOR
from auth.server import Answer, later, refusal
from domain.kernel.access import ActorKind
from domain.kernel.errors import RateLimited, Unauthenticated, Unavailable

LONGEST_COUNTED_CLIENT_ID: Final = 100
KEY_SET_GOOD_FOR_SECONDS: Final = int(KEY_SET_GOOD_FOR.total_seconds())

Ask = Callable[[Mapping[str, str], Mapping[str, str]], Awaitable[Answer]]
"""Answers a form and the headers that came with it."""


def rate_limited(limited: RateLimited) -> Response:
    """What a client is told that asks too often. OAuth has no error of its own for that."""
    retry = {"Retry-After": str(limited.retry_after_seconds)}
    return response_of(refusal("temporarily_unavailable", "Too many requests. Try again later.", 429, retry))


class Endpoints:
    """The handlers of the routes."""

    def __init__(self, parts_of: PartsOf) -> None:
        self._parts_of = parts_of

    async def token(self, request: Request) -> Response:
        identity = self._parts_of(request).identity
        answer = partial(identity.token_server.answer, address=address_of(request.scope))
        return await _asked(request, answer, identity)

    async def revoke(self, request: Request) -> Response:
        identity = self._parts_of(request).identity
        return await _asked(request, identity.token_status.revoke, identity)

    async def introspect(self, request: Request) -> Response:
        identity = self._parts_of(request).identity
        return await _asked(request, identity.token_status.introspect, identity)

    async def metadata(self, request: Request) -> Response:
        caching = {"Cache-Control": f"public, max-age={KEY_SET_GOOD_FOR_SECONDS}"}
        metadata = self._parts_of(request).identity.metadata
        return Response(orjson.dumps(metadata), media_type="application/json", headers=caching)

    async def jwks(self, request: Request) -> Response:
        try:
            keys = await self._parts_of(request).identity.key_set()
        except Unavailable as fault:
            return response_of(later(fault))
        caching = {"Cache-Control": f"public, max-age={KEY_SET_GOOD_FOR_SECONDS}"}
        return Response(orjson.dumps(keys), media_type="application/jwk-set+json", headers=caching)

    async def userinfo(self, request: Request) -> Response:
        """Who is signed in, as OpenID Connect wants it: the id, and nothing that GraphQL would not say better."""
        header = request.headers.get("authorization")
        if header is None:
            return Response(status_code=401, headers={"WWW-Authenticate": "Bearer"})
        try:
            actor = await self._parts_of(request).identity.authenticator.actor(header)
        except Unauthenticated:
            return Response(status_code=401, headers={"WWW-Authenticate": 'Bearer error="invalid_token"'})
        except Unavailable as fault:
            return response_of(later(fault))
        if actor.is_impersonating:  # what staff ask for on a customer's behalf goes through GraphQL, on record
            return Response(status_code=401, headers={"WWW-Authenticate": 'Bearer error="invalid_token"'})
        no_store = {"Cache-Control": "no-store"}
        said = {"sub": actor.id if actor.kind is ActorKind.STAFF else str(actor.subject)}
        return Response(orjson.dumps(said), media_type="application/json", headers=no_store)


async def _asked(request: Request, ask: Ask, identity: Identity) -> Response:
    if request.method != "POST":
        return response_of(refusal("invalid_request", "This is asked for with POST.", 405, {"Allow": "POST"}))
    try:
        form = await form_of(request)
        client_id = form.get("client_id", "")[:LONGEST_COUNTED_CLIENT_ID]
        quota_of(request).take("client", (identity, client_id))
    except NoForm as refused:
        return response_of(refused.answer)
    except RateLimited as limited:
        return rate_limited(limited)
    return response_of(await ask(form, request.headers))
