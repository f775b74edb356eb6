"""How something about a case is refused."""

from __future__ import annotations

from dataclasses import dataclass

from domain.kernel.errors import Rejection


@dataclass(eq=False)
class CaseNotFound(Rejection):
    """There is no such case, or it is not this actor's to know of."""

    code = "CASE_NOT_FOUND"


@dataclass(eq=False)
class CaseResolved(Rejection):
    """Nothing is left to be done about it."""

    code = "CASE_RESOLVED"


@dataclass(eq=False)
class CaseOfSomebodyElse(Rejection):
    """Somebody else of the staff sees to it."""

    code = "CASE_OF_SOMEBODY_ELSE"


@dataclass(eq=False)
class CaseReserved(Rejection):
    """It cannot be given to this member of staff: it is about them, or for leads only."""

    code = "CASE_RESERVED"


@dataclass(eq=False)
class TooManyCases(Rejection):
    """So many questions of this customer's are open already."""

    code = "TOO_MANY_CASES"
    most: int


@dataclass(eq=False)
class TextMissing(Rejection):
    """There is nothing in it."""

    code = "TEXT_MISSING"


@dataclass(eq=False)
class StaffMemberNotFound(Rejection):
    """There is no such member of staff, or they do not work on cases."""

    code = "STAFF_MEMBER_NOT_FOUND"
