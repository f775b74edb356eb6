"""Cards, as they are shown: each with how the actor stands to it."""

from __future__ import annotations

from datetime import date
from typing import Any, Final, NamedTuple
from uuid import UUID

from sqlalchemy import Integer, func, or_, select

from domain.kernel.access import Access
from persistence.scope import ME, giving, relations_to_card
from persistence.statement import Query, col, one_of, parameter
from persistence.tables.cards import CardTable as T


class CardRow(NamedTuple):
    id: UUID
    phone_number: str
    iccid_suffix: str
    status: str
    active_until: date | None
    grace_until: date | None
    holder_id: UUID | None
    user_id: UUID | None
    relations: int


_columns: Final = (
    col(T.id),
    col(T.phone_number),
    func.right(col(T.iccid), 4).label("iccid_suffix"),
    col(T.status),
    col(T.active_until),
    col(T.grace_until),
    col(T.holder_id),
    col(T.user_id),
    relations_to_card().label("relations"),
)


def _cards(*where: Any) -> Any:
    return select(*_columns).where(giving(relations_to_card(), Access.LINE), *where)


CARDS: Final = Query(CardRow, _cards(col(T.id) == one_of("ids", col(T.id))))

CARDS_CARRIED: Final = Query(CardRow, _cards(col(T.user_id) == one_of("customers", col(T.user_id))).order_by(col(T.id)))

CARDS_OF_ACTOR: Final = Query(
    CardRow,
    _cards(or_(col(T.holder_id) == ME, col(T.user_id) == ME), col(T.id) > parameter("after", col(T.id)))
    .order_by(col(T.id))
    .limit(parameter("most", Integer())),
)
"""The cards that one holds or carries, in the order in which they were issued."""
