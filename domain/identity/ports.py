"""What identity needs of a transaction."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol
from uuid import UUID

from domain.identity.authorization import AuthorizationCode
from domain.identity.challenge import Challenge, ChallengePurpose, UsedChallenge
from domain.identity.contacts import Contact
from domain.identity.session import Person, RefreshToken, Session
from domain.kernel.executor import Work
from domain.notifications.ports import Messages


class Identities(Protocol):
    """Challenges, sessions and refresh tokens within a transaction."""

    async def challenges_since(self, since: datetime, contact_digest: bytes, *, limit: int) -> Sequence[datetime]:
        """When this contact's last challenges were made, newest first.

        Until the transaction ends, nobody else gets an answer for the same contact: so a limit holds for parallel
        requests too. Waits at most 2 s, then `Busy`.
        """
        ...

    async def customer_of(self, contact: Contact, /) -> UUID | None:
        """Who is reached there."""
        ...

    async def add_challenge(self, challenge: Challenge, /) -> None: ...

    async def take_try(self, challenge_id: UUID, now: datetime, /) -> bool:
        """Takes one try of a challenge. False when there is none left, or it is used, expired or unknown."""
        ...

    async def use_challenge(
        self, challenge_id: UUID, purpose: ChallengePurpose, now: datetime, /
    ) -> UsedChallenge | None:
        """Uses the challenge up. None when it is used, expired, unknown, nobody's or for another purpose."""
        ...

    async def add_session(self, session: Session, /) -> Session:
        """The same, with its customer's locale or its staff member's roles."""
        ...

    async def session(self, id: UUID, /) -> Session | None:
        """The session, locked."""
        ...

    async def session_of(self, digest: bytes, /) -> tuple[Session, RefreshToken] | None:
        """The refresh token with this digest, and its session, locked.

        The session comes with its customer's locale or its staff member's roles.
        """
        ...

    async def keep_session(self, session: Session, now: datetime, /) -> None:
        """Writes its generation and its end, and that it was seen now."""
        ...

    async def end_sessions(self, person: Person, now: datetime, /, *, but: UUID | None) -> Sequence[Session]:
        """Ends every session of a person's, but for one. Those that it has ended."""
        ...

    async def add_refresh_token(self, token: RefreshToken, /) -> None: ...

    async def add_authorization_code(self, code: AuthorizationCode, now: datetime, /) -> None: ...

    async def authorization_code(self, digest: bytes, /) -> AuthorizationCode | None:
        """The code with this digest, locked."""
        ...

    async def use_authorization_code(self, digest: bytes, session_id: UUID, /) -> None:
        """Writes which session it has made."""
        ...


class IdentityWork(Work, Protocol):
    """A transaction, as signing in sees it."""

    @property
    def identity(self) -> Identities: ...
    @property
    def messages(self) -> Messages: ...
