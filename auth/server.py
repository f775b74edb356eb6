"""The token endpoint: Authlib's core with the grants that there are.

Authlib's hooks are synchronous. They run in a greenlet, out of which `await_only` reaches the event loop.
"""

from __future__ import annotations

import base64
import secrets
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, cast
from urllib.parse import unquote_plus

from authlib.oauth2 import rfc6749
from authlib.oauth2.rfc6749 import errors
from sqlalchemy.util import greenlet_spawn

from auth.clients import GRANT_TYPES, Client, Clients
from auth.delegations import Delegations
from auth.grants import AuthorizationCodeGrant, RefreshTokenGrant, SignInCodeGrant, TokenExchangeGrant
from auth.id_tokens import IdTokens
from auth.keys import KeyRing
from auth.refresh import NewRefreshToken
from auth.tokens import LIFETIME, AccessTokens
from domain.identity.authorization import Authorized
from domain.identity.processes import SignInProcess
from domain.kernel.errors import Busy, Unavailable
from domain.kernel.time import Clock
from domain.operators.operator import Operator

# Authlib refuses addresses without TLS. Here a proxy ends it, and the settings say what the public address is.
_ADDRESS: Final = "https://localhost/oauth/token"
_HEADERS_READ: Final = ("Authorization", "User-Agent")
NO_HEADERS: Final[Mapping[str, str]] = {}
_METHODS: Final = {"introspection": ("client_secret_basic", "client_secret_post"), "revocation": ("none",)}


@dataclass(frozen=True, slots=True)
class Answer:
    """What the token endpoint answers: HTTP status, JSON body, headers."""

    status: int
    body: Mapping[str, Any] = field(repr=False)
    headers: Mapping[str, str]


class _Request(rfc6749.OAuth2Request):
    """Authlib reads the secret of `client_secret_post` from here. `address` is the sender's."""

    address: str = ""

    @property
    def form(self) -> dict[str, str]:
        return cast("Any", self.payload).data


class _UnknownGrantType(errors.UnsupportedGrantTypeError):
    """Authlib's own has no sentence, or one that repeats what was sent."""

    description = f"The grant types here are {', '.join(GRANT_TYPES)}."


