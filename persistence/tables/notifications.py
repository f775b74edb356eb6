"""What is told to people. Rows can be erased; nothing else keeps a copy of them."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Index, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field, SQLModel

from domain.notifications.messages import Channel
from persistence.tables.columns import TEXT, TIME, words


class MessageTable(SQLModel, table=True):
    __tablename__ = "message"  # pyright: ignore[reportAssignmentType]  # a method, to SQLModel's types
    __table_args__ = (Index("unsent_messages", "address", postgresql_where=text("ended_at is null")),)

    id: UUID = Field(primary_key=True)
    kind: str = Field(sa_type=TEXT)
    customer_id: UUID | None = None
    """Null for one who is not known: then nothing is sent, and the same work was done as if it were.

    No foreign key, whose check would take time for a known person only.
    """
    channel: Channel = Field(sa_type=words(Channel))
    address: str = Field(sa_type=TEXT)
    data: dict[str, Any] = Field(sa_type=JSONB)
    created_at: datetime = Field(sa_type=TIME)
    ended_at: datetime | None = Field(default=None, sa_type=TIME)
    """When it was sent, or it was decided not to."""
