"""What an identity provider has said of a person who proved to it who they are."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Identification:
    """One person, identified once. Everything that is personal in it stays out of what prints it."""

    provider: str
    """Who said so: the provider's issuer."""
    subject: str = field(repr=False)
    """What the provider calls the person, for ever."""
    given_name: str = field(repr=False)
    family_name: str = field(repr=False)
    birth_date: date | None = field(repr=False)
    identity_number: str | None = field(repr=False)
    """The national identity number, as the provider writes it."""
    identified_at: datetime
    """When the person proved it."""
