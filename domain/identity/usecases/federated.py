"""Signing in by somebody else's word: an electronic identity for customers, the employer's single sign-on for staff."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final, Protocol
from uuid import UUID

from domain.identity.authorization import AUTHORIZATION_CODE_LIFETIME, AuthorizationCode, AuthorizationTerms
from domain.identity.errors import IdentityNotLinkable, IdentityNotLinked, SignInRefused
from domain.identity.identification import Identification
from domain.identity.ports import IdentityWork
from domain.identity.session import AuthenticationMethod, EndReason, Person
from domain.identity.usecases.sessions import end_all
from domain.identity.usecases.signing_in import use_sign_in_challenge
from domain.kernel.access import Permission, StaffRole
from domain.kernel.executor import Command, personal, use_case
from domain.notifications.messages import Channel
from domain.registration.ports import RegistrationWork
from domain.registration.usecases import keep_identification
from domain.support.ports import Support
from domain.support.usecases import RegisterStaff, register_staff


class StaffAdmission(StrEnum):
    """What became of somebody whom the employer has let in."""

    ADMITTED = "ADMITTED"
    WITHOUT_ROLE = "WITHOUT_ROLE"


class IdentifyingWork(IdentityWork, RegistrationWork, Protocol):
    """A transaction, as somebody sees it who has proved who they are by law."""


class FederatedWork(IdentityWork, Protocol):
    """A transaction, as somebody sees it whom an identity provider vouches for."""

    @property
    def support(self) -> Support: ...


@dataclass(frozen=True, kw_only=True)
class AuthorizeIdentified(Command[None]):
    """Give an app a code for the customer to whom an electronic identity is linked."""

    client_id: str
    terms: AuthorizationTerms = personal()
    code_digest: bytes = personal()
    identification: Identification = personal()


@dataclass(frozen=True, kw_only=True)
class LinkIdentity(Command[None]):
    """Link an electronic identity to the customer whose phone it is, and give an app a code.

    The challenge's sign-in code was right.
    """

    challenge_id: UUID
    client_id: str
    terms: AuthorizationTerms = personal()
    code_digest: bytes = personal()
    identification: Identification = personal()


@dataclass(frozen=True, kw_only=True)
class AuthorizeStaff(Command[StaffAdmission]):
    """Register somebody of the staff as their employer's identity provider knows them, and give an app a code."""

    client_id: str
    issuer: str
    roles: frozenset[StaffRole]
    subject: str = personal()
    name: str = personal()
    terms: AuthorizationTerms = personal()
    code_digest: bytes = personal()


@use_case(Permission.SIGN_IN, rejects=[IdentityNotLinked, IdentityNotLinkable])
async def authorize_identified(command: AuthorizeIdentified, work: IdentifyingWork) -> None:
    """Refused while the identity is nobody's here, and when the national identity number is another customer's."""
    said = command.identification
    customer_id = await work.identity.customer_identified(said.provider, said.subject, work.now)
    if customer_id is None:
        raise IdentityNotLinked
    await _identified(customer_id, command, work)


@use_case(Permission.SIGN_IN, rejects=[SignInRefused, IdentityNotLinkable])
async def link_identity(command: LinkIdentity, work: IdentifyingWork) -> None:
    """One identity, one customer; one customer, one identity of each provider. All of it happens or nothing.

    Who has the phone is not yet who the customer is: a birth date that is not the customer's refuses. Names are not
    compared, since people marry and registers spell. An e-mail address is too little to link an identity for ever.
    """
    used = await use_sign_in_challenge(command.challenge_id, work)
    if used.channel is not Channel.SMS:
        raise SignInRefused
    said = command.identification
    if not await work.identity.link(used.customer_id, said, work.now):
        raise IdentityNotLinkable
    await _identified(used.customer_id, command, work)


@use_case(Permission.STAFF_REGISTER)
async def authorize_staff(command: AuthorizeStaff, work: FederatedWork) -> StaffAdmission:
    """Who has lost a role is signed out everywhere; who has none left is not let in, and one never seen is not kept."""
    known = await work.support.staff_member(command.issuer, command.subject)
    if known is None and not command.roles:
        return StaffAdmission.WITHOUT_ROLE
    member = await register_staff(
        RegisterStaff(issuer=command.issuer, subject=command.subject, name=command.name, roles=command.roles), work
    )
    person = Person.staff(member.id)
    if known is not None and known.roles - command.roles:
        await end_all(person, EndReason.ROLE_TAKEN_AWAY, work)
    if not command.roles:
        return StaffAdmission.WITHOUT_ROLE
    await _give_code(person, AuthenticationMethod.SINGLE_SIGN_ON, command, work)
    return StaffAdmission.ADMITTED


async def _identified(customer_id: UUID, command: AuthorizeIdentified | LinkIdentity, work: IdentifyingWork) -> None:
    """What follows whenever a customer was identified by an electronic identity."""
    await keep_identification(command.identification, customer_id, work)
    await _give_code(Person.customer(customer_id), AuthenticationMethod.ELECTRONIC_ID, command, work)


async def _give_code(
    person: Person,
    method: AuthenticationMethod,
    command: AuthorizeIdentified | LinkIdentity | AuthorizeStaff,
    work: IdentityWork,
) -> None:
    code = AuthorizationCode(
        digest=command.code_digest,
        terms=command.terms,
        person=person,
        method=method,
        expires_at=work.now + AUTHORIZATION_CODE_LIFETIME,
    )
    await work.identity.add_authorization_code(code, work.now)


USE_CASES: Final = (authorize_identified, link_identity, authorize_staff)
