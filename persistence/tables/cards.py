"""Prepaid cards."""

from __future__ import annotations

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import Index, text
from sqlmodel import Field, SQLModel

from domain.cards.card import BlockReason, CardStatus
from persistence.tables.columns import TEXT, TIME, words


class CardTable(SQLModel, table=True):
    """`holder_id` owns it and `user_id` carries it. Dates are local; the card is in its period on the day itself."""

    __tablename__ = "card"  # pyright: ignore[reportAssignmentType]  # a method, to SQLModel's types
    __table_args__ = (
        Index("cards_in_use", "active_until", postgresql_where=text("status = 'ACTIVE'")),
        Index("cards_in_grace", "grace_until", postgresql_where=text("status = 'GRACE'")),
    )

    id: UUID = Field(primary_key=True)
    phone_number: str = Field(sa_type=TEXT, unique=True)
    iccid: str = Field(sa_type=TEXT, unique=True)
    status: CardStatus = Field(sa_type=words(CardStatus))
    holder_id: UUID | None = Field(default=None, foreign_key="customer.id", index=True)
    user_id: UUID | None = Field(default=None, foreign_key="customer.id", index=True)
    active_until: date | None = None
    grace_until: date | None = None
    block_reason: BlockReason | None = Field(default=None, sa_type=words(BlockReason))
    registered_at: datetime | None = Field(default=None, sa_type=TIME)
    created_at: datetime = Field(sa_type=TIME)
