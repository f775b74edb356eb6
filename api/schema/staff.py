"""People of the operator's staff."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final
from uuid import UUID

import strawberry

from api.context import Context
from api.schema.fields import shown, shown_field
from api.schema.ids import global_id
from api.schema.node import Node, found_by, in_order
from api.schema.paging import FIRST_UUID, Page, PageInfo, id_cursor
from domain.kernel.access import Access, StaffRole
from persistence.queries.support import STAFF_MEMBERS, WHO_WORKS_ON_CASES, StaffRow

PREFIX: Final = "staff"


@shown(Access.STAFF)
class StaffMember(Node):
    """Somebody of the operator's staff."""

    key: strawberry.Private[UUID]
    name: str = shown_field("Their name, as the operator's identity provider has it.")
    roles: list[StaffRole] = shown_field("What they are there for.")


@shown(Access.STAFF)
class StaffMemberEdge:
    """A member of the staff in their place."""

    node: StaffMember = shown_field("The member of the staff.")
    cursor: str = shown_field("Their place in the list, to be given as `after`.")


@shown(Access.STAFF)
class StaffMemberConnection:
    """A page of members of the staff, in the order in which they were first seen."""

    nodes: list[StaffMember] = shown_field("The members of this page.")
    edges: list[StaffMemberEdge] = shown_field("The members of this page, each with their cursor.")
    page_info: PageInfo = shown_field("Where this page stands.")


def _member_of(row: StaffRow) -> StaffMember:
    return StaffMember(
        id=strawberry.ID(global_id(PREFIX, row.id)),
        key=row.id,
        name=row.name,
        roles=[StaffRole(role) for role in row.roles],
    )


@found_by(PREFIX)
async def find_staff(ids: Sequence[UUID], context: Context) -> Sequence[StaffMember | None]:
    """Members of the staff by id, for each other only."""
    if not context.is_staff:
        return [None] * len(ids)
    rows = await STAFF_MEMBERS.all(context.services.database, ids=list(set(ids)))
    return in_order(ids, map(_member_of, rows), lambda member: member.key)


async def who_works_on_cases(context: Context, first: int | None, after: str | None) -> StaffMemberConnection:
    """A page of those to whom a case can be given."""
    page = Page(first, after)
    rows = await WHO_WORKS_ON_CASES.all(context.services.database, after=page.after_id(FIRST_UUID), most=page.most)
    nodes = [_member_of(row) for row in rows]
    return page.of(StaffMemberConnection, StaffMemberEdge, nodes, lambda member: id_cursor(member.key))
