"""What support needs of a transaction."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol
from uuid import UUID

from domain.cases.ports import Cases
from domain.kernel.access import StaffRole
from domain.kernel.executor import Work
from domain.notifications.ports import Messages
from domain.registration.ports import IdentityNumbers
from domain.support.search import CustomerSearch, SearchMade
from domain.support.session import SupportSession
from domain.support.staff import StaffMember


class Support(Protocol):
    """Staff, their searches and their support sessions, within a transaction."""

    async def staff_member(self, issuer: str, subject: str, /) -> StaffMember | None:
        """Who the provider calls so, locked."""
        ...

    async def keep_staff_member(self, member: StaffMember, now: datetime, /) -> None:
        """Writes a member's name and roles, and that they were seen now."""
        ...

    async def roles_of(self, staff_id: UUID, /) -> frozenset[StaffRole]:
        """What a member of staff is there for; empty for nobody's id."""
        ...

    async def searches_since(self, staff_id: UUID, since: datetime, /, *, limit: int) -> Sequence[datetime]:
        """When this member's last searches were made, newest first.

        Until the transaction ends, nobody else gets an answer for the same member: so a limit holds for parallel
        requests too. Waits at most 2 s, then `Busy`.
        """
        ...

    async def found_by(self, search: CustomerSearch, /, *, limit: int) -> Sequence[UUID]:
        """The customers who have what is looked for. An identity number comes as the hexadecimal of its digest."""
        ...

    async def add_search(self, search: SearchMade, /) -> None: ...

    async def add_session(self, session: SupportSession, /) -> None: ...

    async def session(self, id: UUID, /) -> SupportSession | None:
        """The session, locked."""
        ...

    async def end_sessions_of(self, staff_id: UUID, now: datetime, /) -> Sequence[SupportSession]:
        """Ends all in which this member still acts for somebody. Those that it has ended."""
        ...

    async def keep_session(self, session: SupportSession, /) -> None:
        """Writes its end and its dispute."""
        ...


class SupportWork(Work, Protocol):
    """A transaction, as support sees it."""

    @property
    def support(self) -> Support: ...
    @property
    def messages(self) -> Messages: ...
    @property
    def cases(self) -> Cases: ...
    @property
    def identity_numbers(self) -> IdentityNumbers: ...
