"""Sessions: a device on which a customer is signed in, and the one line of refresh tokens that keeps it so."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final
from uuid import UUID

from domain.identity.errors import RefreshRefused, RefreshTokenReplayed

REFRESH_TOKEN_LIFETIME: Final = timedelta(days=30)
"""How long somebody stays signed in without using the app. Each use gives a new token."""

REPLAY_GRACE: Final = timedelta(seconds=10)
"""How long the token that was just replaced is still taken: an answer may be lost, two requests may cross."""


class EndReason(StrEnum):
    """Why a session ended."""

    SIGNED_OUT = "SIGNED_OUT"
    REFRESH_TOKEN_REPLAYED = "REFRESH_TOKEN_REPLAYED"
    AUTHORIZATION_CODE_REPLAYED = "AUTHORIZATION_CODE_REPLAYED"
    REVOKED = "REVOKED"


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """A device that is signed in. `started_at` is when its person proved who they are.

    Each refresh begins a new generation of refresh tokens, and only a token of the current one may begin the next.
    So a copied token makes a second line of them that cannot live beside the first: the next refresh ends both.
    """

    id: UUID
    customer_id: UUID
    client_id: str
    started_at: datetime
    generation: int = 1
    generation_at: datetime
    """When the current generation began."""
    ended_at: datetime | None = None
    scope: str = ""
    """What its app asked for, with a space between: `openid` for ID tokens."""
    device: str | None = None
    """What its person recognises it by, such as "Firefox, Linux"; None when that could not be told."""
    locale: str | None = None
    """Its customer's language (BCP 47), where it was read along. It is not kept with the session."""

    def refreshed(self, token: RefreshToken, *, client_id: str, now: datetime) -> Session:
        """The session as it stands after this token was used; the new token is of its generation.

        Raises `RefreshRefused`, or `RefreshTokenReplayed` when the session has to end.
        """
        if self.ended_at or client_id != self.client_id or now >= token.expires_at:
            raise RefreshRefused
        if token.generation == self.generation:
            return replace(self, generation=self.generation + 1, generation_at=now)
        if token.generation == self.generation - 1 and now < self.generation_at + REPLAY_GRACE:
            return self
        raise RefreshTokenReplayed


@dataclass(frozen=True, slots=True, kw_only=True)
class RefreshToken:
    """A refresh token as it is kept: by its digest (32 bytes). The token itself is with its client only."""

    digest: bytes = field(repr=False)
    session_id: UUID
    generation: int
    created_at: datetime
    expires_at: datetime
