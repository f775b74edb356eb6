"""Top-ups, to decide on. Every change is conditional: a settled top-up stays as it is (I4)."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import and_, insert, null, or_, select, update

from domain.kernel.quantities import Money
from domain.payments.ports import DeclineReason
from domain.topups.topup import SETTLED, Outcome, TopUp, TopUpStatus
from persistence.statement import Driver, Statement, col, parameter
from persistence.tables.payments import PaymentMethodTable
from persistence.tables.topups import TopUpTable as T

_this = col(T.id) == parameter("top_up", col(T.id))
_unsettled = and_(*[col(T.status) != status for status in sorted(SETTLED)])
_made = (
    col(T.id),
    col(T.card_id),
    col(T.customer_id),
    col(T.payment_method_id),
    col(T.amount_minor),
    col(T.currency),
    col(T.status),
    col(T.looks),
)
_known = (*_made, col(T.decline_reason))
_token: Any = select(col(PaymentMethodTable.token)).where(col(PaymentMethodTable.id) == col(T.payment_method_id))

ADD: Final = Statement(
    insert(T).values(
        {column: parameter(column.key, column) for column in (*_made, col(T.leased_until), col(T.created_at))}
    )
)
GET: Final = Statement(
    select(*_known, _token.scalar_subquery().label("token")).where(_this).with_for_update(key_share=True, of=col(T))
)
LEASE: Final = Statement(
    update(T)
    .where(
        _this,
        _unsettled,
        or_(col(T.leased_until).is_(null()), col(T.leased_until) <= parameter("now", col(T.created_at))),
    )
    .values(leased_until=parameter("until", col(T.created_at)))
    .returning(*_known, _token.scalar_subquery().label("token"))
)
SETTLE: Final = Statement(
    update(T)
    .where(_this, _unsettled)
    .values(
        status=parameter("status", col(T.status)),
        provider_reference=parameter("reference", col(T.provider_reference)),
        decline_reason=parameter("reason", col(T.decline_reason)),
        active_until=parameter("until", col(T.active_until)),
        settled_at=parameter("now", col(T.created_at)),
        leased_until=null(),
        action_url=null(),
    )
    .returning(col(T.id))
)
SUSPEND: Final = Statement(
    update(T)
    .where(_this, _unsettled)
    .values(
        status=parameter("status", col(T.status)),
        provider_reference=parameter("reference", col(T.provider_reference)),
        action_url=parameter("url", col(T.action_url)),
        looks=parameter("asked", col(T.looks)),
        leased_until=null(),
    )
    .returning(col(T.id))
)


def to_domain(row: Any, *, is_leased: bool) -> TopUp:
    """A row of `_known` and the method's token, as the process sees it."""
    id, card_id, customer_id, payment_method_id, amount_minor, currency, status, looks, reason, token = row
    return TopUp(
        id=id,
        card_id=card_id,
        customer_id=customer_id,
        payment_method_id=payment_method_id,
        method_token=token,
        amount=Money(amount_minor, currency),
        status=TopUpStatus(status),
        decline_reason=DeclineReason(reason) if reason else None,
        looks=looks,
        is_leased=is_leased,
    )


class PostgresTopUps:
    """`TopUps` on PostgreSQL."""

    def __init__(self, driver: Driver, now: datetime) -> None:
        self._driver, self._now = driver, now

    async def add(self, top_up: TopUp, leased_until: datetime, /) -> None:
        await ADD.execute(
            self._driver,
            id=top_up.id,
            card_id=top_up.card_id,
            customer_id=top_up.customer_id,
            payment_method_id=top_up.payment_method_id,
            amount_minor=top_up.amount.amount_minor,
            currency=top_up.amount.currency,
            status=top_up.status,
            looks=top_up.looks,
            leased_until=leased_until,
            created_at=self._now,
        )

    async def get(self, id: UUID, /) -> TopUp | None:
        row = await GET.fetchrow(self._driver, top_up=id)
        return to_domain(row, is_leased=False) if row else None

    async def lease(self, id: UUID, until: datetime, /) -> TopUp | None:
        row = await LEASE.fetchrow(self._driver, top_up=id, now=self._now, until=until)
        return to_domain(row, is_leased=True) if row else None

    async def settle(self, id: UUID, outcome: Outcome, active_until: date | None, /) -> bool:
        settled = await SETTLE.fetchrow(
            self._driver,
            top_up=id,
            status=outcome.status,
            reference=outcome.reference,
            reason=outcome.decline_reason,
            until=active_until,
            now=self._now,
        )
        return settled is not None

    async def suspend(self, id: UUID, outcome: Outcome, looks: int, /) -> bool:
        suspended = await SUSPEND.fetchrow(
            self._driver,
            top_up=id,
            status=outcome.status,
            reference=outcome.reference,
            url=outcome.action_url,
            asked=looks,
        )
        return suspended is not None
