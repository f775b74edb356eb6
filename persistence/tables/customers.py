"""People, and how they are reached."""

from __future__ import annotations

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import Identity
from sqlmodel import Field, SQLModel

from domain.customers.customer import ContactKind
from persistence.tables.columns import BIG, TEXT, TIME, words


class CustomerTable(SQLModel, table=True):
    __tablename__ = "customer"  # pyright: ignore[reportAssignmentType]  # a method, to SQLModel's types

    id: UUID = Field(primary_key=True)
    number: int | None = Field(
        default=None, sa_type=BIG, unique=True, sa_column_args=(Identity(always=True, start=10_000_001),)
    )
    """What the customer says on the telephone. The database gives it."""
    given_name: str = Field(sa_type=TEXT)
    family_name: str = Field(sa_type=TEXT)
    birth_date: date | None = None
    locale: str = Field(sa_type=TEXT)
    created_at: datetime = Field(sa_type=TIME)


class ContactPointTable(SQLModel, table=True):
    """A proven way to reach a person. One person has it, at most."""

    __tablename__ = "contact_point"  # pyright: ignore[reportAssignmentType]  # a method, to SQLModel's types

    kind: ContactKind = Field(sa_type=words(ContactKind), primary_key=True)
    value: str = Field(sa_type=TEXT, primary_key=True)
    customer_id: UUID = Field(foreign_key="customer.id", index=True)
    verified_at: datetime = Field(sa_type=TIME)
    lost_at: datetime | None = Field(default=None, sa_type=TIME)
    """When it was reported lost: then nobody signs in by it and nothing is told there, until it is proved again."""
