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
from uuid import UUID

from authlib.oauth2 import rfc6749
from authlib.oauth2.rfc6749 import errors
from sqlalchemy.util import await_only, greenlet_spawn

from auth.authorization import challenge_of
from auth.clients import AUTHORIZATION_CODE, REFRESH_TOKEN, SIGN_IN_CODE, Client, Clients
from auth.devices import device_label
from auth.id_tokens import IdTokens
from auth.keys import KeyRing
from auth.refresh import NewRefreshToken, digest_of, new_refresh_token
from auth.tokens import LIFETIME, AccessTokens
from domain.identity.authorization import Authorized
from domain.identity.errors import AuthorizationRefused, RefreshRefused, SignInRefused
from domain.identity.processes import SignInProcess
from domain.identity.usecases.authorizing import RedeemAuthorizationCode
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
    """Authlib reads the secret of `client_secret_post` from here."""

    @property
    def form(self) -> dict[str, str]:
        return cast("Any", self.payload).data


class _UnknownGrantType(errors.UnsupportedGrantTypeError):
    """Authlib's own has no sentence, or one that repeats what was sent."""

    description = f"The grant types here are {AUTHORIZATION_CODE}, {SIGN_IN_CODE} and {REFRESH_TOKEN}."


class _Grant(rfc6749.BaseGrant, rfc6749.TokenEndpointMixin):
    """What the grants have in common: one kind of client, and one kind of answer.

    Authlib's own refresh grant is not used: it reads, writes and revokes in three steps, and logs the tokens.
    """

    TOKEN_ENDPOINT_AUTH_METHODS = ("none",)
    REFUSAL = ""

    request: Any
    server: TokenServer

    def validate_token_request(self) -> None:
        client = self.server.authenticate_client(self.request, self.TOKEN_ENDPOINT_AUTH_METHODS)
        if not client.check_grant_type(cast("str", self.GRANT_TYPE)):
            raise errors.UnauthorizedClientError("This client may not use this grant type.")
        self.request.client = client

    def create_token_response(self) -> Any:
        next_token = new_refresh_token()
        try:
            granted = await_only(self.granted(next_token.digest))
        except (SignInRefused, AuthorizationRefused, RefreshRefused):
            raise errors.InvalidGrantError(self.REFUSAL) from None
        return 200, self.server.tokens_of(granted, next_token), self.TOKEN_RESPONSE_HEADER

    async def granted(self, next_token_digest: bytes) -> Authorized:
        """The session that the grant is good for.

        Raises `SignInRefused`, `AuthorizationRefused` and `RefreshRefused`.
        """
        raise NotImplementedError

    @property
    def client_id(self) -> str:
        """Who asks, once that is certain."""
        return self.request.client.id

    @property
    def device(self) -> str | None:
        """What is asked with."""
        return device_label(self.request.headers.get("User-Agent"))

    def parameter(self, name: str) -> str:
        """What the request must bring."""
        value: str | None = self.request.payload.data.get(name)
        if not value:
            raise errors.InvalidRequestError(f"The parameter {name} is missing.")
        return value


class SignInCodeGrant(_Grant):
    """A code that was sent to a phone. Why it is refused is never said: it would help whoever guesses."""

    GRANT_TYPE = SIGN_IN_CODE
    REFUSAL = "The code is wrong, used or expired, or was tried too often. Ask for a new one."

    def validate_token_request(self) -> None:
        super().validate_token_request()
        self.challenge_id, self.code = self.parameter("challenge_id"), self.parameter("code")

    async def granted(self, next_token_digest: bytes) -> Authorized:
        try:
            challenge_id = UUID(self.challenge_id)
        except ValueError:
            raise SignInRefused from None
        session = await self.server.sign_in.redeem(
            challenge_id, self.code, client_id=self.client_id, token_digest=next_token_digest, device=self.device
        )
        return Authorized(session=session)


class AuthorizationCodeGrant(_Grant):
    """A code that the app was handed through the browser. PKCE proves that it is the app that had asked."""

    GRANT_TYPE = AUTHORIZATION_CODE
    REFUSAL = "The code is unknown, used or expired, or not for this client, redirect_uri and code_verifier."

    def validate_token_request(self) -> None:
        super().validate_token_request()
        self.code, self.redirect_uri = self.parameter("code"), self.parameter("redirect_uri")
        challenge = challenge_of(self.parameter("code_verifier"))
        if challenge is None:
            raise errors.InvalidRequestError("The code_verifier has 43 to 128 characters: letters, digits and -._~")
        self.code_challenge = challenge

    async def granted(self, next_token_digest: bytes) -> Authorized:
        command = RedeemAuthorizationCode(
            client_id=self.client_id,
            redirect_uri=self.redirect_uri,
            code_challenge=self.code_challenge,
            code_digest=digest_of(self.code),
            token_digest=next_token_digest,
            device=self.device,
        )
        return await self.server.sign_in.redeem_authorization(command)


class RefreshTokenGrant(_Grant):
    """The token of the last answer, for a new pair."""

    GRANT_TYPE = REFRESH_TOKEN
    REFUSAL = "The refresh token is not, or no longer, good. Sign in again."

    def validate_token_request(self) -> None:
        super().validate_token_request()
        self.token = self.parameter("refresh_token")

    async def granted(self, next_token_digest: bytes) -> Authorized:
        session = await self.server.sign_in.refresh(
            digest_of(self.token), client_id=self.client_id, next_token_digest=next_token_digest
        )
        return Authorized(session=session)


class TokenServer(rfc6749.AuthorizationServer):
    """One operator's token endpoint, as RFC 6749 has it, without a web framework."""

    def __init__(
        self, sign_in: SignInProcess, clients: Clients, *, keys: KeyRing, operator: Operator, clock: Clock
    ) -> None:
        super().__init__()
        self.sign_in = sign_in
        self._clients, self._keys, self._clock = clients, keys, clock
        self._tokens, self._id_tokens = AccessTokens(operator, keys), IdTokens(operator, keys)
        cast("Any", self).register_client_auth_method("client_secret_basic", _authenticate_basic)
        self.register_grant(SignInCodeGrant)
        self.register_grant(AuthorizationCodeGrant)
        self.register_grant(RefreshTokenGrant)

    async def answer(self, form: Mapping[str, str], headers: Mapping[str, str] = NO_HEADERS) -> Answer:
        """Answers a request to the token endpoint; never raises for what a client can do wrong."""
        try:
            await self._keys.load()
            return await greenlet_spawn(self._answer, dict(form), headers)
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

    def _answer(self, form: dict[str, str], headers: Mapping[str, str]) -> Answer:
        core = cast("Any", self)  # what `handle_response` makes is what these return, which its types do not know
        request = self.create_oauth2_request((form, headers))
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
