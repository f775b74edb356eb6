"""The ledger. The application reads these tables and changes them through the ledger's functions only."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, Identity, Index, UniqueConstraint, text
from sqlmodel import Field, SQLModel

from domain.ledger.ledger import Origin, Purpose, ReservationStatus, TransactionKind
from persistence.tables.columns import BIG, TEXT, TIME, words


class AccountTable(SQLModel, table=True):
    """(owner, purpose, unit). Without an owner it is the operator's own: it keeps no balance, so it is never hot."""

    __tablename__ = "account"  # pyright: ignore[reportAssignmentType]  # a method, to SQLModel's types
    __table_args__ = (
        UniqueConstraint("owner_id", "purpose", "unit", name="account_identity", postgresql_nulls_not_distinct=True),
        CheckConstraint("owner_id is not null or (balance = 0 and version = 0)", name="operator_account_keeps_nothing"),
    )

    id: int | None = Field(default=None, sa_type=BIG, primary_key=True, sa_column_args=(Identity(always=True),))
    owner_id: UUID | None = None
    purpose: Purpose = Field(sa_type=words(Purpose))
    unit: str = Field(sa_type=TEXT)
    balance: int = Field(default=0, sa_type=BIG, sa_column_kwargs={"server_default": text("0")})
    version: int = Field(default=0, sa_type=BIG, sa_column_kwargs={"server_default": text("0")})


class LedgerTransactionTable(SQLModel, table=True):
    """Entries that belong together. One kind of transaction a cause: what unites a payment and its credit (P4)."""

    __tablename__ = "ledger_transaction"  # pyright: ignore[reportAssignmentType]  # a method, to SQLModel's types
    __table_args__ = (UniqueConstraint("cause_id", "kind", name="one_transaction_of_a_kind_per_cause"),)

    id: UUID = Field(primary_key=True)
    kind: TransactionKind = Field(sa_type=words(TransactionKind))
    cause_id: UUID
    at: datetime = Field(sa_type=TIME)


class LedgerEntryTable(SQLModel, table=True):
    """A change of one account. On an owned account `before + amount` is the balance after; versions have no gaps."""

    __tablename__ = "ledger_entry"  # pyright: ignore[reportAssignmentType]  # a method, to SQLModel's types
    __table_args__ = (
        Index("ledger_entry_order", "account_id", "version", unique=True),
        CheckConstraint("amount <> 0", name="entry_changes_something"),
        CheckConstraint("(before is null) = (version is null)", name="entry_keeps_both_or_neither"),
    )

    transaction_id: UUID = Field(primary_key=True, foreign_key="ledger_transaction.id")
    account_id: int = Field(primary_key=True, foreign_key="account.id", sa_type=BIG)
    amount: int = Field(sa_type=BIG)
    before: int | None = Field(default=None, sa_type=BIG)
    version: int | None = Field(default=None, sa_type=BIG)


class BucketTable(SQLModel, table=True):
    """A lot: what one credit brought, and what is left of it."""

    __tablename__ = "bucket"  # pyright: ignore[reportAssignmentType]  # a method, to SQLModel's types
    __table_args__ = (
        CheckConstraint("reserved >= 0 and remaining >= reserved and initial >= remaining", name="bucket_floor"),
        Index("live_buckets", "account_id", postgresql_where=text("remaining > 0")),
        Index("buckets_to_expire", "valid_until", postgresql_where=text("remaining > reserved")),
    )

    id: int | None = Field(default=None, sa_type=BIG, primary_key=True, sa_column_args=(Identity(always=True),))
    account_id: int = Field(sa_type=BIG, foreign_key="account.id")
    transaction_id: UUID = Field(foreign_key="ledger_transaction.id")
    """The credit that made it."""
    origin: Origin = Field(sa_type=words(Origin))
    valid_from: datetime = Field(sa_type=TIME)
    valid_until: datetime | None = Field(default=None, sa_type=TIME)
    """The first instant at which it cannot be used; null for what is valid as long as its card."""
    initial: int = Field(sa_type=BIG)
    remaining: int = Field(sa_type=BIG)
    reserved: int = Field(default=0, sa_type=BIG, sa_column_kwargs={"server_default": text("0")})


class DrawTable(SQLModel, table=True):
    """Where a debit came from: how much of it, out of which bucket."""

    __tablename__ = "draw"  # pyright: ignore[reportAssignmentType]  # a method, to SQLModel's types
    __table_args__ = (CheckConstraint("amount > 0", name="draw_takes_something"),)

    transaction_id: UUID = Field(primary_key=True, foreign_key="ledger_transaction.id")
    bucket_id: int = Field(primary_key=True, foreign_key="bucket.id", sa_type=BIG, index=True)
    amount: int = Field(sa_type=BIG)


class ReservationTable(SQLModel, table=True):
    """A quantity that is spoken for and not yet spent. It ends once."""

    __tablename__ = "reservation"  # pyright: ignore[reportAssignmentType]  # a method, to SQLModel's types
    __table_args__ = (
        CheckConstraint("amount > 0 and posted between 0 and amount", name="reservation_posts_at_most_its_amount"),
        Index("held_reservations", "expires_at", postgresql_where=text("status = 'HELD'")),
    )

    id: UUID = Field(primary_key=True)
    account_id: int = Field(sa_type=BIG, foreign_key="account.id")
    amount: int = Field(sa_type=BIG)
    posted: int = Field(default=0, sa_type=BIG, sa_column_kwargs={"server_default": text("0")})
    status: ReservationStatus = Field(sa_type=words(ReservationStatus))
    created_at: datetime = Field(sa_type=TIME)
    expires_at: datetime = Field(sa_type=TIME)
    ended_at: datetime | None = Field(default=None, sa_type=TIME)


class ReservationHoldTable(SQLModel, table=True):
    """How much of which bucket a reservation holds."""

    __tablename__ = "reservation_hold"  # pyright: ignore[reportAssignmentType]  # a method, to SQLModel's types

    reservation_id: UUID = Field(primary_key=True, foreign_key="reservation.id")
    bucket_id: int = Field(primary_key=True, foreign_key="bucket.id", sa_type=BIG)
    amount: int = Field(sa_type=BIG)
