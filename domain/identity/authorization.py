"""Authorization codes: what a sign-in page hands an app through the browser, and how they are redeemed."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from domain.identity.errors import AuthorizationCodeReplayed, AuthorizationRefused
from domain.identity.session import AuthenticationMethod, Person, Session

AUTHORIZATION_CODE_LIFETIME: Final = timedelta(seconds=60)


@dataclass(frozen=True, slots=True, kw_only=True)
class AuthorizationTerms:
    """What an app has asked for, and what a code is bound to."""

    client_id: str
    redirect_uri: str
    code_challenge: str
    """By PKCE's S256: the SHA-256 of a secret that only the app has, in base64url."""
    scope: str = ""
    """Scopes with a space between them."""
    nonce: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class AuthorizationCode:
    """A code as it is kept: by its digest (32 bytes). The code itself is with the app only."""

    digest: bytes = field(repr=False)
    terms: AuthorizationTerms
    person: Person
    method: AuthenticationMethod
    """How the person proved who they are when the code was given."""
    expires_at: datetime
    session_id: UUID | None = None
    """The session that it has made; it makes no other."""

    def ensure_redeemable(self, *, client_id: str, redirect_uri: str, code_challenge: str, now: datetime) -> None:
        """Raises `AuthorizationRefused`, or `AuthorizationCodeReplayed` when the session that it made has to end."""
        if self.session_id is not None:
            raise AuthorizationCodeReplayed
        terms = self.terms
        is_bound = (client_id, redirect_uri, code_challenge) == (
            terms.client_id,
            terms.redirect_uri,
            terms.code_challenge,
        )
        if not is_bound or now >= self.expires_at:
            raise AuthorizationRefused


@dataclass(frozen=True, slots=True, kw_only=True)
class Authorized:
    """What a code was exchanged for. `nonce` is the app's own, for the ID token."""

    session: Session
    nonce: str | None = field(default=None, repr=False)
