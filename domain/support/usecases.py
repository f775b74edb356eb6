"""Finding a customer, acting on their behalf, and the customer's say in it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final
from uuid import UUID

from domain.cases.case import CaseKind
from domain.cases.usecases import bring_up
from domain.kernel.access import Actor, Permission, StaffRole, SupportAccess
from domain.kernel.events import Event
from domain.kernel.executor import Command, personal, use_case
from domain.registration.identity_numbers import IdentityNumber
from domain.support.errors import (
    CustomerNotFound,
    ReasonMissing,
    SupportAccessDisputed,
    SupportSessionNotFound,
)
from domain.support.ports import SupportWork
from domain.support.search import (
    MOST_FOUND,
    PER,
    SEARCHES,
    CustomerSearch,
    SearchKind,
    SearchMade,
    ensure_within_limit,
)
from domain.support.session import SESSION_LIFETIME, SupportSession
from domain.support.staff import StaffMember


@dataclass(frozen=True, kw_only=True)
class RegisterStaff(Command[StaffMember]):
    """The identity provider has said who somebody of the staff is, and which roles they have now."""

    issuer: str
    subject: str = personal()
    name: str = personal()
    roles: frozenset[StaffRole]


@dataclass(frozen=True, kw_only=True)
class FindCustomers(Command[Sequence[UUID]]):
    """Look for a customer, to help them."""

    search: CustomerSearch = personal()


@dataclass(frozen=True, kw_only=True)
class StartSupportSession(Command[SupportSession]):
    """Begin to act for a customer."""

    customer_id: UUID
    reason: str = personal()
    ticket: str
    access: SupportAccess


@dataclass(frozen=True, kw_only=True)
class ActInSupportSession(Command[SupportSession]):
    """Be given what one acts with for the customer of a support session."""

    support_session_id: UUID


@dataclass(frozen=True, kw_only=True)
class EndSupportSession(Command[SupportSession]):
    """Stop acting for a customer before the time is over."""

    support_session_id: UUID


@dataclass(frozen=True, kw_only=True)
class RecordSupportRequest(Command[None]):
    """Staff ask for something on a customer's behalf. `fields` are what they ask for, such as `viewer.cards`."""

    fields: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class RecordCustomersSeen(Command[None]):
    """Staff are about to be shown personal data of customers whom they have looked for."""

    customer_ids: tuple[UUID, ...]


@dataclass(frozen=True, kw_only=True)
class DisputeSupportAccess(Command[SupportSession]):
    """A customer says that nobody should have acted for them."""

    support_session_id: UUID
    reason: str = personal()


@use_case(Permission.STAFF_REGISTER)
async def register_staff(command: RegisterStaff, work: SupportWork) -> StaffMember:
    """Their roles are what the provider says at each sign-in: what was taken away there is gone here too.

    So whoever has lost a role acts for nobody any more.
    """
    known = await work.support.staff_member(command.issuer, command.subject)
    member = StaffMember(
        id=known.id if known else work.id,
        issuer=command.issuer,
        subject=command.subject,
        name=command.name,
        roles=command.roles,
    )
    await work.support.keep_staff_member(member, work.now)
    if known is not None and known.roles - member.roles:
        for session in await work.support.end_sessions_of(member.id, work.now):
            work.emit(_event("ended", session))
    return member


@use_case(Permission.CUSTOMER_FIND)
async def find_customers(command: FindCustomers, work: SupportWork) -> Sequence[UUID]:
    """Each look is on record with who was found, and without what was typed. Raises `RateLimited`."""
    staff_id = _staff_of(work.actor)
    earlier = await work.support.searches_since(staff_id, work.now - PER, limit=SEARCHES)
    ensure_within_limit(earlier, work.now)
    found = await work.support.found_by(_as_it_is_kept(command.search, work), limit=MOST_FOUND)
    await work.support.add_search(
        SearchMade(id=work.id, staff_id=staff_id, kind=command.search.kind, made_at=work.now, found=found)
    )
    return found


