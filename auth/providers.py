"""Identity providers that an operator trusts, and what their claims mean. All of it comes from the settings."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from typing import Any, Final

from domain.identity.identification import Identification
from domain.kernel.access import StaffRole

CALLBACK: Final = "/oauth/callback"
"""Where providers send people back to, at each operator's address."""
LONGEST_CLAIM: Final = 255
"""In characters, as OpenID Connect has it for `sub`."""
MOST_GROUPS: Final = 1000

_DATE: Final = re.compile(r"(\d{4})-?(\d{2})-?(\d{2})", re.ASCII)


class ProviderKind(StrEnum):
    """Whom a provider vouches for."""

    ELECTRONIC_ID = "electronic_id"
    """Customers, as e-ID brokers do."""
    STAFF = "staff_sign_in"
    """The operator's staff, by single sign-on."""


class UnusableClaims(Exception):
    """What the provider says lacks something, or is not of the kind that it must be. The message is a claim's name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimNames:
    """What the provider calls what is needed of it."""

    subject: str = "sub"
    name: str = "name"
    given_name: str = "given_name"
    family_name: str = "family_name"
    birth_date: str = "birthdate"
    """Its value is written as 1985-07-12 or 19850712."""
    identity_number: str | None = None
    groups: str = "groups"


@dataclass(frozen=True, slots=True, kw_only=True)
class IdentityProvider:
    """One provider, as one operator uses it."""

    kind: ProviderKind
    name: str
    """What people call it, such as `BankID`."""
    issuer: str
    client_id: str
    client_secret: str = field(repr=False)
    scopes: tuple[str, ...] = ("openid", "profile")
    acr_values: tuple[str, ...] = ()
    """What is asked for, the best first."""
    accepted_acr: frozenset[str] = frozenset()
    """What the provider must say it has done. Empty where its word alone is enough, as for staff."""
    parameters: Mapping[str, str] = field(default_factory=dict[str, str])
    """More that it wants to be sent, such as a broker's `login_hint`."""
    claims: ClaimNames = field(default_factory=ClaimNames)
    roles: Mapping[str, frozenset[StaffRole]] = field(default_factory=dict[str, frozenset[StaffRole]])
    """What each group of the provider's is there for; a group that is not named is there for nothing."""


@dataclass(frozen=True, slots=True)
class StaffIdentity:
    """Somebody of the staff, as their employer's provider knows them now."""

    issuer: str
    subject: str = field(repr=False)
    name: str = field(repr=False)
    roles: frozenset[StaffRole]


def identification_of(said: Mapping[str, Any], provider: IdentityProvider, identified_at: datetime) -> Identification:
    """Who a customer is. Raises `UnusableClaims`."""
    names = provider.claims
    given_name, family_name = _names(said, names)
    number = names.identity_number
    return Identification(
        provider=provider.issuer,
        subject=_required(said, names.subject),
        given_name=given_name,
        family_name=family_name,
        birth_date=_date(said, names.birth_date),
        identity_number=_text(said, number) if number else None,
        identified_at=identified_at,
    )


def staff_identity_of(said: Mapping[str, Any], provider: IdentityProvider) -> StaffIdentity:
    """Who somebody of the staff is, and what for. Raises `UnusableClaims`."""
    names = provider.claims
    roles = frozenset(
        role for group in _groups(said, names.groups) for role in provider.roles.get(group, frozenset[StaffRole]())
    )
    name = _text(said, names.name) or " ".join(_names(said, names))
    return StaffIdentity(provider.issuer, _required(said, names.subject), name, roles)


def _names(said: Mapping[str, Any], names: ClaimNames) -> tuple[str, str]:
    """Given and family name. A provider that says only the whole name has its last word taken for the family's."""
    given_name, family_name = _text(said, names.given_name), _text(said, names.family_name)
    if given_name and family_name:
        return given_name, family_name
    first, _, last = _required(said, names.name).rpartition(" ")
    return (first, last) if first else (last, "")


def _required(said: Mapping[str, Any], claim: str) -> str:
    text = _text(said, claim)
    if not text:
        raise UnusableClaims(claim)
    return text


def _text(said: Mapping[str, Any], claim: str) -> str | None:
    """A text without what nobody can see; None when the provider does not say it."""
    value = said.get(claim)
    if value is None or value == "":
        return None
    if not isinstance(value, str) or len(value) > LONGEST_CLAIM or value.strip() != value:
        raise UnusableClaims(claim)
    if any(unicodedata.category(character).startswith("C") for character in value):
        raise UnusableClaims(claim)
    return value


def _date(said: Mapping[str, Any], claim: str) -> date | None:
    text = _text(said, claim)
    if text is None:
        return None
    match = _DATE.fullmatch(text)
    if match is None:
        raise UnusableClaims(claim)
    try:
        return date(*map(int, match.groups()))
    except ValueError:
        raise UnusableClaims(claim) from None


def _groups(said: Mapping[str, Any], claim: str) -> Iterable[str]:
    value = said.get(claim, [])
    groups: list[Any] = [value] if isinstance(value, str) else value
    if not isinstance(groups, list) or len(groups) > MOST_GROUPS:  # pyright: ignore[reportUnnecessaryIsInstance]  # it is the provider's
        raise UnusableClaims(claim)
    if not all(isinstance(group, str) for group in groups):
        raise UnusableClaims(claim)
    return groups
