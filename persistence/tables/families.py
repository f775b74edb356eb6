"""Families, their members, and who is whose guardian."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import Index, text
from sqlmodel import Field, SQLModel

from domain.families.family import FamilyRole
from persistence.tables.columns import TEXT, TIME, words


class FamilyTable(SQLModel, table=True):
    __tablename__ = "family"  # pyright: ignore[reportAssignmentType]  # a method, to SQLModel's types

    id: UUID = Field(primary_key=True)
    name: str = Field(sa_type=TEXT)
    created_at: datetime = Field(sa_type=TIME)


class FamilyMemberTable(SQLModel, table=True):
    """A customer belongs to one family at most, so the customer is the key."""

    __tablename__ = "family_member"  # pyright: ignore[reportAssignmentType]  # a method, to SQLModel's types
    __table_args__ = (
        Index("family_has_one_owner", "family_id", unique=True, postgresql_where=text("role = 'OWNER'")),
        Index("family_members", "family_id"),
    )

    customer_id: UUID = Field(primary_key=True, foreign_key="customer.id")
    family_id: UUID = Field(foreign_key="family.id")
    role: FamilyRole = Field(sa_type=words(FamilyRole))
    joined_at: datetime = Field(sa_type=TIME)


class GuardianshipTable(SQLModel, table=True):
    """A child has one guardian or two, who need not share a family."""

    __tablename__ = "guardianship"  # pyright: ignore[reportAssignmentType]  # a method, to SQLModel's types

    guardian_id: UUID = Field(primary_key=True, foreign_key="customer.id")
    dependant_id: UUID = Field(primary_key=True, foreign_key="customer.id", index=True)
    created_at: datetime = Field(sa_type=TIME)
