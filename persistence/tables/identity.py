"""Sign-in: challenges, sessions, refresh tokens and the operator's signing keys."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, LargeBinary, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field, SQLModel

from domain.identity.challenge import ChallengePurpose
from domain.identity.session import AuthenticationMethod
from domain.notifications.messages import Channel
from persistence.tables.columns import BIG, TEXT, TIME, words


class SignInChallengeTable(SQLModel, table=True):
    """A code was asked for. The code itself is kept nowhere: it is derived from the id with a key of the operator's."""

    __tablename__ = "sign_in_challenge"  # pyright: ignore[reportAssignmentType]  # a method, to SQLModel's types
    __table_args__ = (
        CheckConstraint("attempts_left >= 0", name="challenge_has_a_floor"),
        Index("challenges_of_contact", "contact_digest", "created_at"),
        Index("challenges_of_customer", "customer_id"),
    )

    id: UUID = Field(primary_key=True)
    customer_id: UUID | None = None
    """Null for one who is not known: then no code is sent, and none is right.

    No foreign key: to check one takes time, which would tell who is known. The session that follows has one.
    """
    purpose: ChallengePurpose = Field(sa_type=words(ChallengePurpose))
    channel: Channel = Field(sa_type=words(Channel))
    contact_digest: bytes = Field(sa_type=LargeBinary)
    """A keyed hash of the number or address, to count by: those of people who are not known are not kept."""
    device_digest: bytes | None = Field(default=None, sa_type=LargeBinary)
    lane: bytes = Field(sa_type=LargeBinary)
    """With which of the contact's codes it is counted: a known device's digest, or empty for all others'."""
    attempts_left: int
    created_at: datetime = Field(sa_type=TIME)
    expires_at: datetime = Field(sa_type=TIME, index=True)
    used_at: datetime | None = Field(default=None, sa_type=TIME)


class KnownDeviceTable(SQLModel, table=True):
    """Somebody has signed in on a device by a contact: a keyed hash of the two, and nothing else."""

    __tablename__ = "known_device"  # pyright: ignore[reportAssignmentType]  # a method, to SQLModel's types

    digest: bytes = Field(sa_type=LargeBinary, primary_key=True)
    seen_at: datetime = Field(sa_type=TIME, index=True)


class CodeAllowanceTable(SQLModel, table=True):
    """How many codes, or tries, are left to a sender, a range of numbers, a program: one number for each.

    It is gone when it is full again. So an address is kept no longer than its window lasts, and as a keyed hash.
    """

    __tablename__ = "code_allowance"  # pyright: ignore[reportAssignmentType]  # a method, to SQLModel's types

    key: bytes = Field(sa_type=LargeBinary, primary_key=True)
    empty_until: datetime = Field(sa_type=TIME, index=True)


class SmsCostTable(SQLModel, table=True):
    """What codes in text messages have cost a day, in parts, so that not all wait for the same row."""

    __tablename__ = "sms_cost"  # pyright: ignore[reportAssignmentType]  # a method, to SQLModel's types

    day: date = Field(primary_key=True)
    part: int = Field(primary_key=True)
    cost_minor: int = Field(sa_type=BIG)


class SmsCeilingTable(SQLModel, table=True):
    """A day on which they have cost what they may. It is written once, by whoever is told first."""

    __tablename__ = "sms_ceiling"  # pyright: ignore[reportAssignmentType]  # a method, to SQLModel's types

    day: date = Field(primary_key=True)
    reached_at: datetime = Field(sa_type=TIME)


