"""Tokens at the payment provider. No card number ever reaches this system."""

from __future__ import annotations

from datetime import date, datetime
from uuid import UUID

from sqlmodel import Field, SQLModel

from persistence.tables.columns import TEXT, TIME


class PaymentMethodTable(SQLModel, table=True):
    __tablename__ = "payment_method"  # pyright: ignore[reportAssignmentType]  # a method, to SQLModel's types

    id: UUID = Field(primary_key=True)
    customer_id: UUID = Field(foreign_key="customer.id", index=True)
    token: str = Field(sa_type=TEXT)
    brand: str = Field(sa_type=TEXT)
    last_digits: str = Field(sa_type=TEXT)
    expires_on: date
    """The last day on which it can be used."""
    is_default: bool = False
    created_at: datetime = Field(sa_type=TIME)
    removed_at: datetime | None = Field(default=None, sa_type=TIME)
