"""Messages that wait to be sent."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Final, NamedTuple
from uuid import UUID

from sqlalchemy import Text, cast, null, select

from domain.notifications.encoding import decoded
from domain.notifications.messages import Channel, Message, MessageKind
from domain.notifications.ports import QueuedMessage
from persistence.database import Database
from persistence.statement import Query, col, parameter
from persistence.tables.customers import CustomerTable
from persistence.tables.notifications import MessageTable as T


class MessageRow(NamedTuple):
    kind: str
    customer_id: UUID | None
    channel: str
    address: str
    data: str
    locale: str | None
    created_at: datetime


FIND: Final = Query(
    MessageRow,
    select(
        col(T.kind),
        col(T.customer_id),
        col(T.channel),
        col(T.address),
        cast(col(T.data), Text).label("data"),
        col(CustomerTable.locale),
        col(T.created_at),
    )
    .join(CustomerTable, col(CustomerTable.id) == col(T.customer_id), isouter=True)
    .where(col(T.id) == parameter("id", col(T.id)), col(T.ended_at).is_(null())),
)


class PostgresMessageQueue:
    """A `MessageQueue`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def find(self, id: UUID, /) -> QueuedMessage | None:
        row = await FIND.first(self._database, id=id)
        if row is None:
            return None
        return QueuedMessage(
            id=id,
            message=Message(MessageKind(row.kind), row.customer_id, decoded(json.loads(row.data))),
            channel=Channel(row.channel),
            address=row.address,
            locale=row.locale,
            created_at=row.created_at,
        )
