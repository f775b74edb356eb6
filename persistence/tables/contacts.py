"""Changes of how people are reached, for as long as they can be taken back."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import Identity, Index, LargeBinary
from sqlmodel import Field, SQLModel

from domain.customers.customer import ContactKind
from persistence.tables.columns import BIG, TEXT, TIME, words


class ContactPointChangeTable(SQLModel, table=True):
    """A change that can be taken back by a code, which is kept as its digest. Its row goes a day after that time."""

    __tablename__ = "contact_point_change"  # pyright: ignore[reportAssignmentType]  # a method, to SQLModel's types
    __table_args__ = (Index("given_up_contact_points", "kind", "old_value"),)

    id: UUID = Field(primary_key=True)
    number: int | None = Field(default=None, sa_type=BIG, unique=True, sa_column_args=(Identity(always=True),))
    """A customer's later changes have greater ones: they are made one after the other. Ids are given out earlier."""
    customer_id: UUID = Field(foreign_key="customer.id", index=True)
    kind: ContactKind = Field(sa_type=words(ContactKind))
    old_value: str | None = Field(default=None, sa_type=TEXT)
    """What was given up. Until it can no more be taken back, nobody else gets it."""
    changed_at: datetime = Field(sa_type=TIME)
    undo_until: datetime = Field(sa_type=TIME, index=True)
    undo_digest: bytes = Field(sa_type=LargeBinary, unique=True)
    undone_at: datetime | None = Field(default=None, sa_type=TIME)
