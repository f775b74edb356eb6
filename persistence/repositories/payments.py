"""Payment methods, to decide on."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import null, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from domain.kernel.access import Actor
from domain.payments.method import PaymentMethod
from persistence.scope import ME, me
from persistence.statement import Driver, Statement, col, parameter
from persistence.tables.payments import PaymentMethodTable as T

GET_OF_ACTOR: Final = Statement(
    select(
        col(T.id),
        col(T.customer_id),
        col(T.token),
        col(T.brand),
        col(T.last_digits),
        col(T.expires_on),
        col(T.is_default),
    ).where(col(T.id) == parameter("id", col(T.id)), col(T.customer_id) == ME, col(T.removed_at).is_(null()))
)


def to_domain(row: Any) -> PaymentMethod:
    id, customer_id, token, brand, last_digits, expires_on, is_default = row
    return PaymentMethod(
        id=id,
        customer_id=customer_id,
        token=token,
        brand=brand,
        last_digits=last_digits,
        expires_on=expires_on,
        is_default=is_default,
    )


class PostgresPaymentMethods:
    """`PaymentMethods` on PostgreSQL."""

    def __init__(self, driver: Driver, actor: Actor, session: Callable[[], AsyncSession]) -> None:
        self._driver, self._actor, self._session = driver, actor, session

    async def of_actor(self, id: UUID, /) -> PaymentMethod | None:
        row = await GET_OF_ACTOR.fetchrow(self._driver, id=id, me=me(self._actor))
        return to_domain(row) if row else None

    async def add(self, method: PaymentMethod, created_at: datetime, /) -> None:
        self._session().add(
            T(
                id=method.id,
                customer_id=method.customer_id,
                token=method.token,
                brand=method.brand,
                last_digits=method.last_digits,
                expires_on=method.expires_on,
                is_default=method.is_default,
                created_at=created_at,
            )
        )
        await self._session().flush()

    async def clear_default(self, customer_id: UUID, /) -> None:
        mine = update(T).where(col(T.customer_id) == customer_id, col(T.is_default))
        await self._session().execute(mine.values(is_default=False))
