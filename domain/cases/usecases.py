"""What customers and staff do about cases, and how processes of ours bring one up."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final
from uuid import UUID

from domain.cases.case import MOST_OPEN, Case, CaseEntry, CaseKind, EntryKind, new_case
from domain.cases.errors import (
    CaseNotFound,
    CaseOfSomebodyElse,
    CaseReserved,
    CaseResolved,
    StaffMemberNotFound,
    TextMissing,
    TooManyCases,
)
from domain.cases.ports import AssigningWork, CaseWork
from domain.kernel.access import Permission, StaffRole, SupportAccess
from domain.kernel.errors import Invalid
from domain.kernel.events import Event
from domain.kernel.executor import Command, personal, use_case
from domain.support.errors import CustomerNotFound

OF_STAFF: Final = (CaseNotFound, CaseOfSomebodyElse)
"""How staff can be kept from a case."""


@dataclass(frozen=True, kw_only=True)
class OpenCase(Command[Case]):
    """A customer asks something."""

    text: str = personal()


@dataclass(frozen=True, kw_only=True)
class ReplyToCase(Command[Case]):
    """A customer goes on about a case of theirs."""

    case_id: UUID
    text: str = personal()


@dataclass(frozen=True, kw_only=True)
class CloseCase(Command[Case]):
    """A customer says that nothing is left to be done about a case of theirs."""

    case_id: UUID


@dataclass(frozen=True, kw_only=True)
class OpenFollowUp(Command[Case]):
    """Staff promise a customer to come back to something."""

    customer_id: UUID
    text: str = personal()


@dataclass(frozen=True, kw_only=True)
class TakeCase(Command[Case]):
    """Staff begin to see to a case."""

    case_id: UUID


@dataclass(frozen=True, kw_only=True)
class AssignCase(Command[Case]):
    """A lead gives a case to somebody."""

    case_id: UUID
    staff_id: UUID


@dataclass(frozen=True, kw_only=True)
class AnswerCase(Command[Case]):
    """Staff answer the customer, who is told."""

    case_id: UUID
    text: str = personal()


@dataclass(frozen=True, kw_only=True)
class AddCaseNote(Command[Case]):
    """Staff write something down for each other."""

    case_id: UUID
    text: str = personal()


@dataclass(frozen=True, kw_only=True)
class PostponeCase(Command[Case]):
    """Staff put a case off, to a time that is to come."""

    case_id: UUID
    due_at: datetime


@dataclass(frozen=True, kw_only=True)
class ResolveCase(Command[Case]):
    """Staff say that nothing is left to be done."""

    case_id: UUID


@dataclass(frozen=True, kw_only=True)
class ReopenCase(Command[Case]):
    """Staff say that something is left to be done after all."""

    case_id: UUID


@dataclass(frozen=True, kw_only=True)
class RecordCasesSeen(Command[None]):
    """Staff are about to be shown what was written in cases."""

    case_ids: tuple[UUID, ...]


async def bring_up(
    work: CaseWork,
    kind: CaseKind,
    *,
    about_id: UUID,
    customer_id: UUID | None,
    barred_staff_id: UUID | None = None,
    text: str | None = None,
) -> None:
    """Opens a case in the transaction of what has caused it. Of a kind there is one about a thing, however often."""
    case = new_case(work.new_id(), kind, customer_id=customer_id, about_id=about_id, now=work.now)
    case = replace(case, barred_staff_id=barred_staff_id)
    if await work.cases.open(case):
        await _log(work, case, EntryKind.OPENED, text)


@use_case(Permission.CASE_ASK, rejects=[TextMissing, TooManyCases], while_impersonating=SupportAccess.ASSIST)
async def open_case(command: OpenCase, work: CaseWork) -> Case:
    """For oneself; staff may write it down for a customer who asks them to."""
    assert work.actor.subject is not None
    text = _written(command.text)
    if await work.cases.open_questions_of(work.actor.subject) >= MOST_OPEN:
        raise TooManyCases(MOST_OPEN)
    case = new_case(work.id, CaseKind.QUESTION, customer_id=work.actor.subject, now=work.now)
    await work.cases.open(case)
    return await _log(work, case, EntryKind.OPENED, text)


@use_case(
    Permission.CASE_ASK, rejects=[CaseNotFound, CaseResolved, TextMissing], while_impersonating=SupportAccess.ASSIST
)
async def reply_to_case(command: ReplyToCase, work: CaseWork) -> Case:
    """What was resolved lately is open again."""
    text = _written(command.text)
    case = (await _of_customer(command.case_id, work)).replied(work.now)
    return await _keep(work, case, EntryKind.REPLIED, text)


@use_case(Permission.CASE_ASK, rejects=[CaseNotFound, CaseResolved], while_impersonating=SupportAccess.ASSIST)
async def close_case(command: CloseCase, work: CaseWork) -> Case:
    """Only what the customer has asked themselves: the rest is not theirs to end."""
    case = await _of_customer(command.case_id, work)
    if case.kind is not CaseKind.QUESTION:
        raise CaseNotFound
    return await _keep(work, case.resolved(work.now), EntryKind.RESOLVED)


@use_case(Permission.CASE_WORK, rejects=[CustomerNotFound, TextMissing])
async def open_follow_up(command: OpenFollowUp, work: CaseWork) -> Case:
    """For a customer whom one may know of; it is the case of whoever promises it."""
    text, staff_id = _written(command.text), _staff(work)
    if not await work.cases.may_be_helped(staff_id, command.customer_id):
        raise CustomerNotFound
    case = new_case(work.id, CaseKind.FOLLOW_UP, customer_id=command.customer_id, now=work.now)
    case = replace(case, owner_id=staff_id)
    await work.cases.open(case)
    return await _log(work, case, EntryKind.OPENED, text)


@use_case(Permission.CASE_WORK, rejects=[*OF_STAFF, CaseResolved])
async def take_case(command: TakeCase, work: CaseWork) -> Case:
    """The case's lock puts those who want it into a row: the first has it."""
    return await _worked_on(command.case_id, work, _if_open, EntryKind.ASSIGNED)