@use_case(Permission.CUSTOMER_ASSIST, rejects=[CustomerNotFound, ReasonMissing])
async def start_support_session(command: StartSupportSession, work: SupportWork) -> SupportSession:
    """For a customer whom one may know of, and who is told of it by the event."""
    if not command.reason.strip():
        raise ReasonMissing
    staff_id = _staff_of(work.actor)
    if not await work.cases.may_be_helped(staff_id, command.customer_id):
        raise CustomerNotFound
    session = SupportSession(
        id=work.id,
        staff_id=staff_id,
        customer_id=command.customer_id,
        access=command.access,
        reason=command.reason.strip(),
        ticket=command.ticket.strip(),
        started_at=work.now,
        expires_at=work.now + SESSION_LIFETIME,
    )
    await work.support.add_session(session)
    work.emit(_event("started", session))
    return session


@use_case(Permission.CUSTOMER_ASSIST, rejects=[SupportSessionNotFound])
async def act_in_support_session(command: ActInSupportSession, work: SupportWork) -> SupportSession:
    """For whoever has begun it, while it is open. It is asked for as often as they like, and ends when it ends."""
    session = await work.support.session(command.support_session_id)
    if session is None or session.staff_id != _staff_of(work.actor) or not session.is_open(work.now):
        raise SupportSessionNotFound
    return session


@use_case(Permission.CUSTOMER_ASSIST, rejects=[SupportSessionNotFound])
async def end_support_session(command: EndSupportSession, work: SupportWork) -> SupportSession:
    """To end it twice changes nothing."""
    session = await work.support.session(command.support_session_id)
    if session is None or session.staff_id != _staff_of(work.actor):
        raise SupportSessionNotFound
    if not session.is_open(work.now):
        return session
    ended = replace(session, ended_at=work.now)
    await work.support.keep_session(ended)
    work.emit(_event("ended", ended))
    return ended


@use_case(Permission.SUPPORT_REQUEST, while_impersonating=SupportAccess.READ_ONLY)
async def record_support_request(command: RecordSupportRequest, work: SupportWork) -> None:
    """The audit row says it all: who, for whom, in which support session, and what was asked for (A4)."""


@use_case(Permission.CUSTOMER_FIND)
async def record_customers_seen(command: RecordCustomersSeen, work: SupportWork) -> None:
    """The audit row says it all: who was shown whom, and when (A5)."""


@use_case(Permission.SUPPORT_ACCESS_DISPUTE, rejects=[SupportSessionNotFound, SupportAccessDisputed, ReasonMissing])
async def dispute_support_access(command: DisputeSupportAccess, work: SupportWork) -> SupportSession:
    """What is still going on is stopped at once, and a lead looks into it."""
    if not command.reason.strip():
        raise ReasonMissing
    session = await work.support.session(command.support_session_id)
    if session is None or session.customer_id != work.actor.subject:
        raise SupportSessionNotFound
    if session.disputed_at is not None:
        raise SupportAccessDisputed
    ended_at = work.now if session.is_open(work.now) else session.ended_at
    disputed = replace(session, disputed_at=work.now, dispute=command.reason.strip(), ended_at=ended_at)
    await work.support.keep_session(disputed)
    work.emit(_event("disputed", disputed))
    await bring_up(
        work,
        CaseKind.SUPPORT_ACCESS_DISPUTED,
        about_id=session.id,
        customer_id=session.customer_id,
        barred_staff_id=session.staff_id,
        text=disputed.dispute,
    )
    return disputed


def _as_it_is_kept(search: CustomerSearch, work: SupportWork) -> CustomerSearch:
    """No identity number is handed to the database."""
    if search.kind is not SearchKind.IDENTITY_NUMBER:
        return search
    digest = work.identity_numbers.digest(IdentityNumber(work.operator.country, search.value))
    return replace(search, value=digest.hex())


def _staff_of(actor: Actor) -> UUID:
    assert actor.staff_id is not None, "nobody else has the permission"
    return actor.staff_id


def _event(what: str, session: SupportSession) -> Event:
    data = {"support_session_id": str(session.id), "staff_id": str(session.staff_id), "access": session.access.value}
    return Event(f"support_session.{what}", session.customer_id, data)


USE_CASES: Final = (
    register_staff,
    find_customers,
    start_support_session,
    act_in_support_session,
    end_support_session,
    record_support_request,
    record_customers_seen,
    dispute_support_access,
)
