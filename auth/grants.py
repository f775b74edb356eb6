"""What the token endpoint exchanges for tokens. Its hooks run in a greenlet, see `auth/server.py`."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any, cast
from uuid import UUID

from authlib.oauth2 import rfc6749
from authlib.oauth2.rfc6749 import errors
from sqlalchemy.util import await_only

from auth.authorization import challenge_of
from auth.clients import AUTHORIZATION_CODE, REFRESH_TOKEN, SIGN_IN_CODE, TOKEN_EXCHANGE
from auth.delegations import ACCESS_TOKEN, SUPPORT_SESSION
from auth.devices import device_label
from auth.refresh import digest_of, new_refresh_token
from domain.identity.authorization import Authorized
from domain.identity.errors import AuthorizationRefused, RefreshRefused, SignInRefused
from domain.identity.senders import Sender
from domain.identity.usecases.authorizing import RedeemAuthorizationCode
from domain.kernel.errors import Forbidden, Unauthenticated
from domain.support.errors import SupportSessionNotFound

if TYPE_CHECKING:
    from auth.server import TokenServer


class _Grant(rfc6749.BaseGrant, rfc6749.TokenEndpointMixin):
    """What the grants have in common: clients that keep no secret, and the parameters that they bring.

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


class _SessionGrant(_Grant, ABC):
    """Those that are good for a session, which comes with its next refresh token."""

    def create_token_response(self) -> Any:
        next_token = new_refresh_token()
        try:
            granted = await_only(self.granted(next_token.digest))
        except (SignInRefused, AuthorizationRefused, RefreshRefused):
            raise errors.InvalidGrantError(self.REFUSAL) from None
        return 200, self.server.tokens_of(granted, next_token), self.TOKEN_RESPONSE_HEADER

    @abstractmethod
    async def granted(self, next_token_digest: bytes) -> Authorized:
        """The session that the grant is good for.

        Raises `SignInRefused`, `AuthorizationRefused` and `RefreshRefused`.
        """


class SignInCodeGrant(_SessionGrant):
    """A code that was sent to a phone or by e-mail. Why it is refused is never said: it would help whoever guesses."""

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
            challenge_id,
            self.code,
            sender=Sender(address=self.request.address, client_id=self.client_id),
            client_id=self.client_id,
            token_digest=next_token_digest,
            device=self.device,
        )
        return Authorized(session=session)


class AuthorizationCodeGrant(_SessionGrant):
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


class RefreshTokenGrant(_SessionGrant):
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


class TokenExchangeGrant(_Grant):
    """RFC 8693: a support session and the token of the staff member whose it is, for a token to act with."""

    GRANT_TYPE = TOKEN_EXCHANGE
    REFUSAL = "The support session is over or not yours, or the actor_token is not good, or gives no right to it."

    def validate_token_request(self) -> None:
        super().validate_token_request()
        self.subject_token, self.actor_token = self.parameter("subject_token"), self.parameter("actor_token")
        types = {"subject_token_type": SUPPORT_SESSION, "actor_token_type": ACCESS_TOKEN}
        for name, known in types.items():
            if self.parameter(name) != known:
                raise errors.InvalidRequestError(f"The {name} here is {known}.")
        given: dict[str, str] = self.request.payload.data
        if given.get("requested_token_type", ACCESS_TOKEN) != ACCESS_TOKEN:
            raise errors.InvalidRequestError(f"The requested_token_type here is {ACCESS_TOKEN}.")
        for name in ("audience", "resource"):
            if given.get(name, self.server.audience) != self.server.audience:
                raise _InvalidTarget(f"The {name} here is {self.server.audience}.")
        if given.get("scope"):
            raise errors.InvalidScopeError("A token to act with has no scope.")

    def create_token_response(self) -> Any:
        delegations = self.server.delegations
        try:
            delegated = await_only(delegations.exchange(self.subject_token, self.actor_token, client_id=self.client_id))
        except (Unauthenticated, Forbidden, SupportSessionNotFound):
            raise errors.InvalidGrantError(self.REFUSAL) from None
        body = {"issued_token_type": ACCESS_TOKEN, "token_type": "Bearer"}
        token = {"access_token": delegated.token, "expires_in": delegated.expires_in_seconds}
        return 200, body | token, self.TOKEN_RESPONSE_HEADER


class _InvalidTarget(errors.OAuth2Error):
    """RFC 8693, section 2.2.2."""

    error = "invalid_target"
