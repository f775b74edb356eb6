"""What those who run it want to know of a database."""

from __future__ import annotations

from typing import Final, NamedTuple
from uuid import UUID

from sqlalchemy import and_, func, null, or_, select

from domain.topups.topup import SETTLED
from persistence.statement import Query, col, parameter
from persistence.tables.kernel import EventTable, SubscriberCursorTable
from persistence.tables.notifications import MessageTable
from persistence.tables.topups import TopUpTable


class UnsettledRow(NamedTuple):
    status: str
    how_many: int


class WaitingRow(NamedTuple):
    subscriber: str
    how_many: int


UNSETTLED_TOP_UPS: Final = Query(
    UnsettledRow,
    select(col(TopUpTable.status), func.count().label("how_many"))
    .where(*[col(TopUpTable.status) != status for status in sorted(SETTLED)])
    .group_by(col(TopUpTable.status)),
)

_after_cursor = or_(
    col(EventTable.xid) > col(SubscriberCursorTable.xid),
    and_(
        col(EventTable.xid) == col(SubscriberCursorTable.xid),
        col(EventTable.position) > col(SubscriberCursorTable.position),
    ),
)

EVENTS_WAITING: Final = Query(
    WaitingRow,
    select(col(SubscriberCursorTable.subscriber), func.count(col(EventTable.position)).label("how_many"))
    .join(EventTable, _after_cursor, isouter=True)
    .where(col(SubscriberCursorTable.shard) == 0)
    .group_by(col(SubscriberCursorTable.subscriber)),
)
"""Events of every shard after the first shard's cursor: an upper bound, and the alarm is about its age anyway."""


class WaitingMessageRow(NamedTuple):
    id: UUID


MESSAGES_WAITING: Final = Query(
    WaitingMessageRow,
    select(col(MessageTable.id)).where(
        col(MessageTable.address) == parameter("address", col(MessageTable.address)),
        col(MessageTable.ended_at).is_(null()),
        col(MessageTable.created_at) > parameter("since", col(MessageTable.created_at)),
    ),
)
"""What was queued for an address a moment ago and has not gone out."""
