"""Giving a consent, and taking it back, which is as easy."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Protocol
from uuid import UUID

from domain.consents.consent import Consent, Consents, decides_alone, is_agreed
from domain.consents.errors import ConsentIsTheirOwn, ConsentPurposeNotFound, ConsentTextChanged
from domain.customers.customer import Profile
from domain.customers.errors import DependantNotFound, GuardianNeeded
from domain.customers.profile import profile_of
from domain.customers.usecases import CustomerWork
from domain.kernel.access import Permission
from domain.kernel.events import Event
from domain.kernel.executor import Command, use_case
from domain.kernel.time import local_date


class ConsentWork(CustomerWork, Protocol):
    """What consents need of a transaction."""

    @property
    def consents(self) -> Consents: ...


@dataclass(frozen=True, kw_only=True)
class UpdateConsent(Command[UUID]):
    """Agree to a purpose as this version of its text says, or not any more. The answer is whose consent it is."""

    purpose: str
    is_given: bool
    text_version: int
    dependant_id: UUID | None = None


@use_case(
    Permission.CONSENT_UPDATE,
    rejects=[DependantNotFound, GuardianNeeded, ConsentPurposeNotFound, ConsentTextChanged, ConsentIsTheirOwn],
)
async def update_consent(command: UpdateConsent, work: ConsentWork) -> UUID:
    """The customer is locked, so what is said at the same time stands in one order. To say it again adds nothing."""
    purpose = work.operator.consent_purpose(command.purpose)
    if purpose is None:
        raise ConsentPurposeNotFound
    profile = await profile_of(command.dependant_id, work)
    _ensure_theirs_to_say(command, profile, work)
    if command.is_given and command.text_version != purpose.text_version:
        raise ConsentTextChanged(purpose.text_version)
    customer_id, said_by = profile.customer.id, work.actor.subject
    latest = await work.consents.latest(customer_id, purpose.code)
    if is_agreed(purpose, latest) if command.is_given else latest is None or not latest.is_given:
        return customer_id
    assert said_by is not None
    consent = Consent(
        customer_id=customer_id,
        purpose=purpose.code,
        number=latest.number + 1 if latest else 1,
        is_given=command.is_given,
        text_version=purpose.text_version,
        at=work.now,
        said_by=said_by,
        client_id=work.actor.client_id,
    )
    await work.consents.add(consent)
    data = {"customer_id": str(customer_id), "purpose": purpose.code, "text_version": purpose.text_version}
    happened = "consent.given" if command.is_given else "consent.withdrawn"
    work.emit(Event(happened, customer_id, {**data, "is_by_guardian": said_by != customer_id}))
    return customer_id


def _ensure_theirs_to_say(command: UpdateConsent, profile: Profile, work: ConsentWork) -> None:
    """Guardians decide for a child until it is old enough. What was agreed to, a child of any age may end."""
    is_own = profile.customer.id == work.actor.subject
    is_old_enough = decides_alone(profile, local_date(work.now, work.operator.time_zone), work.operator.consent_age)
    if is_own and not is_old_enough and command.is_given:
        raise GuardianNeeded
    if not is_own and is_old_enough:
        raise ConsentIsTheirOwn


USE_CASES: Final = (update_consent,)
