"""Customers, as they are made known and say what is different about them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import exists, literal, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from domain.customers.customer import ContactPoint, Customer, Profile
from domain.kernel.access import Access, Actor
from persistence.scope import giving, me, relations_to_customer
from persistence.statement import Driver, Statement, col, parameter
from persistence.tables.customers import ContactPointTable, CustomerTable
from persistence.tables.families import GuardianshipTable

T: Final = CustomerTable

_kept: tuple[Any, ...] = (col(T.given_name), col(T.family_name), col(T.birth_date), col(T.locale))
# Rows may refer to the customer meanwhile; nobody else decides about them.
OF_ACTOR: Final = Statement(
    select(col(T.id), *_kept, exists().where(col(GuardianshipTable.dependant_id) == col(T.id)))
    .where(col(T.id) == parameter("id", col(T.id)), giving(relations_to_customer(), Access.SELF))
    .with_for_update(key_share=True, of=T)
)
KEEP: Final = Statement(
    update(T)
    .where(col(T.id) == parameter("customer", col(T.id)))
    .values({column: parameter(column.key, column) for column in _kept})
)


class PostgresCustomers:
    """`Customers` on PostgreSQL."""

    def __init__(self, driver: Driver, actor: Actor, session: Callable[[], AsyncSession]) -> None:
        self._driver, self._actor, self._session = driver, actor, session

    async def of_actor(self, id: UUID, /) -> Profile | None:
        row = await OF_ACTOR.fetchrow(self._driver, id=id, me=me(self._actor))
        if row is None:
            return None
        id, given_name, family_name, birth_date, locale, has_guardian = row
        customer = Customer(id=id, given_name=given_name, family_name=family_name, birth_date=birth_date, locale=locale)
        return Profile(customer, has_guardian)

    async def keep(self, customer: Customer, /) -> None:
        await KEEP.execute(
            self._driver,
            customer=customer.id,
            given_name=customer.given_name,
            family_name=customer.family_name,
            birth_date=customer.birth_date,
            locale=customer.locale,
        )

    async def add(self, customer: Customer, created_at: datetime, /) -> None:
        self._session().add(
            CustomerTable(
                id=customer.id,
                given_name=customer.given_name,
                family_name=customer.family_name,
                birth_date=customer.birth_date,
                locale=customer.locale,
                created_at=created_at,
            )
        )
        await self._session().flush()

    async def add_contact_point(self, point: ContactPoint, verified_at: datetime, /) -> bool:
        row = {"kind": point.kind, "value": point.value, "customer_id": point.customer_id, "verified_at": verified_at}
        adding = insert(ContactPointTable).values(row).on_conflict_do_nothing().returning(literal(1))
        return await self._session().scalar(adding) is not None
