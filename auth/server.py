"""The authorization server: Authlib's core with the two grants that there are.

Authlib's hooks are synchronous. They run in a greenlet, out of which `await_only` reaches the event loop.
"""

from __future__ import annotations

import secrets
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, cast
from uuid import UUID

from authlib.oauth2 import rfc6749
from authlib.oauth2.rfc6749 import errors
from sqlalchemy.util import await_only, greenlet_spawn

from auth.keys import KeyRing
from auth.refresh import NewRefreshToken, digest_of, new_refresh_token
from auth.tokens import LIFETIME, AccessTokens
from domain.identity.errors import RefreshRefused, SignInRefused
from domain.identity.processes import SignInProcess
from domain.identity.session import Session
from domain.kernel.errors import Busy, Unavailable
from domain.kernel.time import Clock

CLIENT_ID: Final = "kontant-app"
SIGN_IN_CODE: Final = "urn:kontant:grant-type:sign-in-code"
REFRESH_TOKEN: Final = "refresh_token"

# Authlib refuses addresses without TLS. Here a proxy ends it, and the settings say what the public address is.
_ADDRESS: Final = "https://localhost/oauth/token"


@dataclass(frozen=True, slots=True)
class Answer:
    """What the token endpoint answers: HTTP status, JSON body, headers."""

    status: int
    body: Mapping[str, Any] = field(repr=False)
    headers: Mapping[str, str]


class PublicClient(rfc6749.ClientMixin):
    """The operator's own app. It has no secret, since what is shipped to everybody cannot keep one."""

    def get_client_id(self) -> str:
        return CLIENT_ID

    def check_endpoint_auth_method(self, method: str, endpoint: str) -> bool:
        return method == "none" and endpoint == "token"

    def check_grant_type(self, grant_type: str) -> bool:
        return grant_type in (SIGN_IN_CODE, REFRESH_TOKEN)


class _UnknownGrantType(errors.UnsupportedGrantTypeError):
    """Authlib's own has no sentence, or one that repeats what was sent."""

    description = f"The grant types here are {SIGN_IN_CODE} and {REFRESH_TOKEN}."


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
            session = await_only(self.session(next_token.digest))
        except (SignInRefused, RefreshRefused):
            raise errors.InvalidGrantError(self.REFUSAL) from None
        return 200, self.server.tokens_of(session, next_token), self.TOKEN_RESPONSE_HEADER

    async def session(self, next_token_digest: bytes) -> Session:
        """The session that the grant is good for. Raises `SignInRefused` and `RefreshRefused`."""
        raise NotImplementedError

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

    async def session(self, next_token_digest: bytes) -> Session:
        try:
            challenge_id = UUID(self.challenge_id)
        except ValueError:
            raise SignInRefused from None
        return await self.server.sign_in.redeem(
            challenge_id, self.code, client_id=CLIENT_ID, token_digest=next_token_digest
        )


class RefreshTokenGrant(_Grant):
    """The token of the last answer, for a new pair."""

    GRANT_TYPE = REFRESH_TOKEN
    REFUSAL = "The refresh token is not, or no longer, good. Sign in again."

    def validate_token_request(self) -> None:
        super().validate_token_request()
        self.token = self.parameter("refresh_token")

    async def session(self, next_token_digest: bytes) -> Session:
        return await self.server.sign_in.refresh(
            digest_of(self.token), client_id=CLIENT_ID, next_token_digest=next_token_digest
        )


class TokenServer(rfc6749.AuthorizationServer):
    """One operator's token endpoint, as RFC 6749 has it, without a web framework."""

    def __init__(self, sign_in: SignInProcess, keys: KeyRing, tokens: AccessTokens, clock: Clock) -> None:
        super().__init__()
        self.sign_in = sign_in
        self._keys, self._tokens, self._clock = keys, tokens, clock
        self._client = PublicClient()
        self.register_grant(SignInCodeGrant)
        self.register_grant(RefreshTokenGrant)

    async def answer(self, form: Mapping[str, str], *, authorization: str | None = None) -> Answer:
        """Answers a request to the token endpoint; never raises for what a client can do wrong."""
        try:
            await self._keys.load()
            return await greenlet_spawn(self._answer, dict(form), authorization)
        except (Unavailable, Busy) as fault:
            description = "The service does not answer at this moment. Try again shortly."
            return refusal("temporarily_unavailable", description, 503, {"Retry-After": str(fault.retry_after_seconds)})

    def tokens_of(self, session: Session, refresh_token: NewRefreshToken) -> dict[str, Any]:
        """The body of a good answer (RFC 6749, section 5.1)."""
        access_token = self._tokens.issue(session, id=secrets.token_urlsafe(16), now=self._clock.now())
        return {
            "access_token": access_token,
            "token_type": "Bearer",
            "expires_in": int(LIFETIME.total_seconds()),
            "refresh_token": refresh_token.text,
        }

    def _answer(self, form: dict[str, str], authorization: str | None) -> Answer:
        core = cast("Any", self)  # what `handle_response` makes is what these return, which its types do not know
        request = self.create_oauth2_request((form, authorization))
        if "grant_type" not in form:
            missing = errors.InvalidRequestError("The parameter grant_type is missing.")
            return core.handle_error_response(request, missing)
        return core.create_token_response(request)

    def query_client(self, client_id: str) -> Any:
        return self._client if client_id == CLIENT_ID else None

    def authenticate_client(self, request: Any, methods: Collection[str], endpoint: str = "token") -> Any:
        try:
            return super().authenticate_client(request, methods, endpoint)
        except errors.InvalidClientError:
            description = f"The client here is {CLIENT_ID}, named by the parameter client_id, without a secret."
            tried_basic = request.headers.get("Authorization", "").lower().startswith("basic")
            raise errors.InvalidClientError(description, status_code=401 if tried_basic else 400) from None

    def get_token_grant(self, request: Any) -> Any:
        try:
            return super().get_token_grant(request)
        except errors.UnsupportedGrantTypeError:
            raise _UnknownGrantType(None) from None

    def create_oauth2_request(self, request: Any) -> rfc6749.OAuth2Request:
        if isinstance(request, rfc6749.OAuth2Request):
            return request
        form, authorization = cast("tuple[dict[str, str], str | None]", request)
        made = rfc6749.OAuth2Request("POST", _ADDRESS, headers={"Authorization": authorization or ""})
        made.payload = rfc6749.requests.BasicOAuth2Payload(form)
        return made

    def handle_response(self, status: int, body: Any, headers: Any) -> Any:
        return Answer(status, body, dict(headers))

    def send_signal(self, name: str, *args: Any, **kwargs: Any) -> None:
        """Nobody listens."""


def refusal(error: str, description: str, status: int = 400, headers: Mapping[str, str] | None = None) -> Answer:
    """An error by RFC 6749, section 5.2, that is known before there is an OAuth request."""
    always = {"Content-Type": "application/json", "Cache-Control": "no-store", "Pragma": "no-cache"}
    return Answer(status, {"error": error, "error_description": description}, always | dict(headers or {}))
