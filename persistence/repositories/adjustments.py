"""Adjustments, to decide on."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import BigInteger, cast, func, insert, select, update

from domain.adjustments.adjustment import Adjustment, AdjustmentReason, AdjustmentState
from domain.kernel.quantities import Money
from persistence.statement import Driver, Statement, col, number, parameter
from persistence.tables.approvals import AdjustmentTable as A

_adjustment: tuple[Any, ...] = (
    col(A.id),
    col(A.card_id),
    col(A.customer_id),
    col(A.staff_id),
    col(A.amount_minor),
    col(A.currency),
    col(A.reason),
    col(A.ticket),
    col(A.note),
    col(A.state),
    col(A.requested_at),
)
_by_id: Any = col(A.id) == parameter("adjustment", col(A.id))
ADD: Final = Statement(insert(A).values({column: parameter(column.key, column) for column in _adjustment}))
GET: Final = Statement(select(*_adjustment).where(_by_id).with_for_update(key_share=True))
END: Final = Statement(update(A).where(_by_id).values(state=parameter("becomes", col(A.state))))
# For as long as the transaction lasts: who adjusts twice at once waits for themselves.
LOCK_CUSTOMER: Final = "select pg_advisory_xact_lock(hashtextextended('adjustments of ' || $1::uuid::text, 0))"
ADJUSTED_SINCE: Final = Statement(
    select(cast(func.coalesce(func.sum(func.abs(col(A.amount_minor))), number(0)), BigInteger())).where(
        col(A.customer_id) == parameter("customer", col(A.customer_id)),
        col(A.requested_at) >= parameter("since", col(A.requested_at)),
        col(A.state) != AdjustmentState.REFUSED,
    )
)


class PostgresAdjustments:
    """`Adjustments` on PostgreSQL."""

    def __init__(self, driver: Driver) -> None:
        self._driver = driver

    async def adjusted_since(self, customer_id: UUID, since: datetime, /) -> int:
        # A statement of its own: the next one must see what the lock's last holder wrote.
        await self._driver.fetchval(LOCK_CUSTOMER, customer_id)
        return (await ADJUSTED_SINCE.fetchrow(self._driver, customer=customer_id, since=since))[0]

    async def add(self, adjustment: Adjustment, /) -> None:
        await ADD.execute(
            self._driver,
            id=adjustment.id,
            card_id=adjustment.card_id,
            customer_id=adjustment.customer_id,
            staff_id=adjustment.staff_id,
            amount_minor=adjustment.amount.amount_minor,
            currency=adjustment.amount.currency,
            reason=adjustment.reason,
            ticket=adjustment.ticket,
            note=adjustment.note,
            state=adjustment.state,
            requested_at=adjustment.requested_at,
        )

    async def get(self, id: UUID, /) -> Adjustment | None:
        row = await GET.fetchrow(self._driver, adjustment=id)
        if row is None:
            return None
        id, card_id, customer_id, staff_id, minor, currency, reason, ticket, note, state, requested_at = row
        return Adjustment(
            id=id,
            card_id=card_id,
            customer_id=customer_id,
            staff_id=staff_id,
            amount=Money(minor, currency),
            reason=AdjustmentReason(reason),
            ticket=ticket,
            note=note,
            state=AdjustmentState(state),
            requested_at=requested_at,
        )

    async def end(self, id: UUID, state: AdjustmentState, /) -> None:
        await END.execute(self._driver, adjustment=id, becomes=state)
