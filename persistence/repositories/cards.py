"""Cards, to decide on: loaded under a lock."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Integer, and_, literal, or_, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from domain.cards.card import BlockReason, Card, CardStatus
from domain.kernel.access import Access, Actor
from domain.kernel.errors import NotFound
from domain.support.search import FOUND_LATELY
from persistence.scope import giving, me, relations_of_staff, relations_to_card
from persistence.statement import Driver, Statement, col, parameter
from persistence.tables.cards import CardTable
from persistence.tables.customers import CustomerTable

COLUMNS: Final = (
    col(CardTable.id),
    col(CardTable.phone_number),
    col(CardTable.iccid),
    col(CardTable.status),
    col(CardTable.holder_id),
    col(CardTable.user_id),
    col(CardTable.active_until),
    col(CardTable.grace_until),
    col(CardTable.block_reason),
)


def _locked(*where: Any) -> Any:
    """A lock that lets rows refer to the card meanwhile, and lets nobody else decide on it."""
    by_id = select(*COLUMNS).where(col(CardTable.id) == parameter("id", col(CardTable.id)), *where)
    return by_id.with_for_update(key_share=True, of=CardTable)


GET: Final = Statement(_locked())
GET_OF_STAFF: Final = Statement(
    _locked(giving(relations_of_staff(), Access.SELF)).join(
        CustomerTable, col(CustomerTable.id) == col(CardTable.holder_id)
    )
)
GET_OF_ACTOR: Final = {
    access: Statement(_locked(giving(relations_to_card(), access))) for access in (Access.TOP_UP, Access.IDENTITY)
}
_today = parameter("today", col(CardTable.active_until))
# Each by its own index; what another worker has in hand is left to it.
WHOSE_PERIOD_IS_OVER: Final = Statement(
    select(*COLUMNS)
    .where(
        or_(
            and_(col(CardTable.status) == CardStatus.ACTIVE, col(CardTable.active_until) < _today),
            and_(col(CardTable.status) == CardStatus.GRACE, col(CardTable.grace_until) < _today),
        )
    )
    .order_by(col(CardTable.id))
    .limit(parameter("most", Integer()))
    .with_for_update(key_share=True, skip_locked=True)
)
_keeping: Any = (
    update(CardTable)
    .where(col(CardTable.id) == parameter("card_id", col(CardTable.id)))
    .values(
        status=parameter("status", col(CardTable.status)),
        active_until=parameter("active_until", col(CardTable.active_until)),
        grace_until=parameter("grace_until", col(CardTable.grace_until)),
        block_reason=parameter("block_reason", col(CardTable.block_reason)),
    )
)
KEEP_PERIOD: Final = Statement(_keeping)
KEEP_REGISTERED: Final = Statement(
    _keeping.values(registered_at=parameter("registered_at", col(CardTable.registered_at)))
)


def to_domain(row: Any) -> Card:
    """A row of `COLUMNS` as the rules see it."""
    id, phone_number, iccid, status, holder_id, user_id, active_until, grace_until, block_reason = row
    return Card(
        id=id,
        phone_number=phone_number,
        iccid=iccid,
        status=CardStatus(status),
        holder_id=holder_id,
        user_id=user_id,
        active_until=active_until,
        grace_until=grace_until,
        block_reason=BlockReason(block_reason) if block_reason else None,
    )


class PostgresCards:
    """`Cards` on PostgreSQL."""

    def __init__(self, driver: Driver, actor: Actor, session: Callable[[], AsyncSession], now: datetime) -> None:
        self._driver, self._actor, self._session, self._now = driver, actor, session, now

    async def of_actor(self, id: UUID, access: Access, /) -> Card | None:
        row = await GET_OF_ACTOR[access].fetchrow(self._driver, id=id, me=me(self._actor))
        return to_domain(row) if row else None

    async def of_staff(self, id: UUID, /) -> Card | None:
        since = self._now - FOUND_LATELY
        row = await GET_OF_STAFF.fetchrow(self._driver, id=id, me=me(self._actor), since=since)
        return to_domain(row) if row else None

    async def get(self, id: UUID, /) -> Card:
        row = await GET.fetchrow(self._driver, id=id)
        if row is None:
            raise NotFound
        return to_domain(row)

    async def add(self, card: Card, created_at: datetime, /) -> bool:
        row = {
            "id": card.id,
            "phone_number": card.phone_number,
            "iccid": card.iccid,
            "status": card.status,
            "holder_id": card.holder_id,
            "user_id": card.user_id,
            "active_until": card.active_until,
            "grace_until": card.grace_until,
            "registered_at": None if card.status is CardStatus.AWAITING_REGISTRATION else created_at,
            "created_at": created_at,
        }
        adding = insert(CardTable).values(row).on_conflict_do_nothing().returning(literal(1))
        return await self._session().scalar(adding) is not None

    async def whose_period_is_over(self, today: date, /, *, limit: int) -> list[Card]:
        rows = await WHOSE_PERIOD_IS_OVER.fetch(self._driver, today=today, most=limit)
        return [to_domain(row) for row in rows]

    async def keep_period(self, card: Card, /) -> None:
        await KEEP_PERIOD.execute(
            self._driver,
            card_id=card.id,
            status=card.status,
            active_until=card.active_until,
            grace_until=card.grace_until,
            block_reason=card.block_reason,
        )

    async def keep_registered(self, card: Card, registered_at: datetime, /) -> None:
        await KEEP_REGISTERED.execute(
            self._driver,
            card_id=card.id,
            status=card.status,
            active_until=card.active_until,
            grace_until=card.grace_until,
            block_reason=card.block_reason,
            registered_at=registered_at,
        )
