"""What customers and staff do about cases."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

import strawberry
from strawberry.types import Info

from api.context import Context
from api.schema import customers, staff
from api.schema.cases import PREFIX, Case, find_cases
from api.schema.errors import UserError, mutation, payload, user_error
from api.schema.fields import shown_field
from api.schema.ids import read_id_of
from api.schema.texts import at_most
from domain.cases.case import LONGEST_TEXT
from domain.cases.case import Case as DomainCase
from domain.cases.errors import (
    CaseNotFound,
    CaseOfSomebodyElse,
    CaseReserved,
    CaseResolved,
    StaffMemberNotFound,
    TextMissing,
    TooManyCases,
)
from domain.cases.usecases import (
    AddCaseNote,
    AnswerCase,
    AssignCase,
    CloseCase,
    OpenCase,
    OpenFollowUp,
    PostponeCase,
    ReopenCase,
    ReplyToCase,
    ResolveCase,
    TakeCase,
    add_case_note,
    answer_case,
    assign_case,
    close_case,
    open_case,
    open_follow_up,
    postpone_case,
    reopen_case,
    reply_to_case,
    resolve_case,
    take_case,
)
from domain.kernel.access import Permission
from domain.kernel.errors import Rejection
from domain.kernel.executor import Command


@user_error(CaseNotFound, path="caseId")
class CaseNotFoundError(UserError):
    """There is no such case, or it is not yours."""


@user_error(CaseResolved, path="caseId")
class CaseResolvedError(UserError):
    """Nothing is left to be done about it."""


@user_error(CaseOfSomebodyElse, path="caseId")
class CaseOfSomebodyElseError(UserError):
    """Somebody else of the staff sees to it."""


@user_error(CaseReserved, path="staffMemberId")
class CaseReservedError(UserError):
    """The case is about this member of the staff, or for leads only."""


@user_error(StaffMemberNotFound, path="staffMemberId")
class StaffMemberNotFoundError(UserError):
    """There is no such member of the staff, or they do not work on cases."""


@user_error(TextMissing, path="text")
class TextMissingError(UserError):
    """There is nothing in the text."""


@user_error(TooManyCases)
class TooManyCasesError(UserError):
    """So many of the customer's questions are open already."""

    most: int = shown_field("How many can be open at once.")

    @classmethod
    def extras(cls, refusal: Rejection, context: Context) -> dict[str, Any]:
        assert isinstance(refusal, TooManyCases)
        return {"most": refusal.most}


def _text(description: str) -> Any:
    return strawberry.field(description=f"{description}; up to {LONGEST_TEXT} characters.")


def _case() -> Any:
    return shown_field("The case as it now stands; null when it was refused.")


@strawberry.input(description="What one asks.")
class OpenCaseInput:
    text: str = _text("What one wants to know")


@strawberry.input(description="To which case, and what.")
class ReplyToCaseInput:
    case_id: strawberry.ID = strawberry.field(description="One of one's own.")
    text: str = _text("What one has to say to it")


@strawberry.input(description="Which case is over.")
class CloseCaseInput:
    case_id: strawberry.ID = strawberry.field(description="A question of one's own.")


@strawberry.input(description="To whom, and what.")
class OpenFollowUpInput:
    customer_id: strawberry.ID = strawberry.field(
        description="A customer whom one has looked for today, or to whose case one sees."
    )
    text: str = _text("What they were promised, which they read")


@strawberry.input(description="Which case.")
class TakeCaseInput:
    case_id: strawberry.ID = strawberry.field(description="One that nobody sees to.")


@strawberry.input(description="Which case, and to whom.")
class AssignCaseInput:
    case_id: strawberry.ID = strawberry.field(description="One that is not resolved.")
    staff_member_id: strawberry.ID = strawberry.field(description="An agent or a lead; what is for leads, to a lead.")


@strawberry.input(description="Which case, and the answer.")
class AnswerCaseInput:
    case_id: strawberry.ID = strawberry.field(description="One's own, or nobody's.")
    text: str = _text("What the customer is told")


@strawberry.input(description="Which case, and the note.")
class AddCaseNoteInput:
    case_id: strawberry.ID = strawberry.field(description="Any that one may see.")
    text: str = _text("What other staff should know")


@strawberry.input(description="Which case, and until when.")
class PostponeCaseInput:
    case_id: strawberry.ID = strawberry.field(description="One's own, or nobody's.")
    due_at: datetime = strawberry.field(description="A time that is to come.")


@strawberry.input(description="Which case is over.")
class ResolveCaseInput:
    case_id: strawberry.ID = strawberry.field(description="One's own, or nobody's.")


@strawberry.input(description="Which case is not over.")
class ReopenCaseInput:
    case_id: strawberry.ID = strawberry.field(description="One that was resolved.")


@payload(open_case.rejects)
class OpenCasePayload:
    """The case as it now stands."""

    case: Case | None = _case()


@payload(reply_to_case.rejects)
class ReplyToCasePayload:
    """The case as it now stands."""

    case: Case | None = _case()


@payload(close_case.rejects)
class CloseCasePayload:
    """The case as it now stands."""

    case: Case | None = _case()


@payload(open_follow_up.rejects)
class OpenFollowUpPayload:
    """The case as it now stands."""

    case: Case | None = _case()


@payload(take_case.rejects)
class TakeCasePayload:
    """The case as it now stands."""

    case: Case | None = _case()


@payload(assign_case.rejects)
class AssignCasePayload:
    """The case as it now stands."""

    case: Case | None = _case()


@payload(answer_case.rejects)
class AnswerCasePayload:
    """The case as it now stands."""

    case: Case | None = _case()


