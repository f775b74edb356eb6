"""Who a person is by law, and which cards they answer for, as far as it is shown."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from uuid import UUID

from api.context import Context
from api.schema.fields import shown, shown_field
from api.schema.scalars import CountryCode
from domain.identity.session import AuthenticationMethod
from domain.kernel.access import Access
from domain.support.search import FOUND_LATELY
from persistence.queries.registration import (
    IDENTIFICATIONS,
    IDENTIFICATIONS_OF_STAFF,
    REGISTRATIONS,
    IdentificationRow,
    RegistrationRow,
)


@shown(Access.IDENTITY)
class Identification:
    """Who a person is, as an identity provider has said last."""

    name: str = shown_field("The whole name, as the provider has it.")
    birth_date: date | None = shown_field("Null when the provider does not tell it.")
    masked_identity_number: str = shown_field("The national identity number, without the part that nobody else knows.")
    method: AuthenticationMethod = shown_field("How the person proved it.")
    provider: str = shown_field("To whom.")
    identified_at: datetime = shown_field("When.")


@shown(Access.IDENTITY)
class Address:
    """Where a person lives, as they said."""

    street: str = shown_field("Street and number.")
    postal_code: str = shown_field("As it is written there.")
    city: str = shown_field("The town.")
    country: CountryCode = shown_field("The country.")


@shown(Access.IDENTITY)
class Registration:
    """Who answers for a card, and by which proof."""

    registered_at: datetime = shown_field("When.")
    method: AuthenticationMethod = shown_field("How its holder had proved who they are.")
    masked_identity_number: str = shown_field(
        "Their national identity number, without the part that nobody else knows."
    )
    name: str = shown_field("Their whole name, as the identity provider had it.")
    address: Address = shown_field("Where they live.")


async def identifications_of(keys: Sequence[UUID], context: Context) -> list[Identification | None]:
    """Who these customers are, as far as the actor may know it."""
    database, ids = context.services.database, list(set(keys))
    if context.is_staff:
        since = context.now - FOUND_LATELY
        rows = await IDENTIFICATIONS_OF_STAFF.all(database, customers=ids, me=context.me, since=since)
    else:
        rows = await IDENTIFICATIONS.all(database, customers=ids, me=context.me)
    found = {row.customer_id: _identification_of(row) for row in rows}
    return [found.get(key) for key in keys]


async def registrations_of(keys: Sequence[UUID], context: Context) -> list[Registration | None]:
    """The registrations of these cards, as far as the actor may know who answers for them."""
    rows = await REGISTRATIONS.all(context.services.database, cards=list(set(keys)), me=context.me)
    found = {row.card_id: _registration_of(row) for row in rows}
    return [found.get(key) for key in keys]


def _identification_of(row: IdentificationRow) -> Identification:
    return Identification(
        name=f"{row.given_name} {row.family_name}",
        birth_date=row.birth_date,
        masked_identity_number=row.masked_number,
        method=AuthenticationMethod(row.method),
        provider=row.provider,
        identified_at=row.identified_at,
    )


def _registration_of(row: RegistrationRow) -> Registration:
    return Registration(
        registered_at=row.registered_at,
        method=AuthenticationMethod(row.method),
        masked_identity_number=row.masked_number,
        name=f"{row.given_name} {row.family_name}",
        address=Address(
            street=row.street, postal_code=row.postal_code, city=row.city, country=CountryCode(row.country)
        ),
    )
