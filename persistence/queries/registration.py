"""Who people are by law, and which cards they answer for, as it is shown: never with the number itself."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any, Final, NamedTuple
from uuid import UUID

from sqlalchemy import func, select

from domain.kernel.access import Access
from persistence.scope import giving, relations_of_staff, relations_to_customer
from persistence.statement import Query, col, one_of, parameter
from persistence.tables.customers import CustomerTable
from persistence.tables.registration import CustomerIdentityTable, RegistrationTable

Who, R = CustomerIdentityTable, RegistrationTable


class IdentificationRow(NamedTuple):
    customer_id: UUID
    provider: str
    method: str
    given_name: str
    family_name: str
    birth_date: date | None
    masked_number: str
    identified_at: datetime


class RegistrationRow(NamedTuple):
    card_id: UUID
    registered_at: datetime
    method: str
    given_name: str
    family_name: str
    masked_number: str
    street: str
    postal_code: str
    city: str
    country: str


class SealedRow(NamedTuple):
    number: int


def _identifications(relations: Any) -> Any:
    return (
        select(*[col(getattr(Who, name)) for name in IdentificationRow._fields])
        .join(CustomerTable, col(CustomerTable.id) == col(Who.customer_id))
        .where(
            col(Who.customer_id) == one_of("customers", col(Who.customer_id)),
            col(Who.is_current),
            giving(relations, Access.IDENTITY),
        )
    )


IDENTIFICATIONS: Final = Query(IdentificationRow, _identifications(relations_to_customer()))
IDENTIFICATIONS_OF_STAFF: Final = Query(IdentificationRow, _identifications(relations_of_staff()))
"""Of customers whom staff have looked for."""

REGISTRATIONS: Final = Query(
    RegistrationRow,
    select(
        col(R.card_id), col(R.registered_at),
        col(Who.method), col(Who.given_name), col(Who.family_name), col(Who.masked_number),
        col(R.street), col(R.postal_code), col(R.city), col(R.country),
    )
    .join(Who, col(Who.id) == col(R.identity_id))
    .join(CustomerTable, col(CustomerTable.id) == col(R.customer_id))
    .where(
        col(R.card_id) == one_of("cards", col(R.card_id)),
        col(R.keep_until).is_(None),
        giving(relations_to_customer(), Access.IDENTITY),
    ),
)  # fmt: skip
"""Those in force, of people whose identity one may see: the card alone does not give it."""

SEALED_BEFORE: Final = Query(
    SealedRow,
    select(func.count().label("number"))
    .select_from(Who)
    .where(col(Who.key_version) < parameter("version", col(Who.key_version))),
)