class TokenServer(rfc6749.AuthorizationServer):
    """One operator's token endpoint, as RFC 6749 has it, without a web framework."""

    def __init__(
        self,
        sign_in: SignInProcess,
        delegations: Delegations,
        clients: Clients,
        *,
        keys: KeyRing,
        operator: Operator,
        clock: Clock,
    ) -> None:
        super().__init__()
        self.sign_in, self.delegations = sign_in, delegations
        self._clients, self._keys, self._clock = clients, keys, clock
        self._tokens, self._id_tokens = AccessTokens(operator, keys), IdTokens(operator, keys)
        cast("Any", self).register_client_auth_method("client_secret_basic", _authenticate_basic)
        self.register_grant(SignInCodeGrant)
        self.register_grant(AuthorizationCodeGrant)
        self.register_grant(RefreshTokenGrant)
        self.register_grant(TokenExchangeGrant)

    @property
    def audience(self) -> str:
        """Whom its access tokens are for."""
        return self._tokens.audience

    async def answer(
        self, form: Mapping[str, str], headers: Mapping[str, str] = NO_HEADERS, *, address: str = ""
    ) -> Answer:
        """Answers a request to the token endpoint; never raises for what a client can do wrong.

        `address` is the IP address that it came from.
        """
        try:
            await self._keys.load()
            return await greenlet_spawn(self._answer, dict(form), headers, address)
        except (Unavailable, Busy) as fault:
            return later(fault)

    def client_of(self, form: Mapping[str, str], headers: Mapping[str, str], *, endpoint: str) -> Client | Answer:
        """Who asks at another endpoint than the one for tokens; or what they are answered who cannot say it."""
        request = self.create_oauth2_request((dict(form), headers))
        try:
            return self.authenticate_client(request, _METHODS[endpoint], endpoint)
        except errors.OAuth2Error as error:
            return cast("Any", self).handle_error_response(request, error)

    def tokens_of(self, granted: Authorized, refresh_token: NewRefreshToken) -> dict[str, Any]:
        """The body of a good answer (RFC 6749, section 5.1; OpenID Connect Core, 3.1.3.3 and 12.2)."""
        session, now = granted.session, self._clock.now()
        body: dict[str, Any] = {
            "access_token": self._tokens.issue(session, id=secrets.token_urlsafe(16), now=now),
            "token_type": "Bearer",
            "expires_in": int(LIFETIME.total_seconds()),
            "refresh_token": refresh_token.text,
        }
        if session.scope:
            body["scope"] = session.scope
        if "openid" in session.scope.split():
            body["id_token"] = self._id_tokens.issue(session, nonce=granted.nonce, now=now)
        return body

    def _answer(self, form: dict[str, str], headers: Mapping[str, str], address: str) -> Answer:
        core = cast("Any", self)  # what `handle_response` makes is what these return, which its types do not know
        request = self.create_oauth2_request((form, headers))
        cast("_Request", request).address = address
        if "grant_type" not in form:
            missing = errors.InvalidRequestError("The parameter grant_type is missing.")
            return core.handle_error_response(request, missing)
        return core.create_token_response(request)

    def query_client(self, client_id: str) -> Any:
        return self._clients.find(client_id)

    def authenticate_client(self, request: Any, methods: Collection[str], endpoint: str = "token") -> Any:
        try:
            return super().authenticate_client(request, methods, endpoint)
        except errors.InvalidClientError:
            description = "There is no such client, or it authenticates in another way at this endpoint."
            tried_basic = request.headers.get("Authorization", "").lower().startswith("basic")
            status = 401 if tried_basic or endpoint == "introspection" else 400
            raise errors.InvalidClientError(description, status_code=status) from None

    def get_token_grant(self, request: Any) -> Any:
        try:
            return super().get_token_grant(request)
        except errors.UnsupportedGrantTypeError:
            raise _UnknownGrantType(None) from None

    def create_oauth2_request(self, request: Any) -> rfc6749.OAuth2Request:
        if isinstance(request, rfc6749.OAuth2Request):
            return request
        form, headers = cast("tuple[dict[str, str], Mapping[str, str]]", request)
        made = _Request("POST", _ADDRESS, headers={name: headers.get(name, "") for name in _HEADERS_READ})
        made.payload = rfc6749.requests.BasicOAuth2Payload(form)
        return made

    def handle_response(self, status: int, body: Any, headers: Any) -> Any:
        return Answer(status, body, dict(headers))

    def send_signal(self, name: str, *args: Any, **kwargs: Any) -> None:
        """Nobody listens."""


def _authenticate_basic(query_client: Callable[[str], Client | None], request: Any) -> Client | None:
    """By a header that may hold anything, at which Authlib's own would fail with what is no UTF-8.

    Id and secret are form-encoded in it (RFC 6749, section 2.3.1), which Authlib's own does not undo whole, and which
    many do not do at all.
    """
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    try:
        id, _, secret = base64.b64decode(token, validate=True).decode().partition(":")
    except ValueError:
        return None
    client = query_client(unquote_plus(id)) if scheme.lower() == "basic" else None
    if client is None:
        return None
    is_known = client.check_client_secret(unquote_plus(secret)) or client.check_client_secret(secret)
    return client if is_known else None


def refusal(error: str, description: str, status: int = 400, headers: Mapping[str, str] | None = None) -> Answer:
    """An error by RFC 6749, section 5.2, that is known before there is an OAuth request."""
    always = {"Content-Type": "application/json", "Cache-Control": "no-store", "Pragma": "no-cache"}
    return Answer(status, {"error": error, "error_description": description}, always | dict(headers or {}))


def later(fault: Unavailable | Busy) -> Answer:
    """What is answered while the database does not."""
    description = "The service does not answer at this moment. Try again shortly."
    return refusal("temporarily_unavailable", description, 503, {"Retry-After": str(fault.retry_after_seconds)})
