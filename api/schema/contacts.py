"""Changing how one is reached: asked for, proved, told, and taken back."""

from __future__ import annotations

from datetime import datetime
from typing import Final
from uuid import UUID

import strawberry
from strawberry.types import Info

from api.context import Context
from api.schema import identity as identity  # first: what refuses a sign-in code refuses these too
from api.schema.customers import Customer, find_customers
from api.schema.errors import UserError, mutation, payload, user_error
from api.schema.fields import shown_field
from api.schema.scalars import PhoneNumber
from domain.contacts.errors import (
    ContactPointCodeRefused,
    ContactPointNotFound,
    ContactPointUnchanged,
    LastContactPoint,
    SignedInByPhone,
    UndoRefused,
)
from domain.contacts.processes import ContactProcess
from domain.contacts.usecases import (
    change_email,
    change_phone_number,
    confirm_contact_point,
    remove_contact_point,
    report_lost_phone,
    undo_contact_point_change,
)
from domain.customers.customer import ContactKind
from domain.customers.errors import ContactPointTaken
from domain.identity.contacts import Contact
from domain.identity.errors import InvalidEmailAddress, InvalidPhoneNumber, PhoneNumberNotServed
from domain.identity.senders import Sender
from domain.kernel.access import Permission
from domain.kernel.errors import Invalid

_TO_CHANGE_PHONE: Final = change_phone_number.rejects | {InvalidPhoneNumber, PhoneNumberNotServed}
_TO_CHANGE_EMAIL: Final = change_email.rejects | {InvalidEmailAddress}
_TO_CONFIRM: Final = confirm_contact_point.rejects | {InvalidPhoneNumber, InvalidEmailAddress}
_TO_REPORT: Final = report_lost_phone.rejects | {InvalidPhoneNumber}


@user_error(ContactPointUnchanged)
class ContactPointUnchangedError(UserError):
    """It is your own already."""


@user_error(ContactPointTaken)
class ContactPointTakenError(UserError):
    """Somebody else is known by it. It is told only to who has proved that they read what is sent there."""


@user_error(ContactPointCodeRefused, path="code")
class ContactPointCodeRefusedError(UserError):
    """The code is wrong, used, expired or out of tries, or was sent elsewhere."""


@user_error(ContactPointNotFound)
class ContactPointNotFoundError(UserError):
    """You have no such phone number or e-mail address."""


@user_error(LastContactPoint)
class LastContactPointError(UserError):
    """There would be no way left to sign in. Add another one first."""


@user_error(SignedInByPhone)
class SignedInByPhoneError(UserError):
    """Sign in with a code to your e-mail address, or by electronic identity: whoever has the phone reads its codes."""


@user_error(UndoRefused, path="code")
class UndoRefusedError(UserError):
    """The code is wrong, used or too old."""


@strawberry.input(description="The number that is to be one's own.")
class ChangePhoneNumberInput:
    phone_number: PhoneNumber = strawberry.field(description="A number that one can read text messages at.")


@strawberry.input(description="The address that is to be one's own.")
class ChangeEmailInput:
    email: str = strawberry.field(description="An e-mail address that one can read.")


@strawberry.input(description="The code, and what it was sent to: exactly one of `phoneNumber` and `email`.")
class ConfirmContactPointInput:
    challenge_id: strawberry.ID = strawberry.field(description="As it was received.")
    code: str = strawberry.field(description="The six digits that were sent.")
    phone_number: PhoneNumber | None = strawberry.field(default=None, description="The number that they were sent to.")
    email: str | None = strawberry.field(default=None, description="The address that they were sent to.")


@strawberry.input(description="How not to be reached any more.")
class RemoveContactPointInput:
    kind: ContactKind = strawberry.field(description="The kind of address to remove.")


@strawberry.input(description="What change to take back.")
class UndoContactPointChangeInput:
    code: str = strawberry.field(description="The code that was sent with the news of it.")


@strawberry.input(description="Which phone is lost.")
class ReportLostPhoneInput:
    phone_number: PhoneNumber = strawberry.field(description="One's own number, by which one is reached.")


@payload(_TO_CHANGE_PHONE)
class ChangePhoneNumberPayload:
    """What the code is confirmed with. It is the same whether or not somebody else is known by the number."""

    challenge_id: strawberry.ID | None = shown_field("To be given to `confirmContactPoint` with the code.")
    expires_at: datetime | None = shown_field("Until when the code is good.")


@payload(_TO_CHANGE_EMAIL)
class ChangeEmailPayload:
    """What the code is confirmed with. It is the same whether or not somebody else is known by the address."""

    challenge_id: strawberry.ID | None = shown_field("To be given to `confirmContactPoint` with the code.")
    expires_at: datetime | None = shown_field("Until when the code is good.")


@payload(_TO_CONFIRM)
class ConfirmContactPointPayload:
    """The person as they are now reached."""

    customer: Customer | None = shown_field("The person; null when it was refused.")


