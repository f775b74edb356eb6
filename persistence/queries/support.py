"""Support sessions, as they are shown: to the customer for whom they were, and to who held them."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final, NamedTuple
from uuid import UUID

from sqlalchemy import Integer, literal_column, select

from domain.kernel.access import Access, StaffRole
from domain.support.usecases import record_support_request
from persistence.scope import ME, giving, relations_of_staff, relations_to_customer
from persistence.statement import Query, col, one_of, parameter
from persistence.tables.customers import CustomerTable
from persistence.tables.kernel import AuditTable
from persistence.tables.support import StaffTable
from persistence.tables.support import SupportSessionTable as T

REQUEST: Final = record_support_request.name
"""The operation under which the audit log keeps what staff asked for on a customer's behalf."""


class StaffRow(NamedTuple):
    id: UUID
    name: str
    roles: list[str]


class SupportSessionRow(NamedTuple):
    id: UUID
    staff_name: str
    access: str
    reason: str
    ticket: str
    started_at: datetime
    expires_at: datetime
    ended_at: datetime | None
    disputed_at: datetime | None


class SupportActionRow(NamedTuple):
    support_session_id: str
    at: datetime
    operation: str
    fields: str | None
    """A JSON list, of what was asked for; null for anything but a request."""


_staff: tuple[Any, ...] = tuple(col(getattr(StaffTable, name)) for name in StaffRow._fields)
STAFF_MEMBERS: Final = Query(StaffRow, select(*_staff).where(col(StaffTable.id) == one_of("ids", col(StaffTable.id))))

WHO_WORKS_ON_CASES: Final = Query(
    StaffRow,
    select(*_staff)
    .where(
        col(StaffTable.roles).op("&&")(literal_column(f"array['{StaffRole.AGENT}', '{StaffRole.LEAD}']")),
        col(StaffTable.id) > parameter("after", col(StaffTable.id)),
    )
    .order_by(col(StaffTable.id))
    .limit(parameter("most", Integer())),
)
"""In the order in which they were first seen."""


def _sessions(*where: Any) -> Any:
    own = [col(getattr(T, name)) for name in SupportSessionRow._fields[2:]]
    return (
        select(col(T.id), col(StaffTable.name).label("staff_name"), *own)
        .join(StaffTable, col(StaffTable.id) == col(T.staff_id))
        .join(CustomerTable, col(CustomerTable.id) == col(T.customer_id))
        .where(*where)
    )


_wanted = col(T.id) == one_of("ids", col(T.id))
SUPPORT_SESSIONS: Final = Query(SupportSessionRow, _sessions(_wanted, giving(relations_to_customer(), Access.SELF)))
SUPPORT_SESSIONS_OF_STAFF: Final = Query(
    SupportSessionRow, _sessions(_wanted, giving(relations_of_staff(), Access.SELF))
)

SUPPORT_SESSIONS_OF_ACTOR: Final = Query(
    SupportSessionRow,
    _sessions(col(T.customer_id) == ME, col(T.id) < parameter("before", col(T.id)))
    .order_by(col(T.id).desc())
    .limit(parameter("most", Integer())),
)
"""Who acted for one, newest first."""

_about: Any = col(AuditTable.details)
_session_of_action: Any = _about.op("->>")("support_session_id")

SUPPORT_ACTIONS: Final = Query(
    SupportActionRow,
    select(
        _session_of_action.label("support_session_id"),
        col(AuditTable.at),
        col(AuditTable.operation),
        _about.op("->>")("fields").label("fields"),
    )
    .where(_about.op("?")("support_session_id"), _session_of_action == one_of("sessions", col(AuditTable.operation)))
    .order_by(col(AuditTable.at), col(AuditTable.id)),
)
