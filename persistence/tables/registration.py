"""Who customers are by law, and the registrations of their cards."""

from __future__ import annotations

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import Index, LargeBinary, text
from sqlmodel import Field, SQLModel

from domain.identity.session import AuthenticationMethod
from persistence.tables.columns import TEXT, TIME, words


class IdentityNumberKeyTable(SQLModel, table=True):
    """A version of the key that seals identity numbers; the newest one does. The keys themselves are kept nowhere."""

    __tablename__ = "identity_number_key"  # pyright: ignore[reportAssignmentType]  # a method, to SQLModel's types

    version: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    begun_at: datetime = Field(sa_type=TIME)


class CustomerIdentityTable(SQLModel, table=True):
    """Who a customer is, as an identity provider has said. Earlier ones stay as long as a registration rests on them.

    What was said cannot be written over: only which one is current, and how the number is sealed.
    """

    __tablename__ = "customer_identity"  # pyright: ignore[reportAssignmentType]  # a method, to SQLModel's types
    __table_args__ = (
        Index("current_identity", "customer_id", unique=True, postgresql_where=text("is_current")),
        Index("current_identity_number", "number_digest", unique=True, postgresql_where=text("is_current")),
        Index("sealed_identity_numbers", "key_version", "id"),
        Index("identities_by_age", "identified_at"),
    )

    id: UUID = Field(primary_key=True)
    customer_id: UUID = Field(foreign_key="customer.id", index=True)
    is_current: bool
    provider: str = Field(sa_type=TEXT)
    subject: str = Field(sa_type=TEXT)
    method: AuthenticationMethod = Field(sa_type=words(AuthenticationMethod))
    given_name: str = Field(sa_type=TEXT)
    family_name: str = Field(sa_type=TEXT)
    birth_date: date | None = None
    sealed_number: bytes = Field(sa_type=LargeBinary)
    """A nonce of 12 bytes and what AES-GCM makes of the number with it, bound to the customer."""
    key_version: int
    number_digest: bytes = Field(sa_type=LargeBinary)
    """A keyed hash: one current customer has it, and staff find them by it."""
    masked_number: str = Field(sa_type=TEXT)
    identified_at: datetime = Field(sa_type=TIME)


class RegistrationTable(SQLModel, table=True):
    """Who answers for a card, where they live and by which identification. One at a time is in force."""

    __tablename__ = "registration"  # pyright: ignore[reportAssignmentType]  # a method, to SQLModel's types
    __table_args__ = (
        Index("registration_in_force", "card_id", unique=True, postgresql_where=text("keep_until is null")),
        Index("registrations_to_erase", "keep_until", postgresql_where=text("keep_until is not null")),
    )

    id: UUID = Field(primary_key=True)
    card_id: UUID = Field(foreign_key="card.id")
    customer_id: UUID = Field(foreign_key="customer.id", index=True)
    identity_id: UUID = Field(foreign_key="customer_identity.id", index=True)
    service_number: str = Field(sa_type=TEXT)
    street: str = Field(sa_type=TEXT)
    postal_code: str = Field(sa_type=TEXT)
    city: str = Field(sa_type=TEXT)
    country: str = Field(sa_type=TEXT)
    registered_at: datetime = Field(sa_type=TIME)
    keep_until: date | None = None
    """The last day on which it is kept; null as long as the service lasts."""
