"""People."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Final
from uuid import UUID

import strawberry

from api.context import Context
from api.schema.consents import Consent, consents_of
from api.schema.fields import batched, shown, shown_field
from api.schema.identifications import Identification, identifications_of
from api.schema.ids import global_id
from api.schema.node import Node, found_by, in_order
from api.schema.scalars import Locale
from domain.customers.customer import ContactKind
from domain.kernel.access import ACCESS_BY_RELATIONS, Access
from domain.support.search import FOUND_LATELY
from domain.support.usecases import RecordCustomersSeen
from persistence.queries.customers import CONTACT_POINTS, CUSTOMERS, CUSTOMERS_OF_STAFF, CustomerRow
from persistence.statement import beside

PREFIX: Final = "customer"


@shown(Access.SELF)
class ContactPoint:
    """A proven way to reach a person."""

    kind: ContactKind = shown_field("The kind of address.")
    value: str = shown_field("A phone number by E.164, or an e-mail address.")
    is_lost: bool = shown_field("Whether it was reported lost, so that nobody signs in by it.")


async def contact_points(customers: Sequence[Customer], *, context: Context) -> Sequence[list[ContactPoint]]:
    """How the person is reached. Null for anyone but themselves and their guardians."""
    keys = [customer.key for customer in customers]
    rows = await CONTACT_POINTS.all(context.services.database, customers=keys)
    return [
        [ContactPoint(kind=ContactKind(row.kind), value=row.value, is_lost=row.is_lost) for row in of_one]
        for of_one in beside(keys, rows, lambda row: row.customer_id)
    ]


async def customer_identifications(
    customers: Sequence[Customer], *, context: Context
) -> Sequence[Identification | None]:
    """Who the person is by law. Null when they have not been identified, and for anyone but them and their guardians.

    Staff who have looked for the person see it as it stands here, and so masked.
    """
    return await identifications_of([customer.key for customer in customers], context)


@shown(Access.NAME)
class Customer(Node):
    """A person known to the operator. Holds cards, carries them, or both."""

    key: strawberry.Private[UUID]
    access: strawberry.Private[int]
    number: str | None = shown_field(
        "What one says on the telephone to be found. Null for anyone but themselves and their guardians.",
        access=Access.SELF,
    )
    name: str = shown_field("The whole name, as it is written.")
    given_name: str = shown_field("The given name.")
    family_name: str = shown_field("The family name.")
    birth_date: date | None = shown_field(
        "Null when it is not known, and for anyone but themselves and their guardians.", access=Access.SELF
    )
    locale: Locale | None = shown_field(
        "The language in which they are written to. Null for anyone but themselves and their guardians.",
        access=Access.SELF,
    )
    contact_points: list[ContactPoint] | None = batched(contact_points, access=Access.SELF)
    identification: Identification | None = batched(customer_identifications, access=Access.IDENTITY)
    consents: list[Consent] | None = batched(consents_of, access=Access.SELF)


def customer_of(row: CustomerRow) -> Customer:
    """A person, with what may be shown of them."""
    return Customer(
        id=strawberry.ID(global_id(PREFIX, row.id)),
        key=row.id,
        access=ACCESS_BY_RELATIONS[row.relations],
        number=str(row.number),
        name=f"{row.given_name} {row.family_name}",
        given_name=row.given_name,
        family_name=row.family_name,
        birth_date=row.birth_date,
        locale=Locale(row.locale),
    )


@found_by(PREFIX)
async def find_customers(ids: Sequence[UUID], context: Context) -> Sequence[Customer | None]:
    """Customers by id, as far as the actor may know of them."""
    if context.is_staff:
        rows = await CUSTOMERS_OF_STAFF.all(
            context.services.database, ids=list(set(ids)), me=context.me, since=context.now - FOUND_LATELY
        )
        if rows:  # on record before it is shown
            seen = RecordCustomersSeen(customer_ids=tuple(row.id for row in rows))
            await context.services.executor.execute(seen, context.actor)
    else:
        rows = await CUSTOMERS.all(context.services.database, ids=list(set(ids)), me=context.me)
    return in_order(ids, map(customer_of, rows), lambda customer: customer.key)
