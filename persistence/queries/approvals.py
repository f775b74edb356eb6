"""Adjustments and approvals, as the desk of customer service is shown them."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final, NamedTuple
from uuid import UUID

from sqlalchemy import Integer, select
from sqlalchemy.orm import aliased

from domain.approvals.approval import ApprovalState
from persistence.statement import Query, col, one_of, parameter
from persistence.tables.approvals import AdjustmentTable, ApprovalTable
from persistence.tables.support import StaffTable


class AdjustmentRow(NamedTuple):
    id: UUID
    customer_id: UUID
    requested_by: str
    amount_minor: int
    reason: str
    ticket: str
    note: str
    state: str
    requested_at: datetime
    approval_id: UUID | None


class ApprovalRow(NamedTuple):
    id: UUID
    kind: str
    about_id: UUID
    requested_by_id: UUID
    requested_by: str
    requested_at: datetime
    expires_at: datetime
    state: str
    decided_by: str | None
    decided_at: datetime | None


A, P = AdjustmentTable, ApprovalTable
_asker, _decider = aliased(StaffTable), aliased(StaffTable)

ADJUSTMENTS: Final = Query(
    AdjustmentRow,
    select(
        col(A.id),
        col(A.customer_id),
        col(_asker.name).label("requested_by"),
        col(A.amount_minor),
        col(A.reason),
        col(A.ticket),
        col(A.note),
        col(A.state),
        col(A.requested_at),
        col(P.id).label("approval_id"),
    )
    .join(_asker, col(_asker.id) == col(A.staff_id))
    .outerjoin(P, col(P.about_id) == col(A.id))
    .where(col(A.id) == one_of("ids", col(A.id))),
)


def _approvals(*where: Any) -> Any:
    return (
        select(
            col(P.id),
            col(P.kind),
            col(P.about_id),
            col(P.requested_by).label("requested_by_id"),
            col(_asker.name).label("requested_by"),
            col(P.requested_at),
            col(P.expires_at),
            col(P.state),
            col(_decider.name).label("decided_by"),
            col(P.decided_at),
        )
        .join(_asker, col(_asker.id) == col(P.requested_by))
        .outerjoin(_decider, col(_decider.id) == col(P.decided_by))
        .where(*where)
    )


APPROVALS: Final = Query(ApprovalRow, _approvals(col(P.id) == one_of("ids", col(P.id))))
PENDING_APPROVALS: Final = Query(
    ApprovalRow,
    _approvals(
        col(P.state) == ApprovalState.PENDING,
        col(P.expires_at) > parameter("now", col(P.expires_at)),
        col(P.id) > parameter("after", col(P.id)),
    )
    .order_by(col(P.id))
    .limit(parameter("most", Integer())),
)
"""Those that wait for a decision, the oldest first."""
