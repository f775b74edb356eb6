"""Customers, as they are made known."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from sqlalchemy import literal
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from domain.customers.customer import ContactPoint, Customer
from persistence.tables.customers import ContactPointTable, CustomerTable


class PostgresCustomers:
    """`Customers` on PostgreSQL."""

    def __init__(self, session: Callable[[], AsyncSession]) -> None:
        self._session = session

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
