"""Bonuses, as they are shown: to whom they were granted, and to who may see the card's money."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final, NamedTuple
from uuid import UUID

from sqlalchemy import Integer, select

from domain.kernel.access import Access
from persistence.scope import ME, giving, relations_to_happening
from persistence.statement import Query, col, one_of, parameter
from persistence.tables.cards import CardTable
from persistence.tables.loyalty import BonusTable as T


class BonusRow(NamedTuple):
    id: UUID
    card_id: UUID
    code: str
    usage_type: str
    quantity: int
    unit: str
    granted_at: datetime
    valid_until: datetime | None


def _bonuses(*where: Any) -> Any:
    return select(*[col(getattr(T, name)) for name in BonusRow._fields]).where(*where)


BONUSES: Final = Query(
    BonusRow,
    _bonuses(col(T.id) == one_of("ids", col(T.id)), giving(relations_to_happening(T.customer_id), Access.MONEY)).join(
        CardTable, col(CardTable.id) == col(T.card_id)
    ),
)

BONUSES_OF_ACTOR: Final = Query(
    BonusRow,
    _bonuses(col(T.customer_id) == ME, col(T.id) < parameter("before", col(T.id)))
    .order_by(col(T.id).desc())
    .limit(parameter("most", Integer())),
)
"""What one was given, newest first."""
