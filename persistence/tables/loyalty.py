"""Bonuses: rewards that were granted, with their cause."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, Index
from sqlmodel import Field, SQLModel

from domain.kernel.quantities import UsageType
from persistence.tables.columns import BIG, TEXT, TIME, words


class BonusTable(SQLModel, table=True):
    __tablename__ = "bonus"  # pyright: ignore[reportAssignmentType]  # a method, to SQLModel's types
    __table_args__ = (
        CheckConstraint("quantity > 0", name="bonus_gives_something"),
        Index("bonuses_of_customer", "customer_id", "id"),
    )

    id: UUID = Field(primary_key=True)
    customer_id: UUID = Field(foreign_key="customer.id")
    card_id: UUID = Field(foreign_key="card.id")
    code: str = Field(sa_type=TEXT)
    """Which reward; the words for it are found by it."""
    usage_type: UsageType = Field(sa_type=words(UsageType))
    quantity: int = Field(sa_type=BIG)
    unit: str = Field(sa_type=TEXT)
    granted_at: datetime = Field(sa_type=TIME)
    valid_until: datetime | None = Field(default=None, sa_type=TIME)
