"""People, as they are shown."""

from __future__ import annotations

from datetime import date
from typing import Any, Final, NamedTuple
from uuid import UUID

from sqlalchemy import null, select

from domain.kernel.access import Access
from persistence.scope import giving, relations_of_staff, relations_to_customer
from persistence.statement import Query, col, one_of
from persistence.tables.customers import ContactPointTable, CustomerTable


class CustomerRow(NamedTuple):
    id: UUID
    number: int
    given_name: str
    family_name: str
    birth_date: date | None
    locale: str
    relations: int


class ContactPointRow(NamedTuple):
    customer_id: UUID
    kind: str
    value: str
    is_lost: bool


def customer_columns(table: Any = CustomerTable, relations: Any = None) -> tuple[Any, ...]:
    """The columns of a `CustomerRow`. `relations` are the actor's to the person, for others than customers."""
    return (
        col(table.id),
        col(table.number),
        col(table.given_name),
        col(table.family_name),
        col(table.birth_date),
        col(table.locale),
        (relations_to_customer(table) if relations is None else relations).label("relations"),
    )


CUSTOMERS: Final = Query(
    CustomerRow,
    select(*customer_columns()).where(
        col(CustomerTable.id) == one_of("ids", col(CustomerTable.id)), giving(relations_to_customer(), Access.NAME)
    ),
)

CUSTOMERS_OF_STAFF: Final = Query(
    CustomerRow,
    select(*customer_columns(relations=relations_of_staff())).where(
        col(CustomerTable.id) == one_of("ids", col(CustomerTable.id)), giving(relations_of_staff(), Access.NAME)
    ),
)
"""Customers whom staff have looked for."""

CONTACT_POINTS: Final = Query(
    ContactPointRow,
    select(
        col(ContactPointTable.customer_id),
        col(ContactPointTable.kind),
        col(ContactPointTable.value),
        col(ContactPointTable.lost_at).is_not(null()).label("is_lost"),
    )
    .where(col(ContactPointTable.customer_id) == one_of("customers", col(ContactPointTable.customer_id)))
    .order_by(col(ContactPointTable.kind).desc(), col(ContactPointTable.value)),
)