@payload(remove_contact_point.rejects)
class RemoveContactPointPayload:
    """The person as they are now reached."""

    customer: Customer | None = shown_field("The person; null when it was refused.")


@payload(undo_contact_point_change.rejects)
class UndoContactPointChangePayload:
    """When it was taken back."""

    undone_at: datetime | None = shown_field("When; null when it was refused.")


@payload(_TO_REPORT)
class ReportLostPhonePayload:
    """What was done about it."""

    customer: Customer | None = shown_field("The person; null when it was refused.")
    ended_sessions: int | None = shown_field("On how many devices one was signed out.")


@strawberry.type
class ContactMutations:
    @mutation(Permission.CONTACT_POINT_CHANGE, rejects=_TO_CHANGE_PHONE)
    async def change_phone_number(
        self, info: Info[Context, None], input: ChangePhoneNumberInput
    ) -> ChangePhoneNumberPayload | None:
        """Sends a code to a new phone number. One has to have signed in within the last five minutes."""
        challenge = await _process(info).change(
            Contact.phone(input.phone_number), sender=_sender(info), actor=info.context.actor
        )
        return ChangePhoneNumberPayload(challenge_id=strawberry.ID(str(challenge.id)), expires_at=challenge.expires_at)

    @mutation(Permission.CONTACT_POINT_CHANGE, rejects=_TO_CHANGE_EMAIL)
    async def change_email(self, info: Info[Context, None], input: ChangeEmailInput) -> ChangeEmailPayload | None:
        """Sends a code to a new e-mail address, the first one too. One has to have signed in within five minutes."""
        challenge = await _process(info).change(
            Contact.email(input.email), sender=_sender(info), actor=info.context.actor
        )
        return ChangeEmailPayload(challenge_id=strawberry.ID(str(challenge.id)), expires_at=challenge.expires_at)

    @mutation(Permission.CONTACT_POINT_CHANGE, rejects=_TO_CONFIRM)
    async def confirm_contact_point(
        self, info: Info[Context, None], input: ConfirmContactPointInput
    ) -> ConfirmContactPointPayload | None:
        """Makes a new number or address one's own, by the code that was sent to it.

        The earlier one is told, with a code by which the change can be taken back for 72 hours. One is signed out on
        every other device.
        """
        context = info.context
        contact = _contact(input)
        try:
            challenge_id = UUID(input.challenge_id)
        except ValueError:
            raise Invalid("challengeId is given back as it was received.") from None
        await _process(info).confirm(challenge_id, input.code, contact, sender=_sender(info), actor=context.actor)
        return ConfirmContactPointPayload(customer=await _oneself(context))

    @mutation(Permission.CONTACT_POINT_CHANGE, rejects=remove_contact_point.rejects)
    async def remove_contact_point(
        self, info: Info[Context, None], input: RemoveContactPointInput
    ) -> RemoveContactPointPayload | None:
        """Removes one's phone number or e-mail address, unless it is the last. What is told and ended is as above."""
        await _process(info).remove(input.kind, info.context.actor)
        return RemoveContactPointPayload(customer=await _oneself(info.context))

    @mutation(Permission.CONTACT_POINT_RESTORE, rejects=undo_contact_point_change.rejects)
    async def undo_contact_point_change(
        self, info: Info[Context, None], input: UndoContactPointChangeInput
    ) -> UndoContactPointChangePayload | None:
        """Takes a change back by the code that was told of it, and all that came after it. Nobody needs to sign in.

        Every device is signed out, whoever holds it.
        """
        undone_at = await _process(info).undo(input.code, info.context.actor)
        return UndoContactPointChangePayload(undone_at=undone_at)

    @mutation(Permission.CONTACT_POINT_CHANGE, rejects=_TO_REPORT)
    async def report_lost_phone(
        self, info: Info[Context, None], input: ReportLostPhoneInput
    ) -> ReportLostPhonePayload | None:
        """Nobody signs in any more by a code to this number, and one is signed out on every other device.

        To be asked of who has signed in otherwise. `changePhoneNumber` to the same number brings it back.
        """
        ended = await _process(info).report_lost(Contact.phone(input.phone_number), info.context.actor)
        return ReportLostPhonePayload(customer=await _oneself(info.context), ended_sessions=ended)


def _process(info: Info[Context, None]) -> ContactProcess:
    return info.context.services.identity.contacts


def _sender(info: Info[Context, None]) -> Sender:
    return Sender(address=info.context.address, client_id=info.context.actor.client_id or "")


def _contact(input: ConfirmContactPointInput) -> Contact:
    match input.phone_number, input.email:
        case str(number), None:
            return Contact.phone(number)
        case None, str(address):
            return Contact.email(address)
        case _:
            raise Invalid("Give exactly one of phoneNumber and email.")


async def _oneself(context: Context) -> Customer | None:
    [customer] = await find_customers([context.me], context)
    return customer