class SessionTable(SQLModel, table=True):
    """A device on which a customer or somebody of the staff is signed in."""

    __tablename__ = "session"  # pyright: ignore[reportAssignmentType]  # a method, to SQLModel's types
    __table_args__ = (
        CheckConstraint("num_nonnulls(customer_id, staff_id) = 1", name="session_has_one_person"),
        Index("ended_sessions", "ended_at", postgresql_where=text("ended_at is not null")),
    )

    id: UUID = Field(primary_key=True)
    customer_id: UUID | None = Field(default=None, foreign_key="customer.id", index=True)
    staff_id: UUID | None = Field(default=None, foreign_key="staff.id", index=True)
    method: AuthenticationMethod = Field(sa_type=words(AuthenticationMethod))
    client_id: str = Field(sa_type=TEXT)
    created_at: datetime = Field(sa_type=TIME)
    last_seen_at: datetime = Field(sa_type=TIME)
    generation: int
    """Which of its refresh tokens is the newest: each refresh begins a generation."""
    generation_at: datetime = Field(sa_type=TIME)
    ended_at: datetime | None = Field(default=None, sa_type=TIME)
    scope: str = Field(sa_type=TEXT, sa_column_kwargs={"server_default": ""})
    device: str | None = Field(default=None, sa_type=TEXT)
    """A short label of the device it began on, never the whole User-Agent."""


class AuthorizationCodeTable(SQLModel, table=True):
    """A code that an app was handed through the browser, by its hash, and all that it is bound to."""

    __tablename__ = "authorization_code"  # pyright: ignore[reportAssignmentType]  # a method, to SQLModel's types
    __table_args__ = (CheckConstraint("num_nonnulls(customer_id, staff_id) = 1", name="code_has_one_person"),)

    hash: bytes = Field(sa_type=LargeBinary, primary_key=True)
    client_id: str = Field(sa_type=TEXT)
    redirect_uri: str = Field(sa_type=TEXT)
    code_challenge: str = Field(sa_type=TEXT)
    scope: str = Field(sa_type=TEXT)
    nonce: str | None = Field(default=None, sa_type=TEXT)
    customer_id: UUID | None = Field(default=None, foreign_key="customer.id", index=True)
    staff_id: UUID | None = Field(default=None, foreign_key="staff.id", index=True)
    method: AuthenticationMethod = Field(sa_type=words(AuthenticationMethod))
    created_at: datetime = Field(sa_type=TIME)
    expires_at: datetime = Field(sa_type=TIME, index=True)
    session_id: UUID | None = Field(default=None, foreign_key="session.id")
    """Which session it has made. It stays here for a day, so that whoever comes with it again is found out."""


class FederatedIdentityTable(SQLModel, table=True):
    """An electronic identity, and the customer whose it is: one customer each, and one of each provider a customer."""

    __tablename__ = "federated_identity"  # pyright: ignore[reportAssignmentType]  # a method, to SQLModel's types
    __table_args__ = (UniqueConstraint("customer_id", "issuer", name="one_identity_of_each_provider"),)

    issuer: str = Field(sa_type=TEXT, primary_key=True)
    subject: str = Field(sa_type=TEXT, primary_key=True)
    customer_id: UUID = Field(foreign_key="customer.id")
    linked_at: datetime = Field(sa_type=TIME)
    last_seen_at: datetime = Field(sa_type=TIME)


class RefreshTokenTable(SQLModel, table=True):
    """A refresh token, by its hash. Good while it is of its session's newest generation, and shortly after."""

    __tablename__ = "refresh_token"  # pyright: ignore[reportAssignmentType]  # a method, to SQLModel's types

    hash: bytes = Field(sa_type=LargeBinary, primary_key=True)
    session_id: UUID = Field(foreign_key="session.id", index=True)
    generation: int
    created_at: datetime = Field(sa_type=TIME)
    expires_at: datetime = Field(sa_type=TIME)


class SigningKeyTable(SQLModel, table=True):
    """A key that signs this operator's tokens. The private half is encrypted with the deployment's secret."""

    __tablename__ = "signing_key"  # pyright: ignore[reportAssignmentType]  # a method, to SQLModel's types

    number: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    """The first is 1. Processes that make the next at the same time give it the same number, and one of them wins."""
    id: str = Field(sa_type=TEXT, unique=True)
    """What tokens call it (`kid`)."""
    public_jwk: dict[str, Any] = Field(sa_type=JSONB)
    private_jwk: bytes = Field(sa_type=LargeBinary)
    created_at: datetime = Field(sa_type=TIME)
    signs_from: datetime = Field(sa_type=TIME)
    """From when it signs. It is published before that, and until the last token that it has signed has expired."""
    withdrawn_at: datetime | None = Field(default=None, sa_type=TIME)
    """Since when nothing is believed that it has signed, but for what is signed for ever: it may be in other hands."""
