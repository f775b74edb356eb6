"""Payment methods, as they are shown to whose they are."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any, Final, NamedTuple
from uuid import UUID

from sqlalchemy import null, select

from persistence.scope import ME
from persistence.statement import Query, col, one_of
from persistence.tables.payments import PaymentMethodTable as T


class PaymentMethodRow(NamedTuple):
    id: UUID
    brand: str
    last_digits: str
    expires_on: date
    is_default: bool
    created_at: datetime


def _methods(*where: Any) -> Any:
    return select(*[col(getattr(T, name)) for name in PaymentMethodRow._fields]).where(col(T.customer_id) == ME, *where)


PAYMENT_METHODS: Final = Query(PaymentMethodRow, _methods(col(T.id) == one_of("ids", col(T.id))))
"""Also those that were removed: a top-up goes on saying what it was paid with."""

PAYMENT_METHODS_OF_ACTOR: Final = Query(
    PaymentMethodRow, _methods(col(T.removed_at).is_(null())).order_by(col(T.is_default).desc(), col(T.id))
)
