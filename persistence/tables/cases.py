"""Cases and their logs."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import Index, text
from sqlmodel import Field, SQLModel

from domain.cases.case import CaseKind, CaseState, EntryKind
from persistence.tables.columns import TEXT, TIME, words


class CaseTable(SQLModel, table=True):
    """Something that a person at the operator must look at."""

    __tablename__ = "case_file"  # pyright: ignore[reportAssignmentType]  # `case` is a word of SQL's
    __table_args__ = (
        Index("cases_about", "kind", "about_id", unique=True, postgresql_where=text("about_id is not null")),
        Index("cases_by_due_date", "due_at", "id", postgresql_where=text("state <> 'RESOLVED'")),
        Index("resolved_cases", "due_at", "id", postgresql_where=text("state = 'RESOLVED'")),
        Index("cases_of_customer", "customer_id", "id"),
        Index("cases_of_owner", "owner_id", "due_at", "id"),
    )

    id: UUID = Field(primary_key=True)
    kind: CaseKind = Field(sa_type=words(CaseKind))
    customer_id: UUID | None = Field(default=None, foreign_key="customer.id")
    about_id: UUID | None = None
    barred_staff_id: UUID | None = Field(default=None, foreign_key="staff.id")
    owner_id: UUID | None = Field(default=None, foreign_key="staff.id")
    state: CaseState = Field(sa_type=words(CaseState))
    opened_at: datetime = Field(sa_type=TIME)
    due_at: datetime = Field(sa_type=TIME)
    resolved_at: datetime | None = Field(default=None, sa_type=TIME)


class CaseEntryTable(SQLModel, table=True):
    """A line of a case's log. Append-only by database rights."""

    __tablename__ = "case_entry"  # pyright: ignore[reportAssignmentType]  # a method, to SQLModel's types
    __table_args__ = (Index("entries_of_case", "case_id", "id"),)

    id: UUID = Field(primary_key=True)
    case_id: UUID = Field(foreign_key="case_file.id")
    kind: EntryKind = Field(sa_type=words(EntryKind))
    at: datetime = Field(sa_type=TIME)
    by: str = Field(sa_type=TEXT)
    staff_id: UUID | None = Field(default=None, foreign_key="staff.id")


class CaseTextTable(SQLModel, table=True):
    """What somebody wrote in a line of a case's log. It can be erased."""

    __tablename__ = "case_text"  # pyright: ignore[reportAssignmentType]  # a method, to SQLModel's types

    entry_id: UUID = Field(primary_key=True, foreign_key="case_entry.id")
    text: str = Field(sa_type=TEXT)
