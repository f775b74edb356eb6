"""Top-ups, as they are shown: to who paid, and to who may see the card's money."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any, Final, NamedTuple
from uuid import UUID

from sqlalchemy import Integer, literal_column, select

from domain.kernel.access import Access, Relation
from persistence.scope import ME, giving, relations_to_happening
from persistence.statement import Query, col, one_of, parameter
from persistence.tables.cards import CardTable
from persistence.tables.topups import TopUpTable as T


class TopUpRow(NamedTuple):
    id: UUID
    card_id: UUID
    customer_id: UUID
    payment_method_id: UUID
    amount_minor: int
    currency: str
    status: str
    decline_reason: str | None
    action_url: str | None
    created_at: datetime
    settled_at: datetime | None
    active_until: date | None
    relations: int


def _top_ups(relations: Any, *where: Any) -> Any:
    columns = [col(getattr(T, name)) for name in TopUpRow._fields if name != "relations"]
    return select(*columns, relations.label("relations")).where(*where)


_relations = relations_to_happening(T.customer_id)

TOP_UPS: Final = Query(
    TopUpRow,
    _top_ups(_relations, col(T.id) == one_of("ids", col(T.id)), giving(_relations, Access.MONEY)).join(
        CardTable, col(CardTable.id) == col(T.card_id)
    ),
)

TOP_UPS_OF_ACTOR: Final = Query(
    TopUpRow,
    _top_ups(
        literal_column(str(int(Relation.OWN))),
        col(T.customer_id) == ME,
        col(T.id) < parameter("before", col(T.id)),
    )
    .order_by(col(T.id).desc())
    .limit(parameter("most", Integer())),
)
"""What one has paid for, newest first."""
