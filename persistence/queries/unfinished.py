"""Whether a top-up still needs somebody."""

from __future__ import annotations

from typing import Final
from uuid import UUID

from sqlalchemy import select
from sqlmodel import col

from domain.topups.topup import SETTLED
from persistence.database import Database
from persistence.statement import Statement, parameter
from persistence.tables.topups import TopUpTable as T

UNFINISHED: Final = Statement(
    select(col(T.id)).where(
        col(T.id) == parameter("id", col(T.id)), *[col(T.status) != status for status in sorted(SETTLED)]
    )
)


async def is_unfinished(database: Database, top_up_id: UUID) -> bool:
    """Whether there is such a top-up and it is not settled."""
    return await UNFINISHED.fetchrow(database, id=top_up_id) is not None
