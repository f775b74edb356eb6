"""Approvals, and the adjustments that may need one."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, UniqueConstraint, text
from sqlmodel import Field, SQLModel

from domain.adjustments.adjustment import AdjustmentReason, AdjustmentState
from domain.approvals.approval import ApprovalKind, ApprovalState
from persistence.tables.columns import BIG, TEXT, TIME, words


class AdjustmentTable(SQLModel, table=True):
    """A correction of a card's money by staff. What it does never changes, only what has become of it."""

    __tablename__ = "adjustment"  # pyright: ignore[reportAssignmentType]  # a method, to SQLModel's types
    __table_args__ = (
        CheckConstraint("amount_minor <> 0", name="adjustment_changes_something"),
        Index("adjustments_of_customer", "customer_id", "requested_at"),
    )

    id: UUID = Field(primary_key=True)
    card_id: UUID = Field(foreign_key="card.id")
    customer_id: UUID = Field(foreign_key="customer.id")
    staff_id: UUID = Field(foreign_key="staff.id")
    amount_minor: int = Field(sa_type=BIG)
    currency: str = Field(sa_type=TEXT)
    reason: AdjustmentReason = Field(sa_type=words(AdjustmentReason))
    ticket: str = Field(sa_type=TEXT)
    note: str = Field(sa_type=TEXT)
    state: AdjustmentState = Field(sa_type=words(AdjustmentState))
    requested_at: datetime = Field(sa_type=TIME)


class ApprovalTable(SQLModel, table=True):
    """A second person's yes that was asked for, and what became of it. There is one for a thing."""

    __tablename__ = "approval"  # pyright: ignore[reportAssignmentType]  # a method, to SQLModel's types
    __table_args__ = (
        UniqueConstraint("kind", "about_id", name="one_approval_for_a_thing"),
        CheckConstraint("decided_by is distinct from requested_by or state = 'WITHDRAWN'", name="approval_is_a_second"),
        Index("pending_approvals", "expires_at", postgresql_where=text("state = 'PENDING'")),
    )

    id: UUID = Field(primary_key=True)
    kind: ApprovalKind = Field(sa_type=words(ApprovalKind))
    about_id: UUID
    customer_id: UUID | None = Field(default=None, foreign_key="customer.id")
    requested_by: UUID = Field(foreign_key="staff.id")
    requested_at: datetime = Field(sa_type=TIME)
    expires_at: datetime = Field(sa_type=TIME)
    state: ApprovalState = Field(sa_type=words(ApprovalState))
    decided_by: UUID | None = Field(default=None, foreign_key="staff.id")
    decided_at: datetime | None = Field(default=None, sa_type=TIME)
