"""Challenges: a code that was asked for, what it is to prove, and how often it may be tried."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final, Protocol
from uuid import UUID

from domain.identity.allowances import Taking
from domain.identity.contacts import Contact
from domain.identity.rules import CodeRules
from domain.notifications.messages import Channel

CODE_LIFETIME: Final = timedelta(minutes=5)
CODE_TRIES: Final = 5


class ChallengePurpose(StrEnum):
    """What a right code proves. A code that was asked for one purpose is good for no other."""

    SIGN_IN = "SIGN_IN"
    CONTACT_POINT = "CONTACT_POINT"  # that a new phone number or e-mail address is the asker's


@dataclass(frozen=True, slots=True)
class SignInChallenge:
    """What the person who asked for a code is told, whoever they are."""

    id: UUID
    expires_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Challenge:
    """A challenge as it is kept. `customer_id` is null where nobody is known: then no code is sent, and none right."""

    id: UUID
    purpose: ChallengePurpose
    customer_id: UUID | None
    channel: Channel
    contact_digest: bytes = field(repr=False)
    """32 bytes that stand for the number or address."""
    device_digest: bytes | None = field(repr=False)
    """The device that asks, if it says so: known by this from when the code was right."""
    lane: bytes = field(repr=False)
    """With which codes it is counted (`Pace`)."""
    tries: int = CODE_TRIES
    created_at: datetime
    expires_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class UsedChallenge:
    """What a right code has proved: that this customer reads what is sent to the contact with this digest."""

    customer_id: UUID
    channel: Channel
    contact_digest: bytes = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class CodeRequest:
    """A code that is asked for, with all that is derived with keys. `CodeProcess.request` makes it."""

    contact: Contact
    contact_digest: bytes = field(repr=False)
    device_digest: bytes | None = field(repr=False)
    takings: tuple[Taking, ...] = field(repr=False)
    """What it is counted against, unless a known device asks."""
    price_minor: int | None
    """What sending it costs; None for what costs nothing."""
    rules: CodeRules = field(repr=False)


class SignInCodes(Protocol):
    """What is derived with keys of the operator's, so that neither codes nor unknown people's addresses are kept."""

    def matches(self, challenge_id: UUID, code: str, /) -> bool:
        """Whether this is the challenge's code. Takes as long for a wrong one as for the right one."""
        ...

    def digest_of(self, *parts: str) -> bytes:
        """32 bytes that stand for something, such as a phone number or a sender. The first part says what it is."""
        ...
