"""Signing in: the code is asked for here, and exchanged for tokens at `/oauth/token`."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import strawberry
from strawberry.types import Info

from api.context import Context
from api.schema.errors import UserError, mutation, payload, user_error
from api.schema.fields import shown_field
from api.schema.scalars import PhoneNumber
from domain.identity.errors import InvalidPhoneNumber, TooManySignInCodes
from domain.identity.processes import SignInProcess
from domain.kernel.access import Permission
from domain.kernel.errors import Rejection


@user_error(InvalidPhoneNumber, path="phoneNumber")
class InvalidPhoneNumberError(UserError):
    """No phone can have this number."""


@user_error(TooManySignInCodes, path="phoneNumber")
class TooManySignInCodesError(UserError):
    """Too many codes were asked for; the last ones are still good."""

    retry_after_seconds: int = shown_field("In how many seconds another one can be asked for.")

    @classmethod
    def extras(cls, refusal: Rejection, context: Context) -> dict[str, Any]:
        return refusal.data()


@strawberry.input(description="Whom to send a code.")
class RequestSignInCodeInput:
    phone_number: PhoneNumber = strawberry.field(description="The number of a card, or another by which one is known.")


@payload(SignInProcess.rejects)
class RequestSignInCodePayload:
    """What the code is exchanged with. It is the same whether or not somebody is known by the number."""

    challenge_id: strawberry.ID | None = shown_field("To be given to `/oauth/token` with the code.")
    expires_at: datetime | None = shown_field("Until when the code is good.")


@strawberry.type
class SignInMutations:
    @mutation(Permission.SIGN_IN, rejects=SignInProcess.rejects)
    async def request_sign_in_code(
        self, info: Info[Context, None], input: RequestSignInCodeInput
    ) -> RequestSignInCodePayload | None:
        """Sends a code of six digits to a phone, if somebody is known by its number.

        Exchange it at `/oauth/token` with `grant_type=urn:kontant:grant-type:sign-in-code`, `challenge_id`, `code` and
        `client_id=kontant-app`. It is good for five minutes, once, and for five tries.
        """
        challenge = await info.context.services.identity.sign_in.request(input.phone_number, info.context.actor)
        return RequestSignInCodePayload(challenge_id=strawberry.ID(str(challenge.id)), expires_at=challenge.expires_at)
