"""What people say of themselves."""

from __future__ import annotations

from datetime import date
from typing import cast

import strawberry
from strawberry.types import Info
from strawberry.types.unset import UNSET

from api.context import Context
from api.schema import customers
from api.schema.customers import Customer, find_customers
from api.schema.errors import UserError, mutation, payload, user_error
from api.schema.fields import shown_field
from api.schema.ids import read_id_of
from api.schema.scalars import Locale
from domain.customers.errors import BirthDateFixed, InvalidBirthDate, InvalidName, LocaleNotOffered
from domain.customers.profile import UpdateProfile, update_profile
from domain.kernel.access import Permission
from domain.kernel.errors import Invalid, Rejection


@user_error(InvalidName)
class InvalidNameError(UserError):
    """It is empty, too long, without a letter, or has signs in it that nobody sees."""

    @classmethod
    def of(cls, refusal: Rejection, context: Context) -> UserError:
        error = super().of(refusal, context)
        [first, *rest] = cast("InvalidName", refusal).field.split("_")
        error.path = ["input", first + "".join(part.title() for part in rest)]
        return error


@user_error(InvalidBirthDate, path="birthDate")
class InvalidBirthDateError(UserError):
    """Nobody alive was born then."""


@user_error(BirthDateFixed, path="birthDate")
class BirthDateFixedError(UserError):
    """The birth date is known. If it is wrong, customer service can mend it."""


@user_error(LocaleNotOffered, path="locale")
class LocaleNotOfferedError(UserError):
    """The operator does not speak this language."""


@strawberry.input(description="What is to be different. What is left out stays as it is; no part of it can be null.")
class UpdateProfileInput:
    dependant_id: strawberry.ID | None = strawberry.field(
        default=None, description="A child whose guardian one is; left out for oneself."
    )
    given_name: str | None = strawberry.field(default=UNSET, description="The given name; up to 100 characters.")
    family_name: str | None = strawberry.field(default=UNSET, description="The family name; up to 100 characters.")
    birth_date: date | None = strawberry.field(
        default=UNSET,
        description="The birth date, while it is not known. A child's is for their guardians to say.",
    )
    locale: Locale | None = strawberry.field(default=UNSET, description="One of `operator.locales`.")


@payload(update_profile.rejects)
class UpdateProfilePayload:
    """The person as they now are."""

    customer: Customer | None = shown_field("The person; null when it was refused.")


@strawberry.type
class ProfileMutations:
    @mutation(Permission.PROFILE_UPDATE, rejects=update_profile.rejects)
    async def update_profile(self, info: Info[Context, None], input: UpdateProfileInput) -> UpdateProfilePayload | None:
        """Says how one's name is written, when one was born, or what one is spoken to in."""
        context = info.context
        names = ("given_name", "family_name", "birth_date", "locale")
        given = {name: value for name in names if (value := getattr(input, name)) is not UNSET}
        if None in given.values():
            raise Invalid("What is not to change is left out; nothing can be null.")
        dependant = read_id_of(customers.PREFIX, input.dependant_id, "dependantId") if input.dependant_id else None
        updated = await context.services.executor.execute(UpdateProfile(dependant_id=dependant, **given), context.actor)
        [customer] = await find_customers([updated.id], context)
        return UpdateProfilePayload(customer=customer)
