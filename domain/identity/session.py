"""Sessions: a device on which a customer is signed in, and the one line of refresh tokens that keeps it so."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final
from uuid import UUID

from domain.identity.errors import RefreshRefused, RefreshTokenReplayed
from domain.kernel.access import ActorKind, Assurance, Authentication, StaffRole

REFRESH_TOKEN_LIFETIME: Final = timedelta(days=30)
"""How long somebody stays signed in without using the app. Each use gives a new token."""

STAFF_SESSION_LIFETIME: Final = timedelta(hours=12)
"""How long staff stay signed in, used or not: a long working day. Then their employer is asked again who they are."""

REPLAY_GRACE: Final = timedelta(seconds=10)
"""How long the token that was just replaced is still taken: an answer may be lost, two requests may cross."""


class EndReason(StrEnum):
    """Why a session ended."""

    SIGNED_OUT = "SIGNED_OUT"
    REFRESH_TOKEN_REPLAYED = "REFRESH_TOKEN_REPLAYED"
    AUTHORIZATION_CODE_REPLAYED = "AUTHORIZATION_CODE_REPLAYED"
    REVOKED = "REVOKED"
    CONTACT_POINT_CHANGED = "CONTACT_POINT_CHANGED"
    PHONE_LOST = "PHONE_LOST"
    ROLE_TAKEN_AWAY = "ROLE_TAKEN_AWAY"


class AuthenticationMethod(StrEnum):
    """How somebody proved who they are."""

    SMS_CODE = "SMS_CODE"
    EMAIL_CODE = "EMAIL_CODE"
    ELECTRONIC_ID = "ELECTRONIC_ID"
    SINGLE_SIGN_ON = "SINGLE_SIGN_ON"  # staff, by the operator's identity provider

    @property
    def assurance(self) -> Assurance:
        """How sure that makes it."""
        return Assurance.STRONG if self is AuthenticationMethod.ELECTRONIC_ID else Assurance.BASIC


@dataclass(frozen=True, slots=True)
class Person:
    """Who is signed in: a customer, or somebody of the operator's staff."""

    kind: ActorKind
    id: UUID

    @classmethod
    def customer(cls, id: UUID) -> Person:
        """A customer, by id."""
        return cls(ActorKind.CUSTOMER, id)

    @classmethod
    def staff(cls, id: UUID) -> Person:
        """Somebody of the staff, by id."""
        return cls(ActorKind.STAFF, id)

    @property
    def customer_id(self) -> UUID | None:
        """Which customer it is; None for staff."""
        return self.id if self.kind is ActorKind.CUSTOMER else None

    @property
    def staff_id(self) -> UUID | None:
        """Who of the staff it is; None for a customer."""
        return self.id if self.kind is ActorKind.STAFF else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """A device that is signed in. `started_at` is when its person proved who they are, by `method`.

    Each refresh begins a new generation of refresh tokens, and only a token of the current one may begin the next.
    So a copied token makes a second line of them that cannot live beside the first: the next refresh ends both.
    """

    id: UUID
    person: Person
    client_id: str
    started_at: datetime
    method: AuthenticationMethod
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
    roles: frozenset[StaffRole] = frozenset()
    """What its staff member is there for now, where it was read along. It is not kept with the session either."""

    @property
    def authentication(self) -> Authentication:
        """When its person proved who they are, and how surely."""
        return Authentication(self.started_at, self.method.assurance)

    def stays_until(self, now: datetime) -> datetime:
        """Until when its next refresh token is good: customers' begins anew with each use, and staff's does not."""
        if self.person.kind is ActorKind.STAFF:
            return self.started_at + STAFF_SESSION_LIFETIME
        return now + REFRESH_TOKEN_LIFETIME

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
