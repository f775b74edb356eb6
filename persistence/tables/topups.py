"""Top-ups: the intent, and what became of it."""

from __future__ import annotations

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, text
from sqlmodel import Field, SQLModel

from domain.payments.ports import DeclineReason
from domain.topups.topup import TopUpStatus
from persistence.tables.columns import BIG, TEXT, TIME, words

UNSETTLED = "status in ('CREATED', 'REQUIRES_ACTION', 'UNKNOWN')"


class TopUpTable(SQLModel, table=True):
    """`customer_id` pays. Its id sorts by time, so lists are paged by it."""

    __tablename__ = "top_up"  # pyright: ignore[reportAssignmentType]  # a method, to SQLModel's types
    __table_args__ = (
        CheckConstraint("amount_minor > 0", name="top_up_buys_something"),
        Index("top_ups_of_customer", "customer_id", "id"),
        Index("top_ups_of_card", "card_id", "id"),
        Index(
            "unsettled_top_ups",
            "created_at",
            postgresql_where=text(UNSETTLED),
        ),
    )

    id: UUID = Field(primary_key=True)
    card_id: UUID = Field(foreign_key="card.id")
    customer_id: UUID = Field(foreign_key="customer.id")
    payment_method_id: UUID = Field(foreign_key="payment_method.id")
    amount_minor: int = Field(sa_type=BIG)
    currency: str = Field(sa_type=TEXT)
    status: TopUpStatus = Field(sa_type=words(TopUpStatus))
    decline_reason: DeclineReason | None = Field(default=None, sa_type=words(DeclineReason))
    provider_reference: str | None = Field(default=None, sa_type=TEXT)
    action_url: str | None = Field(default=None, sa_type=TEXT)
    leased_until: datetime | None = Field(default=None, sa_type=TIME)
    looks: int = Field(default=0, sa_column_kwargs={"server_default": text("0")})
    """How many times the provider has been asked since it was last silent."""
    created_at: datetime = Field(sa_type=TIME)
    settled_at: datetime | None = Field(default=None, sa_type=TIME)
    active_until: date | None = None
    """Until when the card was active because of it."""
