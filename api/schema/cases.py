"""Cases: what a person at the operator looks at, as the customer sees it and as the staff do."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Final
from uuid import UUID

import strawberry

from api.context import Context
from api.schema import topups
from api.schema.customers import Customer, find_customers
from api.schema.enums import CaseOwner
from api.schema.fields import batched, shown, shown_field
from api.schema.ids import global_id
from api.schema.node import Node, find_nodes, found_by, in_order
from api.schema.paging import EPOCH, FIRST_UUID, LAST_UUID, After, First, Page, PageInfo, id_cursor, time_cursor
from api.schema.staff import StaffMember, find_staff
from domain.cases.case import CaseKind, CaseState, EntryKind
from domain.cases.usecases import RecordCasesSeen
from domain.kernel.access import ACCESS_BY_RELATIONS, STAFF, Access, ActorKind, Permission, StaffRole
from persistence.queries.cases import (
    CASE_ENTRIES,
    CASES,
    CASES_OF_ACTOR,
    CASES_OF_STAFF,
    OPEN_CASES,
    RESOLVED_CASES,
    CaseEntryRow,
    CaseRow,
)
from persistence.statement import beside

PREFIX: Final = "case"
SUPPORT_SESSION: Final = "support"
"""The prefix of a support session's id. Their own module shows cases, and so cannot be asked for it here."""

ABOUT: Final = {
    CaseKind.SUPPORT_ACCESS_DISPUTED: SUPPORT_SESSION,
    CaseKind.TOP_UP_UNRESOLVED: topups.PREFIX,
}
"""The prefix of the ids of what cases of a kind are about."""


@shown(Access.CASE)
class CaseEntry:
    """Something that has happened in a case."""

    key: strawberry.Private[UUID]
    kind: EntryKind = shown_field("What has happened.")
    at: datetime = shown_field("When.")
    by: ActorKind = shown_field("Who did it: the customer, the staff or a process of the operator's.")
    staff_name: str | None = shown_field(
        "Who it was of the staff; of an assignment, to whom the case was given. Null when it was nobody of them."
    )
    text: str | None = shown_field("What was written; null when nothing was, and when it has been erased.")


@shown(Access.CASE)
class CaseEntryEdge:
    """An entry in its place."""

    node: CaseEntry = shown_field("The entry.")
    cursor: str = shown_field("Its place in the list, to be given as `after`.")


@shown(Access.CASE)
class CaseEntryConnection:
    """A page of what has happened in a case, oldest first."""

    nodes: list[CaseEntry] = shown_field("The entries of this page.")
    edges: list[CaseEntryEdge] = shown_field("The entries of this page, each with its cursor.")
    page_info: PageInfo = shown_field("Where this page stands.")


async def case_customers(cases: Sequence[Case], *, context: Context) -> Sequence[Customer | None]:
    """Whose case it is. Null for the customer, and for staff who neither see to it nor have looked for them."""
    keys = [case.customer_key for case in cases]
    found = await find_customers([key for key in keys if key is not None], context)
    known = {customer.key: customer for customer in found if customer is not None}
    return [known.get(key) if key is not None else None for key in keys]


async def case_owners(cases: Sequence[Case], *, context: Context) -> Sequence[StaffMember | None]:
    """Who sees to it. Null when nobody does yet, and for the customer."""
    keys = [case.owner_key for case in cases]
    found = await find_staff([key for key in keys if key is not None], context)
    known = {member.key: member for member in found if member is not None}
    return [known.get(key) if key is not None else None for key in keys]


async def case_about(cases: Sequence[Case], *, context: Context) -> Sequence[Node | None]:
    """What it is about, such as a top-up. Null when it is about no such thing, or about one that is not yours."""
    ids = [global_id(ABOUT[case.kind], case.about_key) if case.about_key is not None else None for case in cases]
    wanted = [id for id in ids if id is not None]
    known = dict(zip(wanted, await find_nodes(wanted, context), strict=True))
    return [known[id] if id is not None else None for id in ids]


async def case_entries(
    cases: Sequence[Case], *, context: Context, first: First = None, after: After = None
) -> Sequence[CaseEntryConnection]:
    """What has happened, oldest first. The customer is not shown what is among staff: notes, owners and due dates."""
    page, keys = Page(first, after), [case.key for case in cases]
    if context.is_staff:  # on record before it is shown
        await context.services.executor.execute(RecordCasesSeen(case_ids=tuple(keys)), context.actor)
    rows = await CASE_ENTRIES.all(
        context.services.database,
        cases=list(set(keys)),
        after=page.after_id(FIRST_UUID),
        most=page.most,
        desk=context.is_staff,
    )
    return [
        page.of(CaseEntryConnection, CaseEntryEdge, [_entry_of(row) for row in of_one], lambda e: id_cursor(e.key))
        for of_one in beside(keys, rows, lambda row: row.case_id)
    ]


