"""The registration of a card, and how it is made."""

from __future__ import annotations

from typing import Any

import strawberry
from strawberry.types import Info

from api.context import Context
from api.schema import cards
from api.schema.cards import Card, find_cards
from api.schema.errors import UserError, mutation, payload, user_error
from api.schema.fields import shown_field
from api.schema.ids import read_id_of
from api.schema.scalars import CountryCode, IdempotencyKey
from domain.kernel.access import Permission
from domain.kernel.errors import Rejection
from domain.registration.errors import (
    AddressIncomplete,
    CardAlreadyRegistered,
    HolderTooYoung,
    IdentificationMissing,
    RegistrationNotRequired,
)
from domain.registration.usecases import RegisterCard, register_card


@user_error(CardAlreadyRegistered, path="cardId")
class CardAlreadyRegisteredError(UserError):
    """The card is registered already, and in use."""


@user_error(RegistrationNotRequired)
class RegistrationNotRequiredError(UserError):
    """The operator's cards need no registration. See `operator.cardRegistrationRequired`."""


@user_error(IdentificationMissing)
class IdentificationMissingError(UserError):
    """One has not been identified with a national identity number. Sign in by electronic identity first."""


@user_error(HolderTooYoung)
class HolderTooYoungError(UserError):
    """One is too young to hold a card: a guardian holds it, and registers it."""

    from_age: int = shown_field("From which age, in years, one may.")

    @classmethod
    def extras(cls, refusal: Rejection, context: Context) -> dict[str, Any]:
        return refusal.data()


@user_error(AddressIncomplete, path="address")
class AddressIncompleteError(UserError):
    """A part of the address is empty, or longer than 100 characters."""


@strawberry.input(description="Where one lives.")
class AddressInput:
    street: str = strawberry.field(description="Street and number; up to 100 characters.")
    postal_code: str = strawberry.field(description="As it is written there.")
    city: str = strawberry.field(description="The town.")
    country: CountryCode | None = strawberry.field(default=None, description="If it is not the operator's own.")


@strawberry.input(description="Which card, where its holder lives, and the key of this intention.")
class RegisterCardInput:
    card_id: strawberry.ID = strawberry.field(description="A card that one holds oneself.")
    address: AddressInput = strawberry.field(description="Where one lives.")
    idempotency_key: IdempotencyKey = strawberry.field(
        description="Made and stored before it is sent. Send again with the same key until there is an answer."
    )


@payload(register_card.rejects)
class RegisterCardPayload:
    """The card as it now stands, with its registration."""

    card: Card | None = shown_field("The card; null when it was refused.")


@strawberry.type
class RegistrationMutations:
    @mutation(Permission.CARD_REGISTER, rejects=register_card.rejects)
    async def register_card(self, info: Info[Context, None], input: RegisterCardInput) -> RegisterCardPayload | None:
        """Answers for a card that one holds, so that it can be used: also for one that a child carries.

        One has to have signed in by electronic identity within five minutes; `StepUpRequiredError` says how.
        """
        context, address = info.context, input.address
        command = RegisterCard(
            card_id=read_id_of(cards.PREFIX, input.card_id, "cardId"),
            street=address.street,
            postal_code=address.postal_code,
            city=address.city,
            country=address.country or context.operator.country,
            idempotency_key=input.idempotency_key,
        )
        registration = await context.services.executor.execute(command, context.actor)
        [card] = await find_cards([registration.card_id], context)
        return RegisterCardPayload(card=card)
