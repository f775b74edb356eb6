"""What people agreed to, and when they did not any more."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlmodel import Field, SQLModel

from persistence.tables.columns import TEXT, TIME


class ConsentTable(SQLModel, table=True):
    """What somebody said about a purpose at one time. The last one holds. Append-only by database rights."""

    __tablename__ = "consent"  # pyright: ignore[reportAssignmentType]  # a method, to SQLModel's types

    customer_id: UUID = Field(primary_key=True, foreign_key="customer.id")
    purpose: str = Field(sa_type=TEXT, primary_key=True)
    number: int = Field(primary_key=True)
    """Its place among what the customer has said about the purpose. So two that come at once are one after another."""
    is_given: bool
    text_version: int
    at: datetime = Field(sa_type=TIME)
    said_by: UUID = Field(foreign_key="customer.id")
    client_id: str | None = Field(default=None, sa_type=TEXT)
