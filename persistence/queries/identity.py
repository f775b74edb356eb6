"""Sessions as they are shown, and which have ended: what makes a token worthless that has not expired yet."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final, NamedTuple
from uuid import UUID

from sqlalchemy import Integer, null, select, union_all

from persistence.scope import ME
from persistence.statement import Query, col, parameter
from persistence.tables.identity import RefreshTokenTable as R
from persistence.tables.identity import SessionTable as T
from persistence.tables.support import SupportSessionTable


class EndedSessionRow(NamedTuple):
    id: UUID


def _ended(table: Any) -> Any:
    return select(col(table.id)).where(col(table.ended_at) > parameter("since", col(T.created_at)))


# Customers' own, and those in which staff act for them.
SESSIONS_ENDED_SINCE: Final = Query(EndedSessionRow, union_all(_ended(T), _ended(SupportSessionTable)))


class SessionRow(NamedTuple):
    id: UUID
    client_id: str
    device: str | None
    created_at: datetime
    last_seen_at: datetime


SESSIONS_OF_ACTOR: Final = Query(
    SessionRow,
    select(*[col(getattr(T, name)) for name in SessionRow._fields])
    .where(
        col(T.customer_id) == ME,
        col(T.ended_at).is_(null()),
        col(T.last_seen_at) > parameter("since", col(T.created_at)),
        col(T.id) < parameter("before", col(T.id)),
    )
    .order_by(col(T.id).desc())
    .limit(parameter("most", Integer())),
)
"""Those that are alive, newest first. Who was not seen `since` then has no refresh token that is good any more."""


class LiveSessionRow(NamedTuple):
    id: UUID
    customer_id: UUID | None
    staff_id: UUID | None
    client_id: str
    scope: str


_live: tuple[object, ...] = (col(T.id), col(T.customer_id), col(T.staff_id), col(T.client_id), col(T.scope))

LIVE_SESSION: Final = Query(
    LiveSessionRow,
    select(*_live).where(col(T.id) == parameter("session", col(T.id)), col(T.ended_at).is_(null())),
)


class LiveRefreshTokenRow(NamedTuple):
    id: UUID
    customer_id: UUID | None
    staff_id: UUID | None
    client_id: str
    scope: str
    created_at: datetime
    expires_at: datetime


LIVE_REFRESH_TOKEN: Final = Query(
    LiveRefreshTokenRow,
    select(*_live, col(R.created_at), col(R.expires_at))
    .join(R, col(R.session_id) == col(T.id))
    .where(
        col(R.hash) == parameter("digest", col(R.hash)),
        col(R.generation) == col(T.generation),
        col(R.expires_at) > parameter("now", col(R.expires_at)),
        col(T.ended_at).is_(null()),
    ),
)


class LiveSupportSessionRow(NamedTuple):
    id: UUID
    customer_id: UUID
    staff_id: UUID


_S: Final = SupportSessionTable
LIVE_SUPPORT_SESSION: Final = Query(
    LiveSupportSessionRow,
    select(col(_S.id), col(_S.customer_id), col(_S.staff_id)).where(
        col(_S.id) == parameter("session", col(_S.id)),
        col(_S.ended_at).is_(null()),
        col(_S.expires_at) > parameter("now", col(_S.expires_at)),
    ),
)
