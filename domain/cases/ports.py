"""What cases need of a transaction."""

from __future__ import annotations

from typing import Protocol
from uuid import UUID

from domain.cases.case import Case, CaseEntry
from domain.kernel.access import StaffRole
from domain.kernel.executor import Work


class Cases(Protocol):
    """Cases and their logs, within a transaction."""

    async def open(self, case: Case, /) -> bool:
        """Keeps a new case. False when there is one of this kind about the same thing already."""
        ...

    async def get(self, id: UUID, /) -> Case | None:
        """The case, locked."""
        ...

    async def keep(self, case: Case, /) -> None:
        """Writes its owner, its state and its times."""
        ...

    async def add_entry(self, entry: CaseEntry, /) -> None:
        """Adds a line to its log."""
        ...

    async def open_questions_of(self, customer_id: UUID, /) -> int:
        """How many questions of a customer's are not resolved.

        Until the transaction ends, nobody else gets an answer for the same customer: so a limit holds for parallel
        requests too. Waits at most 2 s, then `Busy`.
        """
        ...

    async def may_be_helped(self, staff_id: UUID, customer_id: UUID, /) -> bool:
        """Whether staff may know of the customer: they have looked for them lately, or see to a case of theirs."""
        ...


class CaseWork(Work, Protocol):
    """A transaction, as cases see it."""

    @property
    def cases(self) -> Cases: ...


class Roles(Protocol):
    """What members of the staff are there for."""

    async def roles_of(self, staff_id: UUID, /) -> frozenset[StaffRole]:
        """Empty for nobody's id."""
        ...


class AssigningWork(CaseWork, Protocol):
    """A transaction in which a case is given to somebody."""

    @property
    def support(self) -> Roles: ...
