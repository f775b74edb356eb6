"""What the executor keeps: claimed keys, the audit log, the event log and the cursors over it."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Identity, Index, LargeBinary, SmallInteger, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field, SQLModel

from persistence.tables.columns import BIG, TEXT, TIME, Xid8

THIS_TRANSACTION = {"server_default": text("pg_current_xact_id()")}


class IdempotencyTable(SQLModel, table=True):
    """A key, claimed in the transaction that makes what it is for. Kept 30 days."""

    __tablename__ = "idempotency"  # pyright: ignore[reportAssignmentType]  # a method, to SQLModel's types

    subject: str = Field(sa_type=TEXT, primary_key=True)
    actor: str = Field(sa_type=TEXT, primary_key=True)
    operation: str = Field(sa_type=TEXT, primary_key=True)
    key: str = Field(sa_type=TEXT, primary_key=True)
    fingerprint: bytes = Field(sa_type=LargeBinary)
    resource_id: UUID
    at: datetime = Field(sa_type=TIME, index=True)


class AuditTable(SQLModel, table=True):
    """One row an execution, committed with its effect. Append-only by database rights, and sealed in commit order."""

    __tablename__ = "audit"  # pyright: ignore[reportAssignmentType]  # a method, to SQLModel's types
    __table_args__ = (
        Index("audit_order", "xid", "id"),
        Index(
            "audit_of_support_session",
            text("(details ->> 'support_session_id')"),
            "at",
            postgresql_where=text("details ? 'support_session_id'"),
        ),
    )

    id: UUID = Field(primary_key=True)
    xid: int = Field(sa_type=Xid8, sa_column_kwargs=THIS_TRANSACTION)
    at: datetime = Field(sa_type=TIME)
    actor: str = Field(sa_type=TEXT)
    subject_id: UUID | None = None
    operation: str = Field(sa_type=TEXT)
    details: dict[str, Any] = Field(sa_type=JSONB)


class EventTable(SQLModel, table=True):
    """What happened, in the transaction in which it happened. Append-only by database rights.

    Read in commit order: by (xid, position), below the oldest transaction that is still open.
    """

    __tablename__ = "event"  # pyright: ignore[reportAssignmentType]  # a method, to SQLModel's types
    __table_args__ = (
        Index("event_order", "xid", "position"),
        Index("event_of_subject", "subject_id", "position"),
    )

    position: int | None = Field(default=None, sa_type=BIG, primary_key=True, sa_column_args=(Identity(always=True),))
    xid: int = Field(sa_type=Xid8, sa_column_kwargs=THIS_TRANSACTION)
    type: str = Field(sa_type=TEXT)
    version: int = Field(sa_type=SmallInteger)
    at: datetime = Field(sa_type=TIME)
    subject_id: UUID | None = None
    actor: str = Field(sa_type=TEXT)
    execution_id: UUID
    data: dict[str, Any] = Field(sa_type=JSONB)


class SubscriberCursorTable(SQLModel, table=True):
    """How far a subscriber has read. Moves in the transaction of the subscriber's effects."""

    __tablename__ = "subscriber_cursor"  # pyright: ignore[reportAssignmentType]  # a method, to SQLModel's types

    subscriber: str = Field(sa_type=TEXT, primary_key=True)
    shard: int = Field(sa_type=SmallInteger, primary_key=True)
    xid: int = Field(sa_type=Xid8)
    position: int = Field(sa_type=BIG)
    moved_at: datetime = Field(sa_type=TIME)
