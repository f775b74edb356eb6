"""Changing how one is reached: proved at both ends, told to the old one, and taken back from there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from domain.contacts.change import UNDO_PERIOD, ChangeKind, ContactChange, NewUndoCode, OwnContact
from domain.contacts.errors import (
    ContactPointCodeRefused,
    ContactPointNotFound,
    ContactPointUnchanged,
    LastContactPoint,
    SignedInByPhone,
    UndoRefused,
)
from domain.contacts.ports import ContactWork
from domain.contacts.telling import sign_out, tell, tell_of_change
from domain.customers.customer import ContactKind
from domain.customers.errors import ContactPointTaken
from domain.identity.challenge import ChallengePurpose, CodeRequest, SignInChallenge
from domain.identity.contacts import Contact
from domain.identity.session import AuthenticationMethod, EndReason
from domain.identity.usecases.challenges import CODE_REFUSALS, send_code
from domain.kernel.access import Assurance, Permission, StepUp
from domain.kernel.events import Event
from domain.kernel.executor import Command, personal, use_case
from domain.notifications.messages import Message, MessageKind


@dataclass(frozen=True, kw_only=True)
class ChangePhoneNumber(Command[SignInChallenge]):
    """Have a code sent to a phone number that is to be one's own."""

    request: CodeRequest = personal()


@dataclass(frozen=True, kw_only=True)
class ChangeEmail(Command[SignInChallenge]):
    """Have a code sent to an e-mail address that is to be one's own."""

    request: CodeRequest = personal()


@dataclass(frozen=True, kw_only=True)
class ConfirmContactPoint(Command[None]):
    """Be reached at a contact to which a code was sent that was right."""

    challenge_id: UUID
    contact: Contact = personal()
    contact_digest: bytes = personal()
    undo: NewUndoCode = personal()


@dataclass(frozen=True, kw_only=True)
class RemoveContactPoint(Command[None]):
    """Not be reached that way any more."""

    kind: ContactKind
    undo: NewUndoCode = personal()


@dataclass(frozen=True, kw_only=True)
class UndoContactPointChange(Command[datetime]):
    """Take a change back, and all that came after it, by a code that comes as its digest. The answer is when."""

    undo_digest: bytes = personal()


@dataclass(frozen=True, kw_only=True)
class ReportLostPhone(Command[int]):
    """Say that one's phone is lost. The answer is on how many devices that has signed one out."""

    contact: Contact = personal()


_TO_CHANGE: Final = (ContactPointUnchanged, *CODE_REFUSALS)


@use_case(Permission.CONTACT_POINT_CHANGE, rejects=_TO_CHANGE, step_up=StepUp())
async def change_phone_number(command: ChangePhoneNumber, work: ContactWork) -> SignInChallenge:
    """The fresh sign-in has proved the old end; the code will prove the new one."""
    return await _ask_for_proof(command.request, work)


@use_case(Permission.CONTACT_POINT_CHANGE, rejects=_TO_CHANGE, step_up=StepUp())
async def change_email(command: ChangeEmail, work: ContactWork) -> SignInChallenge:
    """As with a phone number. It is also how somebody adds an address who has none."""
    return await _ask_for_proof(command.request, work)


@use_case(Permission.CONTACT_POINT_CHANGE, rejects=[ContactPointCodeRefused, ContactPointTaken])
async def confirm_contact_point(command: ConfirmContactPoint, work: ContactWork) -> None:
    """Whether a contact is somebody else's is told here and no earlier: to who has proved that they read there."""
    customer_id = _me(work)
    await work.contacts.lock(customer_id)
    used = await work.identity.use_challenge(command.challenge_id, ChallengePurpose.CONTACT_POINT, work.now)
    if used is None or (used.customer_id, used.contact_digest) != (customer_id, command.contact_digest):
        raise ContactPointCodeRefused
    before = await work.contacts.of_customer(customer_id)
    if not await work.contacts.take(command.contact, customer_id, work.now):
        raise ContactPointTaken
    if any(own.contact == command.contact for own in before):  # a phone that was lost is in one's hands again
        work.emit(Event("phone.found", customer_id, {"customer_id": str(customer_id)}))
        return
    old = _of_kind(command.contact.kind, before)
    await _has_changed(command.contact.kind, old, command.undo, before, work)


@use_case(Permission.CONTACT_POINT_CHANGE, rejects=[ContactPointNotFound, LastContactPoint], step_up=StepUp())
async def remove_contact_point(command: RemoveContactPoint, work: ContactWork) -> None:
    """Somebody who could not be reached at all could not sign in either."""
    customer_id = _me(work)
    await work.contacts.lock(customer_id)
    before = await work.contacts.of_customer(customer_id)
    old = _of_kind(command.kind, before)
    if not old:
        raise ContactPointNotFound
    if not _is_reached_otherwise(command.kind, before):
        raise LastContactPoint
    await _has_changed(command.kind, old, command.undo, before, work, is_removal=True)