@payload(add_case_note.rejects)
class AddCaseNotePayload:
    """The case as it now stands."""

    case: Case | None = _case()


@payload(postpone_case.rejects)
class PostponeCasePayload:
    """The case as it now stands."""

    case: Case | None = _case()


@payload(resolve_case.rejects)
class ResolveCasePayload:
    """The case as it now stands."""

    case: Case | None = _case()


@payload(reopen_case.rejects)
class ReopenCasePayload:
    """The case as it now stands."""

    case: Case | None = _case()


@strawberry.type
class CaseMutations:
    @mutation(Permission.CASE_ASK, rejects=open_case.rejects)
    async def open_case(self, info: Info[Context, None], input: OpenCaseInput) -> OpenCasePayload | None:
        """Asks the operator something. A person answers, and one is told."""
        command = OpenCase(text=_written(input.text))
        return OpenCasePayload(case=await _done(command, info.context))

    @mutation(Permission.CASE_ASK, rejects=reply_to_case.rejects)
    async def reply_to_case(self, info: Info[Context, None], input: ReplyToCaseInput) -> ReplyToCasePayload | None:
        """Goes on about a case of one's own. One that was resolved in the last 30 days is open again."""
        command = ReplyToCase(case_id=_id_of(input.case_id), text=_written(input.text))
        return ReplyToCasePayload(case=await _done(command, info.context))

    @mutation(Permission.CASE_ASK, rejects=close_case.rejects)
    async def close_case(self, info: Info[Context, None], input: CloseCaseInput) -> CloseCasePayload | None:
        """Says that nothing is left to be done about a question of one's own."""
        command = CloseCase(case_id=_id_of(input.case_id))
        return CloseCasePayload(case=await _done(command, info.context))

    @mutation(Permission.CASE_WORK, rejects=open_follow_up.rejects)
    async def open_follow_up(self, info: Info[Context, None], input: OpenFollowUpInput) -> OpenFollowUpPayload | None:
        """Promises a customer to come back to something. It is the case of whoever promises it."""
        command = OpenFollowUp(
            customer_id=read_id_of(customers.PREFIX, input.customer_id, "customerId"), text=_written(input.text)
        )
        return OpenFollowUpPayload(case=await _done(command, info.context))

    @mutation(Permission.CASE_WORK, rejects=take_case.rejects)
    async def take_case(self, info: Info[Context, None], input: TakeCaseInput) -> TakeCasePayload | None:
        """Begins to see to a case. Of several who want it at once, the first has it."""
        command = TakeCase(case_id=_id_of(input.case_id))
        return TakeCasePayload(case=await _done(command, info.context))

    @mutation(Permission.CASE_ASSIGN, rejects=assign_case.rejects)
    async def assign_case(self, info: Info[Context, None], input: AssignCaseInput) -> AssignCasePayload | None:
        """Gives a case to somebody, as a lead."""
        command = AssignCase(
            case_id=_id_of(input.case_id), staff_id=read_id_of(staff.PREFIX, input.staff_member_id, "staffMemberId")
        )
        return AssignCasePayload(case=await _done(command, info.context))

    @mutation(Permission.CASE_WORK, rejects=answer_case.rejects)
    async def answer_case(self, info: Info[Context, None], input: AnswerCaseInput) -> AnswerCasePayload | None:
        """Answers the customer, who is told. It is their turn then."""
        command = AnswerCase(case_id=_id_of(input.case_id), text=_written(input.text))
        return AnswerCasePayload(case=await _done(command, info.context))

    @mutation(Permission.CASE_WORK, rejects=add_case_note.rejects)
    async def add_case_note(self, info: Info[Context, None], input: AddCaseNoteInput) -> AddCaseNotePayload | None:
        """Writes something down for other staff. No customer is shown it."""
        command = AddCaseNote(case_id=_id_of(input.case_id), text=_written(input.text))
        return AddCaseNotePayload(case=await _done(command, info.context))

    @mutation(Permission.CASE_WORK, rejects=postpone_case.rejects)
    async def postpone_case(self, info: Info[Context, None], input: PostponeCaseInput) -> PostponeCasePayload | None:
        """Puts a case off."""
        command = PostponeCase(case_id=_id_of(input.case_id), due_at=input.due_at)
        return PostponeCasePayload(case=await _done(command, info.context))

    @mutation(Permission.CASE_WORK, rejects=resolve_case.rejects)
    async def resolve_case(self, info: Info[Context, None], input: ResolveCaseInput) -> ResolveCasePayload | None:
        """Says that nothing is left to be done. The customer is told, and can go on about it for 30 days."""
        command = ResolveCase(case_id=_id_of(input.case_id))
        return ResolveCasePayload(case=await _done(command, info.context))

    @mutation(Permission.CASE_WORK, rejects=reopen_case.rejects)
    async def reopen_case(self, info: Info[Context, None], input: ReopenCaseInput) -> ReopenCasePayload | None:
        """Says that something is left to be done after all. Who reopens what is nobody's sees to it."""
        command = ReopenCase(case_id=_id_of(input.case_id))
        return ReopenCasePayload(case=await _done(command, info.context))


async def _done(command: Command[DomainCase], context: Context) -> Case | None:
    """Does it, and what may be shown of the case then."""
    case = await context.services.executor.execute(command, context.actor)
    [found] = await find_cases([case.id], context)
    return found


def _id_of(case_id: str) -> UUID:
    return read_id_of(PREFIX, case_id, "caseId")


def _written(text: str) -> str:
    return at_most(LONGEST_TEXT, text, "text")