@shown(Access.CASE)
class Case(Node):
    """Something that a person at the operator looks at: a question, a promise, or what our own processes found."""

    key: strawberry.Private[UUID]
    access: strawberry.Private[int]
    customer_key: strawberry.Private[UUID | None]
    about_key: strawberry.Private[UUID | None]
    owner_key: strawberry.Private[UUID | None]
    kind: CaseKind = shown_field("What kind of matter it is.")
    state: CaseState = shown_field("Whose turn it is.")
    opened_at: datetime = shown_field("When it was brought up.")
    resolved_at: datetime | None = shown_field("When nothing was left to be done; null while something is.")
    due_at: datetime | None = shown_field(
        "When something must have been done about it. Null for the customer.", access=Access.DESK
    )
    owner: StaffMember | None = batched(case_owners, access=Access.DESK)
    customer: Customer | None = batched(case_customers, access=Access.DESK)
    about: Node | None = batched(case_about)
    entries: CaseEntryConnection = batched(case_entries)


@shown(Access.CASE)
class CaseEdge:
    """A case in its place."""

    node: Case = shown_field("The case.")
    cursor: str = shown_field("Its place in the list, to be given as `after`.")


@shown(Access.CASE)
class CaseConnection:
    """A page of cases."""

    nodes: list[Case] = shown_field("The cases of this page.")
    edges: list[CaseEdge] = shown_field("The cases of this page, each with its cursor.")
    page_info: PageInfo = shown_field("Where this page stands.")


State = Annotated[CaseState | None, strawberry.argument(description="Whose turn it is; all but resolved without it.")]
Kind = Annotated[CaseKind | None, strawberry.argument(description="Only cases of this kind.")]
Owner = Annotated[CaseOwner | None, strawberry.argument(description="In whose hands; in anybody's without it.")]
Overdue = Annotated[bool | None, strawberry.argument(description="Whether to show only what should have been done.")]


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Which cases staff ask for."""

    state: CaseState | None
    kind: CaseKind | None
    owner: CaseOwner | None
    overdue: bool


async def cases_of_desk(context: Context, wanted: Wanted, page: Page) -> CaseConnection:
    """A page of what there is to be seen to, by when it is due."""
    query = RESOLVED_CASES if wanted.state is CaseState.RESOLVED else OPEN_CASES
    due, after = page.after_time(EPOCH)
    rows = await query.all(
        context.services.database,
        me=context.me,
        leads=_leads(context),
        state=wanted.state,
        kind=wanted.kind,
        whoever=wanted.owner is None,
        owner=context.me if wanted.owner is CaseOwner.ME else None,
        due_before=context.now if wanted.overdue else None,
        after_due=due,
        after=after,
        most=page.most,
    )
    by_key = {row.id: row for row in rows}
    nodes = [_case_of(row) for row in rows]
    return page.of(CaseConnection, CaseEdge, nodes, lambda case: time_cursor(by_key[case.key].due_at, case.key))


async def cases_of_actor(context: Context, first: int | None, after: str | None) -> CaseConnection:
    """A page of one's own cases, newest first."""
    page = Page(first, after)
    rows = await CASES_OF_ACTOR.all(
        context.services.database, me=context.me, before=page.after_id(LAST_UUID), most=page.most
    )
    return page.of(CaseConnection, CaseEdge, [_case_of(row) for row in rows], lambda case: id_cursor(case.key))


@found_by(PREFIX)
async def find_cases(ids: Sequence[UUID], context: Context) -> Sequence[Case | None]:
    """Cases by id: one's own, and those on which one works."""
    wanted, database = list(set(ids)), context.services.database
    if context.is_staff:
        if not context.actor.may(Permission.CASE_WORK):
            return [None] * len(ids)
        rows = await CASES_OF_STAFF.all(database, ids=wanted, me=context.me, leads=_leads(context))
    else:
        rows = await CASES.all(database, ids=wanted, me=context.me)
    return in_order(ids, map(_case_of, rows), lambda case: case.key)


def _leads(context: Context) -> bool:
    return StaffRole.LEAD in context.actor.roles


def _case_of(row: CaseRow) -> Case:
    return Case(
        id=strawberry.ID(global_id(PREFIX, row.id)),
        key=row.id,
        access=ACCESS_BY_RELATIONS[row.relations],
        customer_key=row.customer_id,
        about_key=row.about_id,
        owner_key=row.owner_id,
        kind=CaseKind(row.kind),
        state=CaseState(row.state),
        opened_at=row.opened_at,
        due_at=row.due_at,
        resolved_at=row.resolved_at,
    )


def _entry_of(row: CaseEntryRow) -> CaseEntry:
    return CaseEntry(
        key=row.id,
        kind=EntryKind(row.kind),
        at=row.at,
        by=_kind_of(row.by),
        staff_name=row.staff_name,
        text=row.text,
    )


def _kind_of(actor: str) -> ActorKind:
    """Of the name under which an actor is recorded."""
    return ActorKind.STAFF if actor.startswith(STAFF) else ActorKind(actor.partition(":")[0].upper())
