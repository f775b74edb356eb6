"""Approvals, to decide on."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Integer, insert, select, update

from domain.approvals.approval import Approval, ApprovalKind, ApprovalState
from persistence.statement import Driver, Statement, col, parameter
from persistence.tables.approvals import ApprovalTable as A

_approval: tuple[Any, ...] = (
    col(A.id),
    col(A.kind),
    col(A.about_id),
    col(A.customer_id),
    col(A.requested_by),
    col(A.requested_at),
    col(A.expires_at),
    col(A.state),
    col(A.decided_by),
    col(A.decided_at),
)
_by_id: Any = col(A.id) == parameter("approval", col(A.id))
ADD: Final = Statement(insert(A).values({column: parameter(column.key, column) for column in _approval}))
GET: Final = Statement(select(*_approval).where(_by_id).with_for_update())
KEEP: Final = Statement(
    update(A)
    .where(_by_id)
    .values(
        state=parameter("becomes", col(A.state)),
        decided_by=parameter("who", col(A.requested_by)),
        decided_at=parameter("at", col(A.requested_at)),
    )
)
EXPIRED: Final = Statement(
    select(*_approval)
    .where(col(A.state) == ApprovalState.PENDING, col(A.expires_at) <= parameter("now", col(A.expires_at)))
    .order_by(col(A.id))
    .limit(parameter("most", Integer()))
    .with_for_update(skip_locked=True)
)


class PostgresApprovals:
    """`Approvals` on PostgreSQL."""

    def __init__(self, driver: Driver) -> None:
        self._driver = driver

    async def add(self, approval: Approval, /) -> None:
        await ADD.execute(
            self._driver,
            id=approval.id,
            kind=approval.kind,
            about_id=approval.about_id,
            customer_id=approval.customer_id,
            requested_by=approval.requested_by,
            requested_at=approval.requested_at,
            expires_at=approval.expires_at,
            state=approval.state,
            decided_by=approval.decided_by,
            decided_at=approval.decided_at,
        )

    async def get(self, id: UUID, /) -> Approval | None:
        row = await GET.fetchrow(self._driver, approval=id)
        return to_approval(row) if row else None

    async def keep(self, approval: Approval, /) -> None:
        await KEEP.execute(
            self._driver,
            approval=approval.id,
            becomes=approval.state,
            who=approval.decided_by,
            at=approval.decided_at,
        )

    async def expired(self, now: datetime, /, *, limit: int) -> list[Approval]:
        return [to_approval(row) for row in await EXPIRED.fetch(self._driver, now=now, most=limit)]


def to_approval(row: Sequence[Any]) -> Approval:
    """A row of `_approval`."""
    id, kind, about_id, customer_id, requested_by, requested_at, expires_at, state, decided_by, decided_at = row
    return Approval(
        id=id,
        kind=ApprovalKind(kind),
        about_id=about_id,
        customer_id=customer_id,
        requested_by=requested_by,
        requested_at=requested_at,
        expires_at=expires_at,
        state=ApprovalState(state),
        decided_by=decided_by,
        decided_at=decided_at,
    )
