"""What people say of themselves: how their name is written, when they were born, what they are spoken to in."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass, replace
from datetime import date
from typing import Final
from uuid import UUID

from domain.customers.customer import Customer, Profile
from domain.customers.errors import (
    BirthDateFixed,
    DependantNotFound,
    GuardianNeeded,
    InvalidBirthDate,
    InvalidName,
    LocaleNotOffered,
)
from domain.customers.usecases import CustomerWork
from domain.kernel.access import Permission
from domain.kernel.errors import Invalid
from domain.kernel.events import Event
from domain.kernel.executor import Command, personal, use_case
from domain.kernel.time import age_on, local_date

_FIELDS: Final = ("given_name", "family_name", "birth_date", "locale")
LONGEST_NAME: Final = 100
OLDEST: Final = 130

# Controls, what has no meaning or only a private one, and line breaks. Marks of direction are among the invisible (Cf).
_REFUSED: Final = frozenset({"Cc", "Cf", "Cn", "Co", "Cs", "Zl", "Zp"})
_JOINERS: Final = frozenset("\u200c\u200d")  # invisible too, but some scripts cannot do without them


@dataclass(frozen=True, kw_only=True)
class UpdateProfile(Command[Customer]):
    """Say what is to be different; None leaves it as it is. `dependant_id` is a child's; None means oneself."""

    dependant_id: UUID | None = None
    given_name: str | None = personal(default=None)
    family_name: str | None = personal(default=None)
    birth_date: date | None = personal(default=None)
    locale: str | None = None


async def profile_of(dependant_id: UUID | None, work: CustomerWork) -> Profile:
    """One's own profile, or that of a child whose guardian one is; locked. Raises `DependantNotFound`."""
    assert work.actor.subject is not None, "customers only have the permissions that lead here"
    profile = await work.customers.of_actor(dependant_id or work.actor.subject)
    if profile is None:
        raise DependantNotFound
    return profile


def written_name(text: str, field: str) -> str:
    """A name as it is kept: composed (NFC), with single spaces. Raises `InvalidName`."""
    composed = unicodedata.normalize("NFC", text)
    if any(unicodedata.category(c) in _REFUSED and c not in _JOINERS for c in composed):
        raise InvalidName(field)
    name = " ".join(composed.split())
    if len(name) > LONGEST_NAME or not any(c.isalpha() for c in name):
        raise InvalidName(field)
    return name


@use_case(
    Permission.PROFILE_UPDATE,
    rejects=[DependantNotFound, GuardianNeeded, InvalidName, InvalidBirthDate, BirthDateFixed, LocaleNotOffered],
)
async def update_profile(command: UpdateProfile, work: CustomerWork) -> Customer:
    """What is said anew is kept; the event tells which parts, and not what they are."""
    if all(getattr(command, name) is None for name in _FIELDS):
        raise Invalid("Say what is to be changed.")
    profile = await profile_of(command.dependant_id, work)
    before = after = profile.customer
    if command.given_name is not None:
        after = replace(after, given_name=written_name(command.given_name, "given_name"))
    if command.family_name is not None:
        after = replace(after, family_name=written_name(command.family_name, "family_name"))
    if command.locale is not None:
        if command.locale not in work.operator.locales:
            raise LocaleNotOffered
        after = replace(after, locale=command.locale)
    if command.birth_date is not None and command.birth_date != before.birth_date:
        _ensure_birth_date_can_be_said(command.birth_date, profile, work)
        after = replace(after, birth_date=command.birth_date)
    if after == before:
        return before
    await work.customers.keep(after)
    changed = " ".join(name for name in _FIELDS if getattr(after, name) != getattr(before, name))
    work.emit(Event("profile.updated", after.id, {"customer_id": str(after.id), "fields": changed}))
    return after


def _ensure_birth_date_can_be_said(birth_date: date, profile: Profile, work: CustomerWork) -> None:
    """Once, since gifts and a child's protection hang on it; and not by a child."""
    if profile.customer.birth_date is not None:
        raise BirthDateFixed
    if profile.has_guardian and profile.customer.id == work.actor.subject:
        raise GuardianNeeded
    today = local_date(work.now, work.operator.time_zone)
    if birth_date > today or age_on(today, birth_date) > OLDEST:
        raise InvalidBirthDate


USE_CASES: Final = (update_profile,)