@use_case(Permission.CASE_ASSIGN, rejects=[CaseNotFound, CaseReserved, CaseResolved, StaffMemberNotFound])
async def assign_case(command: AssignCase, work: AssigningWork) -> Case:
    """To anybody who works on cases of this kind, also to oneself. Nobody assigns a case that is about them."""
    case = await _found(command.case_id, work)
    roles = await work.support.roles_of(command.staff_id)
    if not roles & {StaffRole.AGENT, StaffRole.LEAD}:
        raise StaffMemberNotFound
    case = case.assigned_to(command.staff_id, is_lead=StaffRole.LEAD in roles)
    return await _keep(work, case, EntryKind.ASSIGNED)


@use_case(Permission.CASE_WORK, rejects=[*OF_STAFF, CaseResolved, TextMissing])
async def answer_case(command: AnswerCase, work: CaseWork) -> Case:
    """It is the customer's turn then."""
    return await _worked_on(command.case_id, work, Case.answered, EntryKind.ANSWERED, _written(command.text))


@use_case(Permission.CASE_WORK, rejects=[CaseNotFound, TextMissing])
async def add_case_note(command: AddCaseNote, work: CaseWork) -> Case:
    """No customer is shown it. Whoever writes a note need not see to the case."""
    text, case = _written(command.text), await _found(command.case_id, work)
    return await _log(work, case, EntryKind.NOTED, text)


@use_case(Permission.CASE_WORK, rejects=[*OF_STAFF, CaseResolved])
async def postpone_case(command: PostponeCase, work: CaseWork) -> Case:
    """Raises `Invalid` for a time that has passed."""
    if command.due_at <= work.now:
        raise Invalid("dueAt is a time that is to come.")
    return await _worked_on(command.case_id, work, lambda case: case.postponed(command.due_at), EntryKind.POSTPONED)


@use_case(Permission.CASE_WORK, rejects=[*OF_STAFF, CaseResolved])
async def resolve_case(command: ResolveCase, work: CaseWork) -> Case:
    """The customer is told, and can go on about it for a while."""
    return await _worked_on(command.case_id, work, lambda case: case.resolved(work.now), EntryKind.RESOLVED)


@use_case(Permission.CASE_WORK, rejects=[*OF_STAFF])
async def reopen_case(command: ReopenCase, work: CaseWork) -> Case:
    """However long ago it was resolved. To open what is open changes nothing."""
    return await _worked_on(command.case_id, work, lambda case: case.reopened(work.now), EntryKind.REOPENED)


@use_case(Permission.CASE_WORK)
async def record_cases_seen(command: RecordCasesSeen, work: CaseWork) -> None:
    """The audit row says it all: who was shown which, and when (A5)."""


async def _worked_on(
    id: UUID, work: CaseWork, change: Callable[[Case], Case], kind: EntryKind, text: str | None = None
) -> Case:
    """What staff do about a case that is theirs or nobody's. What changes nothing leaves no line in the log."""
    case = await _found(id, work)
    changed = change(case.worked_on_by(_staff(work), is_lead=_is_lead(work)))
    return case if changed == case and text is None else await _keep(work, changed, kind, text)


async def _found(id: UUID, work: CaseWork) -> Case:
    """A case that the member of staff may know of: to whom it is about, and to agents where leads decide, it is not."""
    case = await work.cases.get(id)
    if case is None or not case.may_be_had_by(_staff(work), is_lead=_is_lead(work)):
        raise CaseNotFound
    return case


async def _of_customer(id: UUID, work: CaseWork) -> Case:
    case = await work.cases.get(id)
    if case is None or case.customer_id is None or case.customer_id != work.actor.subject:
        raise CaseNotFound
    return case


async def _keep(work: CaseWork, case: Case, kind: EntryKind, text: str | None = None) -> Case:
    await work.cases.keep(case)
    return await _log(work, case, kind, text)


async def _log(work: CaseWork, case: Case, kind: EntryKind, text: str | None) -> Case:
    """A line in the case's log, and an event: with ids and codes only, since texts can be erased."""
    staff_id = case.owner_id if kind is EntryKind.ASSIGNED else work.actor.staff_id
    entry = CaseEntry(
        id=work.new_id(), case_id=case.id, kind=kind, at=work.now, by=work.actor.id, staff_id=staff_id, text=text
    )
    await work.cases.add_entry(entry)
    data = {"case_id": str(case.id), "kind": case.kind.value, "by": work.actor.kind.value}
    work.emit(Event(f"case.{kind.value.lower()}", case.customer_id, data))
    return case


def _if_open(case: Case) -> Case:
    case.ensure_open()
    return case


def _written(text: str) -> str:
    if not text.strip():
        raise TextMissing
    return text.strip()


def _staff(work: CaseWork) -> UUID:
    assert work.actor.staff_id is not None, "nobody else has the permission"
    return work.actor.staff_id


def _is_lead(work: CaseWork) -> bool:
    return StaffRole.LEAD in work.actor.roles


USE_CASES: Final = (
    open_case,
    reply_to_case,
    close_case,
    open_follow_up,
    take_case,
    assign_case,
    answer_case,
    add_case_note,
    postpone_case,
    resolve_case,
    reopen_case,
    record_cases_seen,
)
