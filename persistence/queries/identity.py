"""Which sessions have ended: what makes a token worthless that has not expired yet."""

from __future__ import annotations

from typing import Any, Final, NamedTuple
from uuid import UUID

from sqlalchemy import select, union_all

from persistence.statement import Query, col, parameter
from persistence.tables.identity import SessionTable as T
from persistence.tables.support import SupportSessionTable


class EndedSessionRow(NamedTuple):
    id: UUID


def _ended(table: Any) -> Any:
    return select(col(table.id)).where(col(table.ended_at) > parameter("since", col(T.created_at)))


# Customers' own, and those in which staff act for them.
SESSIONS_ENDED_SINCE: Final = Query(EndedSessionRow, union_all(_ended(T), _ended(SupportSessionTable)))
