"""Consents, as they are given and withdrawn."""

from __future__ import annotations

from typing import Any, Final
from uuid import UUID

from sqlalchemy import insert, select

from domain.consents.consent import Consent
from persistence.statement import Driver, Statement, col, parameter
from persistence.tables.consents import ConsentTable as T

COLUMNS: Final[tuple[Any, ...]] = (
    col(T.customer_id),
    col(T.purpose),
    col(T.number),
    col(T.is_given),
    col(T.text_version),
    col(T.at),
    col(T.said_by),
    col(T.client_id),
)
LATEST: Final = Statement(
    select(*COLUMNS)
    .where(
        col(T.customer_id) == parameter("customer", col(T.customer_id)),
        col(T.purpose) == parameter("purpose", col(T.purpose)),
    )
    .order_by(col(T.number).desc())
    .limit(1)
)
ADD: Final = Statement(insert(T).values({column: parameter(column.key, column) for column in COLUMNS}))


class PostgresConsents:
    """`Consents` on PostgreSQL."""

    def __init__(self, driver: Driver) -> None:
        self._driver = driver

    async def latest(self, customer_id: UUID, purpose: str, /) -> Consent | None:
        row = await LATEST.fetchrow(self._driver, customer=customer_id, purpose=purpose)
        if row is None:
            return None
        customer_id, purpose, number, is_given, text_version, at, said_by, client_id = row
        return Consent(
            customer_id=customer_id,
            purpose=purpose,
            number=number,
            is_given=is_given,
            text_version=text_version,
            at=at,
            said_by=said_by,
            client_id=client_id,
        )

    async def add(self, consent: Consent, /) -> None:
        await ADD.execute(
            self._driver,
            customer_id=consent.customer_id,
            purpose=consent.purpose,
            number=consent.number,
            is_given=consent.is_given,
            text_version=consent.text_version,
            at=consent.at,
            said_by=consent.said_by,
            client_id=consent.client_id,
        )
