"""A case: one kind of record for everything that a person at the operator must look at."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final
from uuid import UUID

from domain.cases.errors import CaseOfSomebodyElse, CaseReserved, CaseResolved

LONGEST_TEXT: Final = 4_000
MOST_OPEN: Final = 5
"""So many of a customer's own questions can be open at once."""
CAN_BE_REOPENED_FOR: Final = timedelta(days=30)


class CaseKind(StrEnum):
    """What a case is about."""

    QUESTION = "QUESTION"  # a customer asks something
    FOLLOW_UP = "FOLLOW_UP"  # staff have promised a customer something
    SUPPORT_ACCESS_DISPUTED = "SUPPORT_ACCESS_DISPUTED"  # nobody should have acted on the customer's behalf
    TOP_UP_UNRESOLVED = "TOP_UP_UNRESOLVED"  # the payment provider never said what became of a payment


class CaseState(StrEnum):
    """Whose turn it is."""

    OPEN = "OPEN"
    WAITING_FOR_CUSTOMER = "WAITING_FOR_CUSTOMER"
    RESOLVED = "RESOLVED"


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseRules:
    """How soon something must be done about a kind of case, and whether only leads may."""

    due: timedelta
    is_for_leads: bool = False


RULES: Final = {
    CaseKind.QUESTION: CaseRules(due=timedelta(days=2)),
    CaseKind.FOLLOW_UP: CaseRules(due=timedelta(days=7)),
    CaseKind.SUPPORT_ACCESS_DISPUTED: CaseRules(due=timedelta(days=1), is_for_leads=True),
    CaseKind.TOP_UP_UNRESOLVED: CaseRules(due=timedelta(days=1)),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A case as it stands. What has happened in it is in its log."""

    id: UUID
    kind: CaseKind
    customer_id: UUID | None
    about_id: UUID | None
    """What it is about, by its kind: a support session, or a top-up. There is one case of a kind about a thing."""
    barred_staff_id: UUID | None = None
    """Whom it is about, of the staff: they must not be the one who decides it."""
    owner_id: UUID | None = None
    """Who of the staff sees to it."""
    state: CaseState = CaseState.OPEN
    opened_at: datetime
    due_at: datetime
    resolved_at: datetime | None = None

    def worked_on_by(self, staff_id: UUID, *, is_lead: bool) -> Case:
        """The case in this member's hands; who works on what is nobody's makes it theirs.

        Raises `CaseOfSomebodyElse` unless a lead steps in.
        """
        if self.owner_id in (None, staff_id):
            return replace(self, owner_id=staff_id)
        if not is_lead:
            raise CaseOfSomebodyElse
        return self

    def assigned_to(self, staff_id: UUID, *, is_lead: bool) -> Case:
        """The case in another's hands, who may be a lead or not. Raises `CaseReserved` and `CaseResolved`."""
        self.ensure_open()
        if not self.may_be_had_by(staff_id, is_lead=is_lead):
            raise CaseReserved
        return replace(self, owner_id=staff_id)

    def answered(self) -> Case:
        """It is the customer's turn. Raises `CaseResolved`."""
        self.ensure_open()
        return replace(self, state=CaseState.WAITING_FOR_CUSTOMER)

    def replied(self, now: datetime) -> Case:
        """It is our turn again; a resolved case is open once more. Raises `CaseResolved` when that was long ago."""
        if self.resolved_at is not None and now - self.resolved_at > CAN_BE_REOPENED_FOR:
            raise CaseResolved
        return self._open_again(now)

    def resolved(self, now: datetime) -> Case:
        """Nothing is left to be done. Raises `CaseResolved` when that was so already."""
        self.ensure_open()
        return replace(self, state=CaseState.RESOLVED, resolved_at=now)

    def reopened(self, now: datetime) -> Case:
        """Something was left to be done after all."""
        return self if self.state is CaseState.OPEN else self._open_again(now)

    def postponed(self, due_at: datetime) -> Case:
        """Due at another time. Raises `CaseResolved`."""
        self.ensure_open()
        return replace(self, due_at=due_at)

    def ensure_open(self) -> None:
        """Raises `CaseResolved`."""
        if self.state is CaseState.RESOLVED:
            raise CaseResolved

    def may_be_had_by(self, staff_id: UUID, *, is_lead: bool) -> bool:
        """Not by whom it is about, nor by agents where only leads may decide."""
        return staff_id != self.barred_staff_id and (is_lead or not RULES[self.kind].is_for_leads)

    def _open_again(self, now: datetime) -> Case:
        due_at = now + RULES[self.kind].due if self.state is not CaseState.OPEN else self.due_at
        return replace(self, state=CaseState.OPEN, resolved_at=None, due_at=due_at)


class EntryKind(StrEnum):
    """What has happened in a case."""

    OPENED = "OPENED"
    REPLIED = "REPLIED"  # by the customer
    ANSWERED = "ANSWERED"  # to the customer
    NOTED = "NOTED"  # among staff
    ASSIGNED = "ASSIGNED"
    POSTPONED = "POSTPONED"
    RESOLVED = "RESOLVED"
    REOPENED = "REOPENED"


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseEntry:
    """A line of a case's log. It is never changed; its text alone can be erased."""

    id: UUID
    case_id: UUID
    kind: EntryKind
    at: datetime
    by: str
    """The actor's name, such as `staff:…`."""
    staff_id: UUID | None = None
    """Who acted, of the staff; of an assignment, whose the case has become."""
    text: str | None = field(default=None, repr=False)


def new_case(
    id: UUID, kind: CaseKind, *, customer_id: UUID | None, now: datetime, about_id: UUID | None = None
) -> Case:
    """A case that has just been brought up."""
    return Case(
        id=id, kind=kind, customer_id=customer_id, about_id=about_id, opened_at=now, due_at=now + RULES[kind].due
    )