@use_case(Permission.CONTACT_POINT_RESTORE, rejects=[UndoRefused])
async def undo_contact_point_change(command: UndoContactPointChange, work: ContactWork) -> datetime:
    """All that came after it goes too: whoever took the phone number may have added an e-mail address first."""
    customer_id = await work.contacts.customer_of_change(command.undo_digest)
    if customer_id is None:
        raise UndoRefused
    await work.contacts.lock(customer_id)
    changes = await work.contacts.changes_since(command.undo_digest, work.now)
    if not changes:
        raise UndoRefused
    restored: dict[ContactKind, str | None] = {}
    for change in changes:
        restored.setdefault(change.kind, change.old_value)
    for own in await work.contacts.of_customer(customer_id):
        if own.contact.kind in restored:
            await work.contacts.give_up(own.contact, customer_id)
    await work.contacts.end_changes(changes, work.now)
    for kind, value in restored.items():
        if value is not None and not await work.contacts.take(Contact(kind, value), customer_id, work.now):
            raise UndoRefused
    await sign_out(customer_id, EndReason.CONTACT_POINT_CHANGED, work, but=None)
    work.emit(Event("contact_point.change_undone", customer_id, {"customer_id": str(customer_id)}))
    after = await work.contacts.of_customer(customer_id)
    message = Message(MessageKind.CONTACT_POINT_RESTORED, customer_id, {})
    await tell(message, [own.contact for own in after if not own.is_lost], work)
    return work.now


@use_case(Permission.CONTACT_POINT_CHANGE, rejects=[ContactPointNotFound, LastContactPoint, SignedInByPhone])
async def report_lost_phone(command: ReportLostPhone, work: ContactWork) -> int:
    """Whoever has found the phone could sign in by it too. So it is believed only to who signed in otherwise."""
    customer_id = _me(work)
    session = await work.identity.session(work.actor.session_id) if work.actor.session_id else None
    if session is not None and session.method is AuthenticationMethod.SMS_CODE:
        raise SignedInByPhone
    await work.contacts.lock(customer_id)
    before = await work.contacts.of_customer(customer_id)
    if not any(own.contact == command.contact for own in before):
        raise ContactPointNotFound
    authentication = work.actor.authentication
    is_strong = authentication is not None and authentication.assurance >= Assurance.STRONG
    if not is_strong and not _is_reached_otherwise(ContactKind.PHONE, before):
        raise LastContactPoint
    await work.contacts.report_lost(command.contact, customer_id, work.now)
    ended = await sign_out(customer_id, EndReason.PHONE_LOST, work, but=work.actor.session_id)
    work.emit(Event("phone.reported_lost", customer_id, {"customer_id": str(customer_id)}))
    message = Message(MessageKind.PHONE_REPORTED_LOST, customer_id, {})
    await tell(message, [own.contact for own in before if not own.is_lost], work)
    return ended


async def _ask_for_proof(request: CodeRequest, work: ContactWork) -> SignInChallenge:
    """The same is done and answered whether or not somebody else is reached there."""
    own = await work.contacts.of_customer(_me(work))
    if any(each.contact == request.contact and not each.is_lost for each in own):
        raise ContactPointUnchanged
    return await send_code(request, work, purpose=ChallengePurpose.CONTACT_POINT, customer_id=_me(work))


async def _has_changed(
    kind: ContactKind,
    old: Sequence[OwnContact],
    undo: NewUndoCode,
    before: Sequence[OwnContact],
    work: ContactWork,
    *,
    is_removal: bool = False,
) -> None:
    """What was there is given up and told, the change can be taken back, and every other device is signed out."""
    customer_id = _me(work)
    for each in old:
        await work.contacts.give_up(each.contact, customer_id)
    change = ContactChange(
        id=work.id,
        customer_id=customer_id,
        kind=kind,
        old_value=next((each.contact.value for each in old if not each.is_lost), None),
        changed_at=work.now,
        undo_until=work.now + UNDO_PERIOD,
        undo_digest=undo.digest,
    )
    await work.contacts.add_change(change)
    await tell_of_change(before, customer_id, undo.id, work)
    await sign_out(customer_id, EndReason.CONTACT_POINT_CHANGED, work, but=work.actor.session_id)
    what = ChangeKind.REMOVED if is_removal else ChangeKind.CHANGED if old else ChangeKind.ADDED
    work.emit(
        Event("contact_point.changed", customer_id, {"customer_id": str(customer_id), "kind": kind, "what": what})
    )


def _me(work: ContactWork) -> UUID:
    assert work.actor.subject is not None, "customers only have the permissions that lead here"
    return work.actor.subject


def _of_kind(kind: ContactKind, contacts: Sequence[OwnContact]) -> list[OwnContact]:
    return [own for own in contacts if own.contact.kind is kind]


def _is_reached_otherwise(kind: ContactKind, contacts: Sequence[OwnContact]) -> bool:
    return any(own.contact.kind is not kind and not own.is_lost for own in contacts)


USE_CASES: Final = (
    change_phone_number,
    change_email,
    confirm_contact_point,
    remove_contact_point,
    undo_contact_point_change,
    report_lost_phone,
)
