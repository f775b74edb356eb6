"""Which sessions have ended: what makes a token worthless that has not expired yet."""

from __future__ import annotations

from typing import Final, NamedTuple
from uuid import UUID

from sqlalchemy import select

from persistence.statement import Query, col, parameter
from persistence.tables.identity import SessionTable as T


class EndedSessionRow(NamedTuple):
    id: UUID


SESSIONS_ENDED_SINCE: Final = Query(
    EndedSessionRow, select(col(T.id)).where(col(T.ended_at) > parameter("since", col(T.created_at)))
)
