"""Families with their members, as a member of theirs is shown them."""

from __future__ import annotations

from datetime import date, datetime
from typing import Final, NamedTuple
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import aliased

from persistence.queries.customers import customer_columns
from persistence.scope import ME
from persistence.statement import Query, col
from persistence.tables.customers import CustomerTable
from persistence.tables.families import FamilyMemberTable, FamilyTable


class FamilyMemberRow(NamedTuple):
    """A member, the family, and the person."""

    family_id: UUID
    name: str
    role: str
    joined_at: datetime
    id: UUID
    number: int
    given_name: str
    family_name: str
    birth_date: date | None
    locale: str
    relations: int


_mine = aliased(FamilyMemberTable)

FAMILY_OF_ACTOR: Final = Query(
    FamilyMemberRow,
    select(
        col(FamilyTable.id).label("family_id"),
        col(FamilyTable.name),
        col(FamilyMemberTable.role),
        col(FamilyMemberTable.joined_at),
        *customer_columns(),
    )
    .select_from(_mine)
    .join(FamilyTable, col(FamilyTable.id) == col(_mine.family_id))
    .join(FamilyMemberTable, col(FamilyMemberTable.family_id) == col(_mine.family_id))
    .join(CustomerTable, col(CustomerTable.id) == col(FamilyMemberTable.customer_id))
    .where(col(_mine.customer_id) == ME)
    .order_by(col(FamilyMemberTable.joined_at), col(CustomerTable.id)),
)
