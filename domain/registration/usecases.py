"""Who a customer is, the registration of their cards, and what becomes of both."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final
from uuid import UUID

from domain.cards.card import Card
from domain.cards.errors import CardBlocked, CardClosed, CardConverted, CardNotFound
from domain.identity.errors import IdentityNotLinkable
from domain.identity.identification import Identification
from domain.identity.session import AuthenticationMethod
from domain.kernel.access import Access, Assurance, Permission, StepUp
from domain.kernel.chores import CHUNK, Chore, NothingDue
from domain.kernel.events import Event
from domain.kernel.executor import Command, Keyed, personal, use_case
from domain.kernel.time import local_date
from domain.registration.errors import (
    AddressIncomplete,
    CardAlreadyRegistered,
    HolderTooYoung,
    IdentificationMissing,
    RegistrationNotRequired,
)
from domain.registration.identity_numbers import InvalidIdentityNumber, identity_number
from domain.registration.ports import RegistrationWork
from domain.registration.registration import (
    UNUSED_IS_KEPT,
    Address,
    CustomerIdentity,
    Registration,
    ensure_can_be_registered,
)


@dataclass(frozen=True, kw_only=True)
class RecordIdentification(Command[None]):
    """An identity provider has said who a customer is."""

    customer_id: UUID
    identification: Identification = personal()


@dataclass(frozen=True, kw_only=True)
class RegisterCard(Keyed[Registration]):
    """Answer for a card of one's own, so that it can be used. The address is where one lives."""

    card_id: UUID
    street: str = personal()
    postal_code: str = personal()
    city: str = personal()
    country: str = personal()


@dataclass(frozen=True, kw_only=True)
class EraseRegistrations(Chore):
    """Forget who held a card whose service ended a year ago."""


@dataclass(frozen=True, kw_only=True)
class BeginIdentityNumberKey(Command[int]):
    """Seal identity numbers by a new version of the key from now on. The answer is the version that seals."""


@dataclass(frozen=True, kw_only=True)
class ResealIdentityNumbers(Chore):
    """Seal by the newest version of the key what was sealed by earlier ones."""


async def keep_identification(identification: Identification, customer_id: UUID, work: RegistrationWork) -> None:
    """Keeps who a customer is, as part of the execution in which they proved it. Raises `IdentityNotLinkable`.

    Without a national identity number that somebody can have there is nothing by which to register a card, and so
    nothing is kept.
    """
    today = local_date(work.now, work.operator.time_zone)
    try:
        number = identity_number(identification.identity_number or "", work.operator.country, today)
    except InvalidIdentityNumber:
        return
    identity = CustomerIdentity(
        id=work.id,
        customer_id=customer_id,
        provider=identification.provider,
        subject=identification.subject,
        method=AuthenticationMethod.ELECTRONIC_ID,
        given_name=identification.given_name,
        family_name=identification.family_name,
        birth_date=identification.birth_date or number.birth_date,
        number=work.identity_numbers.seal(
            number, customer_id=customer_id, key_version=await work.registrations.key_version()
        ),
        identified_at=identification.identified_at,
    )
    if not await work.registrations.keep_identity(identity):
        raise IdentityNotLinkable
    work.emit(Event("customer.identified", customer_id, {"customer_id": str(customer_id)}))


@use_case(Permission.CUSTOMER_IDENTIFY, rejects=[IdentityNotLinkable])
async def record_identification(command: RecordIdentification, work: RegistrationWork) -> None:
    """For our own processes; whoever signs in is recorded as they do."""
    await keep_identification(command.identification, command.customer_id, work)


async def _as_it_stands(id: UUID, work: RegistrationWork) -> Registration:
    """Only for who still holds the card: a replay is authorised afresh."""
    registration = await work.registrations.get(id)
    if registration is None:
        raise CardNotFound
    await _card_of_holder(registration.card_id, work)
    return registration


@use_case(
    Permission.CARD_REGISTER,
    rejects=[
        CardNotFound,
        CardAlreadyRegistered,
        CardBlocked,
        CardConverted,
        CardClosed,
        RegistrationNotRequired,
        IdentificationMissing,
        HolderTooYoung,
        AddressIncomplete,
    ],
    replay=_as_it_stands,
    step_up=StepUp(Assurance.STRONG),
)
async def register_card(command: RegisterCard, work: RegistrationWork) -> Registration:
    """For the holder alone: a child's card is held by a parent, who so answers for it."""
    if not work.operator.card_registration_required:
        raise RegistrationNotRequired
    today = local_date(work.now, work.operator.time_zone)
    card = (await _card_of_holder(command.card_id, work)).as_of(today)
    ensure_can_be_registered(card)
    address = Address(
        street=command.street, postal_code=command.postal_code, city=command.city, country=command.country
    ).tidied()
    assert card.holder_id is not None
    identity = await work.registrations.current_identity(card.holder_id)
    if identity is None:
        raise IdentificationMissing
    identity.ensure_may_hold_cards(today)
    registration = Registration(
        id=work.id,
        card_id=card.id,
        customer_id=card.holder_id,
        identity_id=identity.id,
        service_number=card.phone_number,
        address=address,
        registered_at=work.now,
    )
    await work.registrations.add(registration)
    await work.cards.keep_registered(card.activated(work.operator, today), work.now)
    data = {"card_id": str(card.id), "registration_id": str(registration.id)}
    work.emit(Event("card.registered", card.holder_id, data))
    return registration


@use_case(Permission.REGISTRATION_ERASE, rejects=[NothingDue])
async def erase_registrations(command: EraseRegistrations, work: RegistrationWork) -> int:
    """With the last registration that rests on it goes what is known of who somebody is, the sealed number too."""
    today = local_date(work.now, work.operator.time_zone)
    erased = await work.registrations.erase(today, unused_since=work.now - UNUSED_IS_KEPT, limit=CHUNK)
    if not erased:
        raise NothingDue
    return erased


@use_case(Permission.IDENTITY_NUMBER_RESEAL)
async def begin_identity_number_key(command: BeginIdentityNumberKey, work: RegistrationWork) -> int:
    """While there is something that an earlier version has sealed, the one that seals now goes on."""
    version = await work.registrations.key_version()
    if await work.registrations.sealed_before(version, limit=1):
        return version
    return await work.registrations.begin_key_version()


@use_case(Permission.IDENTITY_NUMBER_RESEAL, rejects=[NothingDue])
async def reseal_identity_numbers(command: ResealIdentityNumbers, work: RegistrationWork) -> int:
    """Each chunk is whole or not at all, and what is left is found again by its version."""
    version = await work.registrations.key_version()
    identities = await work.registrations.sealed_before(version, limit=CHUNK)
    if not identities:
        raise NothingDue
    await work.registrations.keep_numbers([_resealed(identity, version, work) for identity in identities])
    return len(identities)


def _resealed(identity: CustomerIdentity, version: int, work: RegistrationWork) -> CustomerIdentity:
    number = work.identity_numbers.reseal(identity.number, customer_id=identity.customer_id, key_version=version)
    return replace(identity, number=number)


async def _card_of_holder(id: UUID, work: RegistrationWork) -> Card:
    card = await work.cards.of_actor(id, Access.IDENTITY)
    if card is None or card.holder_id != work.actor.subject:
        raise CardNotFound
    return card


USE_CASES: Final = (
    record_identification,
    register_card,
    erase_registrations,
    begin_identity_number_key,
    reseal_identity_numbers,
)
