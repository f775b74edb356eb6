"""Messages, as they are queued and ended, and what they tell."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import null, select, update
from sqlalchemy.dialects.postgresql import insert

from domain.customers.customer import ContactKind
from domain.notifications.encoding import encoded
from domain.notifications.messages import Channel, Message
from domain.notifications.ports import ToppedUpCard
from persistence.statement import Driver, Statement, col, one_of, parameter
from persistence.tables.cards import CardTable
from persistence.tables.customers import ContactPointTable
from persistence.tables.notifications import MessageTable as T
from persistence.tables.topups import TopUpTable

_given: Final[tuple[Any, ...]] = (
    col(T.id),
    col(T.kind),
    col(T.customer_id),
    col(T.channel),
    col(T.address),
    col(T.data),
    col(T.created_at),
)

ADD: Final = Statement(
    insert(T)
    .values({column: parameter(column.key, column) for column in _given})
    .on_conflict_do_nothing(index_elements=[col(T.id)])
    .returning(col(T.id))
)
END: Final = Statement(
    update(T)
    .where(col(T.id) == parameter("message", col(T.id)), col(T.ended_at).is_(null()))
    .values(address="", data={}, ended_at=parameter("now", col(T.created_at)))
    .returning(col(T.id))
)
TOPPED_UP_CARDS: Final = Statement(
    select(col(TopUpTable.id), col(CardTable.phone_number), col(CardTable.user_id), col(TopUpTable.active_until))
    .join(CardTable, col(CardTable.id) == col(TopUpTable.card_id))
    .where(col(TopUpTable.id) == one_of("top_ups", col(TopUpTable.id)))
)
PHONE_NUMBERS: Final = Statement(
    select(col(ContactPointTable.customer_id), col(ContactPointTable.value))
    .where(
        col(ContactPointTable.kind) == ContactKind.PHONE,
        col(ContactPointTable.lost_at).is_(null()),
        col(ContactPointTable.customer_id) == one_of("people", col(ContactPointTable.customer_id)),
    )
    .order_by(col(ContactPointTable.verified_at))
)


class PostgresMessages:
    """`Messages` on PostgreSQL."""

    def __init__(self, driver: Driver) -> None:
        self._driver = driver

    async def add(self, id: UUID, message: Message, /, *, channel: Channel, address: str, created_at: datetime) -> bool:
        added = await ADD.fetchrow(
            self._driver,
            id=id,
            kind=message.kind,
            customer_id=message.person,
            channel=channel,
            address=address,
            data=encoded(message.data),
            created_at=created_at,
        )
        return added is not None

    async def end(self, id: UUID, at: datetime, /) -> bool:
        return await END.fetchrow(self._driver, message=id, now=at) is not None

    async def topped_up_cards(self, top_ups: Iterable[UUID], /) -> dict[UUID, ToppedUpCard]:
        rows = await TOPPED_UP_CARDS.fetch(self._driver, top_ups=list(top_ups))
        return {
            id: ToppedUpCard(phone_number=phone_number, user_id=user_id, active_until=active_until)
            for id, phone_number, user_id, active_until in rows
        }

    async def phone_numbers(self, people: Iterable[UUID], /) -> dict[UUID, str]:
        """Who has several numbers is reached at the one that was proven last."""
        return dict(await PHONE_NUMBERS.fetch(self._driver, people=list(people)))
