"""What identity needs of a transaction."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Protocol
from uuid import UUID

from domain.identity.allowances import Taking
from domain.identity.authorization import AuthorizationCode
from domain.identity.challenge import Challenge, ChallengePurpose, UsedChallenge
from domain.identity.contacts import Contact
from domain.identity.identification import Identification
from domain.identity.pace import Pace
from domain.identity.session import Person, RefreshToken, Session
from domain.kernel.executor import Work
from domain.notifications.ports import Messages


class Identities(Protocol):
    """Challenges, sessions and refresh tokens within a transaction."""

    async def pace(self, contact_digest: bytes, device_digest: bytes | None, since: datetime, /) -> Pace:
        """The contact's last codes in the lane of this device.

        Until the transaction ends, nobody else gets an answer for the same contact: so a limit holds for parallel
        requests too. Waits at most 2 s, then `Busy`.
        """
        ...

    async def take(self, takings: Sequence[Taking], now: datetime, /) -> Mapping[bytes, datetime]:
        """Takes one from each allowance, by key: until when it is not full again. In one statement.

        Whoever takes from the same waits until the transaction ends.
        """
        ...

    async def spend(self, day: date, cost_minor: int, *, spender: UUID) -> int:
        """Adds to what text messages have cost that day, and answers with the sum.

        What others add in transactions that are open at the same moment may not be in it.
        """
        ...

    async def report_ceiling(self, day: date, now: datetime, /) -> bool:
        """Writes that the day's ceiling was reached. False when that was written before."""
        ...

    async def customer_of(self, contact: Contact, /) -> UUID | None:
        """Who is reached there."""
        ...

    async def add_challenge(self, challenge: Challenge, /) -> None: ...

    async def take_try(self, challenge_id: UUID, now: datetime, /, *, since: datetime, most: int) -> bool:
        """Takes one try of a challenge. False when there is none left, or it is used, expired or unknown.

        There is none left either when its contact had `most` since then, in the same lane and since a code was right.
        """
        ...

    async def use_challenge(
        self, challenge_id: UUID, purpose: ChallengePurpose, now: datetime, /
    ) -> UsedChallenge | None:
        """Uses the challenge up. None when it is used, expired, unknown, nobody's or for another purpose.

        From then on the device that had asked for the code is known.
        """
        ...

    async def customer_identified(self, issuer: str, subject: str, now: datetime, /) -> UUID | None:
        """Whose electronic identity it is, and that it was used now. None while it is nobody's here."""
        ...

    async def link(self, customer_id: UUID, identification: Identification, now: datetime, /) -> bool:
        """Links an electronic identity to a customer; to do it twice changes nothing.

        False when either is linked otherwise with this provider, or their birth dates are known and differ.
        """
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
