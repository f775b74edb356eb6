"""Bonuses, as they are granted."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from domain.loyalty.bonus import Bonus
from persistence.tables.loyalty import BonusTable


class PostgresBonuses:
    """`Bonuses` on PostgreSQL."""

    def __init__(self, session: Callable[[], AsyncSession]) -> None:
        self._session = session

    async def add(self, bonus: Bonus, granted_at: datetime, /) -> None:
        self._session().add(
            BonusTable(
                id=bonus.id,
                customer_id=bonus.customer_id,
                card_id=bonus.card_id,
                code=bonus.code,
                usage_type=bonus.usage_type,
                quantity=bonus.quantity,
                unit=bonus.unit,
                granted_at=granted_at,
                valid_until=bonus.valid_until,
            )
        )
        await self._session().flush()
