"""The seals over the audit log. The log itself is the executor's: `persistence.tables.kernel`."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import LargeBinary
from sqlmodel import Field, SQLModel

from persistence.tables.columns import BIG, Xid8


class AuditSealTable(SQLModel, table=True):
    """A row's place in the chain. Append-only by database rights; the last one is also the sealer's cursor.

    It points at its row by no foreign key: it outlives the row, and says which one is missing.
    """

    __tablename__ = "audit_seal"  # pyright: ignore[reportAssignmentType]  # a method, to SQLModel's types

    sequence: int = Field(sa_type=BIG, primary_key=True, sa_column_kwargs={"autoincrement": False})
    audit_id: UUID = Field(unique=True)
    xid: int = Field(sa_type=Xid8)
    hash: bytes = Field(sa_type=LargeBinary)
