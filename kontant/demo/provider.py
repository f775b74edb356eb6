"""The demo's identity provider: OpenID Connect for a developer's machine, where one chooses who one is from a list.

It asks for no password, and is started by `kontant run` in development only. What a client can do wrong it refuses as
a real one does: address, secret, PKCE, a code used twice.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from html import escape
from typing import Any, Final
from urllib.parse import parse_qsl, unquote_plus, urlencode

from joserfc import jwt
from joserfc.jwk import ECKey
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from kontant.demo.identities import DemoIdentity
from kontant.settings.identity_providers import DEMO_CLIENT_ID, DEMO_CLIENT_SECRET

MOST_CODES: Final = 1000
CODE_SECONDS: Final = 60
TOKEN_SECONDS: Final = 300
LARGEST_BODY_BYTES: Final = 16 * 1024

WhoIsThere = Callable[[str, str], Awaitable[Sequence[DemoIdentity]]]
"""Whom an operator's provider of a kind knows. Raises `LookupError` when there is none."""


@dataclass(frozen=True, slots=True)
class _Given:
    """A code that is waiting to be redeemed."""

    issuer: str
    redirect_uri: str
    code_challenge: str = field(repr=False)
    claims: Mapping[str, Any] = field(repr=False)
    until: float


class DemoProvider:
    """All providers of the demo: one for each operator and kind, under `/<operator>/<kind>`."""

    def __init__(self, base: str, *, who_is_there: WhoIsThere, redirect_uris: Mapping[str, str]) -> None:
        """`redirect_uris`: where people may be sent back to, by the operator's short name."""
        self._base, self._who_is_there, self._redirect_uris = base, who_is_there, redirect_uris
        self._key = ECKey.generate_key("P-256", {"use": "sig", "alg": "ES256"}, auto_kid=True)
        self._codes: dict[str, _Given] = {}

    def app(self) -> Starlette:
        """Its routes."""
        at = "/{operator}/{kind}"
        return Starlette(
            routes=[
                Route(f"{at}/.well-known/openid-configuration", self._metadata),
                Route(f"{at}/authorize", self._authorize),
                Route(f"{at}/token", self._token, methods=["POST"]),
                Route(f"{at}/jwks", self._jwks),
            ]
        )

    async def _metadata(self, request: Request) -> Response:
        issuer = self._issuer(request)
        return JSONResponse(
            {
                "issuer": issuer,
                "authorization_endpoint": f"{issuer}/authorize",
                "token_endpoint": f"{issuer}/token",
                "jwks_uri": f"{issuer}/jwks",
                "response_types_supported": ["code"],
                "subject_types_supported": ["public"],
                "id_token_signing_alg_values_supported": ["ES256"],
                "code_challenge_methods_supported": ["S256"],
                "token_endpoint_auth_methods_supported": ["client_secret_basic"],
                "authorization_response_iss_parameter_supported": True,
            }
        )

    async def _jwks(self, request: Request) -> Response:
        return JSONResponse({"keys": [self._key.as_dict(private=False)]})

    async def _authorize(self, request: Request) -> Response:
        """A list to choose from. `as` is the choice, so that a script can make it too."""
        asked, operator = dict(request.query_params), request.path_params["operator"]
        redirect_uri = asked.get("redirect_uri", "")
        is_known = asked.get("client_id") == DEMO_CLIENT_ID and redirect_uri == self._redirect_uris.get(operator)
        if not is_known or asked.get("code_challenge_method") != "S256" or "code_challenge" not in asked:
            return HTMLResponse("This is not a request that the demo's provider can answer.", 400)
        try:
            there = await self._who_is_there(operator, request.path_params["kind"])
        except LookupError:
            return HTMLResponse("There is no such provider.", 404)
        chosen = asked.pop("as", None)
        if chosen is None:
            return HTMLResponse(_list(there, str(request.url.path), asked))
        found = next((each for each in there if each.subject == chosen), None)
        answer = self._code(request, asked, found) if found else {"error": "access_denied"}
        if "state" in asked:
            answer["state"] = asked["state"]
        return RedirectResponse(f"{redirect_uri}?{urlencode(answer | {'iss': self._issuer(request)})}", 303)

    async def _token(self, request: Request) -> Response:
        form = dict(parse_qsl((await _body(request)).decode()))
        if not _is_the_client(request.headers.get("authorization", "")):
            return JSONResponse({"error": "invalid_client"}, 401)
        given = self._codes.pop(form.get("code", ""), None)
        if given is None or given.until < time.time() or not self._fits(request, form, given):
            return JSONResponse({"error": "invalid_grant"}, 400)
        now = int(time.time())
        claims = {**given.claims, "iss": given.issuer, "aud": DEMO_CLIENT_ID, "iat": now, "exp": now + TOKEN_SECONDS}
        id_token = jwt.encode({"alg": "ES256", "kid": self._key.kid}, claims, self._key)
        body = {"access_token": secrets.token_urlsafe(), "token_type": "Bearer", "id_token": id_token}
        return JSONResponse(body, headers={"Cache-Control": "no-store"})

    def _fits(self, request: Request, form: Mapping[str, str], given: _Given) -> bool:
        digest = hashlib.sha256(form.get("code_verifier", "").encode()).digest()
        challenge = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
        return (self._issuer(request), form.get("redirect_uri"), challenge, form.get("grant_type")) == (
            given.issuer, given.redirect_uri, given.code_challenge, "authorization_code",
        )  # fmt: skip

    def _code(self, request: Request, asked: Mapping[str, str], who: DemoIdentity) -> dict[str, str]:
        code, now = secrets.token_urlsafe(32), time.time()
        claims: dict[str, Any] = {**who.claims, "sub": who.subject, "auth_time": int(now)}
        if "nonce" in asked:
            claims["nonce"] = asked["nonce"]
        while len(self._codes) >= MOST_CODES:
            self._codes.pop(next(iter(self._codes)))
        self._codes[code] = _Given(
            self._issuer(request), asked["redirect_uri"], asked["code_challenge"], claims, now + CODE_SECONDS
        )
        return {"code": code}

    def _issuer(self, request: Request) -> str:
        return f"{self._base}/{request.path_params['operator']}/{request.path_params['kind']}"


async def _body(request: Request) -> bytes:
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > LARGEST_BODY_BYTES:
            return b""
    return bytes(body)


def _is_the_client(header: str) -> bool:
    try:
        id, _, secret = base64.b64decode(header.removeprefix("Basic "), validate=True).decode().partition(":")
    except ValueError:
        return False
    fits = hmac.compare_digest(unquote_plus(secret).encode(), DEMO_CLIENT_SECRET.encode())
    return unquote_plus(id) == DEMO_CLIENT_ID and fits


def _list(there: Sequence[DemoIdentity], path: str, asked: Mapping[str, str]) -> str:
    def line(subject: str, label: str) -> str:
        return f'<li><a href="{escape(path)}?{escape(urlencode({**asked, "as": subject}))}">{escape(label)}</a></li>'

    lines = [line(each.subject, each.label) for each in there] + [line("nobody", "Cancel")]
    return (
        '<!doctype html><html lang="en"><meta charset="utf-8"><title>Demo identities</title>'
        f"<h1>Who are you?</h1><ul>{''.join(lines)}</ul></html>"
    )
