"""Signing in: the code is asked for here, and exchanged for tokens at `/oauth/token`."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any, Final

import strawberry
from strawberry.types import Info

from api.context import Context
from api.schema.errors import UserError, mutation, payload, user_error
from api.schema.fields import shown_field
from api.schema.scalars import PhoneNumber
from domain.identity.contacts import Contact
from domain.identity.errors import (
    InvalidEmailAddress,
    InvalidPhoneNumber,
    PhoneNumberNotServed,
    SignInCodesPaused,
    TextMessagesPaused,
    TooManySignInCodes,
)
from domain.identity.processes import SignInProcess
from domain.identity.senders import Sender
from domain.kernel.access import Permission
from domain.kernel.errors import Invalid, Rejection

_DEVICE_SECRET: Final = re.compile(r"[\x21-\x7e]{16,128}")


@user_error(InvalidPhoneNumber, path="phoneNumber")
class InvalidPhoneNumberError(UserError):
    """No phone can have this number."""


@user_error(InvalidEmailAddress, path="email")
class InvalidEmailAddressError(UserError):
    """It is not an e-mail address, or none that every mail server takes."""


@user_error(TooManySignInCodes)
class TooManySignInCodesError(UserError):
    """Too many codes were asked for; the last ones are still good."""

    retry_after_seconds: int = shown_field("In how many seconds another one can be asked for.")

    @classmethod
    def extras(cls, refusal: Rejection, context: Context) -> dict[str, Any]:
        return refusal.data()


@user_error(SignInCodesPaused)
class SignInCodesPausedError(UserError):
    """So many codes were asked for by so many that none is sent for a while, to anybody."""

    retry_after_seconds: int = shown_field("In how many seconds one can be asked for.")

    @classmethod
    def extras(cls, refusal: Rejection, context: Context) -> dict[str, Any]:
        return refusal.data()


@user_error(TextMessagesPaused, path="phoneNumber")
class TextMessagesPausedError(UserError):
    """No more codes are sent in text messages today, to anybody. By e-mail they still are."""

    retry_after_seconds: int = shown_field("In how many seconds the next day begins at the operator's place.")

    @classmethod
    def extras(cls, refusal: Rejection, context: Context) -> dict[str, Any]:
        return {"retry_after_seconds": refusal.data()["retry_after_seconds"]}


@user_error(PhoneNumberNotServed, path="phoneNumber")
class PhoneNumberNotServedError(UserError):
    """No text messages are sent to numbers of this country or kind, whoever is known by them."""


@strawberry.input(description="Whom to send a code: exactly one of `phoneNumber` and `email`.")
class RequestSignInCodeInput:
    phone_number: PhoneNumber | None = strawberry.field(
        default=None, description="The number of a card, or another by which one is known."
    )
    email: str | None = strawberry.field(default=None, description="An e-mail address by which one is known.")
    device_secret: str | None = strawberry.field(
        default=None,
        description="What this installation of the app has made for itself at random and keeps, 16 to 128 characters. "
        "Whoever has signed in with it before is not kept waiting by what strangers ask for.",
    )


@payload(SignInProcess.rejects)
class RequestSignInCodePayload:
    """What the code is exchanged with. It is the same whether or not somebody is known by number or address."""

    challenge_id: strawberry.ID | None = shown_field("To be given to `/oauth/token` with the code.")
    expires_at: datetime | None = shown_field("Until when the code is good.")


@strawberry.type
class SignInMutations:
    @mutation(Permission.SIGN_IN, rejects=SignInProcess.rejects)
    async def request_sign_in_code(
        self, info: Info[Context, None], input: RequestSignInCodeInput
    ) -> RequestSignInCodePayload | None:
        """Sends a code of six digits to a phone or an e-mail address, if somebody is known by it.

        Exchange it at `/oauth/token` with `grant_type=urn:kontant:grant-type:sign-in-code`, `challenge_id`, `code` and
        `client_id=kontant-app`. It is good for five minutes, once, and for five tries.
        """
        context = info.context
        challenge = await context.services.identity.sign_in.request(
            _contact(input), sender=_sender(input, context), actor=context.actor
        )
        return RequestSignInCodePayload(challenge_id=strawberry.ID(str(challenge.id)), expires_at=challenge.expires_at)


def _contact(input: RequestSignInCodeInput) -> Contact:
    match input.phone_number, input.email:
        case str(number), None:
            return Contact.phone(number)
        case None, str(address):
            return Contact.email(address)
        case _:
            raise Invalid("Give exactly one of phoneNumber and email.")


def _sender(input: RequestSignInCodeInput, context: Context) -> Sender:
    if input.device_secret is not None and not _DEVICE_SECRET.fullmatch(input.device_secret):
        raise Invalid("A device secret has 16 to 128 visible ASCII characters, made at random.")
    return Sender(address=context.address, client_id=context.actor.client_id or "", device=input.device_secret)
