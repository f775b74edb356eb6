"""Staff, whom they looked for, and the support sessions in which they acted for a customer."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import Index, UniqueConstraint, text
from sqlmodel import Field, SQLModel

from domain.kernel.access import SupportAccess
from domain.support.search import SearchKind
from persistence.tables.columns import TEXT, TEXTS, TIME, UUIDS, words


class StaffTable(SQLModel, table=True):
    """Somebody of the operator's staff, as the identity provider knows them."""

    __tablename__ = "staff"  # pyright: ignore[reportAssignmentType]  # a method, to SQLModel's types
    __table_args__ = (UniqueConstraint("issuer", "subject", name="staff_identity"),)

    id: UUID = Field(primary_key=True)
    issuer: str = Field(sa_type=TEXT)
    subject: str = Field(sa_type=TEXT)
    name: str = Field(sa_type=TEXT)
    roles: list[str] = Field(sa_type=TEXTS)
    created_at: datetime = Field(sa_type=TIME)
    last_seen_at: datetime = Field(sa_type=TIME)


class CustomerSearchTable(SQLModel, table=True):
    """A look for a customer: by what kind of thing and with what result, but not what was typed. Append-only."""

    __tablename__ = "customer_search"  # pyright: ignore[reportAssignmentType]  # a method, to SQLModel's types
    __table_args__ = (Index("searches_of_staff", "staff_id", "made_at"),)

    id: UUID = Field(primary_key=True)
    staff_id: UUID = Field(foreign_key="staff.id")
    kind: SearchKind = Field(sa_type=words(SearchKind))
    found: list[UUID] = Field(sa_type=UUIDS)
    made_at: datetime = Field(sa_type=TIME)


class SupportSessionTable(SQLModel, table=True):
    """Staff act for a customer: why, how far and until when."""

    __tablename__ = "support_session"  # pyright: ignore[reportAssignmentType]  # a method, to SQLModel's types
    __table_args__ = (
        Index("support_sessions_of_customer", "customer_id", "id"),
        Index("ended_support_sessions", "ended_at", postgresql_where=text("ended_at is not null")),
    )

    id: UUID = Field(primary_key=True)
    staff_id: UUID = Field(foreign_key="staff.id")
    customer_id: UUID = Field(foreign_key="customer.id")
    access: SupportAccess = Field(sa_type=words(SupportAccess))
    reason: str = Field(sa_type=TEXT)
    ticket: str = Field(sa_type=TEXT)
    started_at: datetime = Field(sa_type=TIME)
    expires_at: datetime = Field(sa_type=TIME)
    ended_at: datetime | None = Field(default=None, sa_type=TIME)
    disputed_at: datetime | None = Field(default=None, sa_type=TIME)
    dispute: str | None = Field(default=None, sa_type=TEXT)
