"""Cases, as they are shown: to the customer whose they are, and to the staff who work on them."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final, NamedTuple
from uuid import UUID

from sqlalchemy import ARRAY, Boolean, Integer, Uuid, bindparam, func, lateral, literal_column, select, true, tuple_
from sqlalchemy.dialects.postgresql import array

from domain.cases.case import EntryKind
from domain.kernel.access import Access
from persistence.scope import ME, giving, relations_to_case, relations_to_case_of_staff
from persistence.statement import Query, col, one_of, parameter
from persistence.tables.cases import CaseEntryTable as E
from persistence.tables.cases import CaseTable as T
from persistence.tables.cases import CaseTextTable
from persistence.tables.support import StaffTable

AMONG_STAFF: Final = (EntryKind.NOTED, EntryKind.ASSIGNED, EntryKind.POSTPONED)
"""What happens in a case that customers are not shown."""


class CaseRow(NamedTuple):
    id: UUID
    kind: str
    customer_id: UUID | None
    about_id: UUID | None
    owner_id: UUID | None
    state: str
    opened_at: datetime
    due_at: datetime
    resolved_at: datetime | None
    relations: int


class CaseEntryRow(NamedTuple):
    case_id: UUID
    id: UUID
    kind: str
    at: datetime
    by: str
    staff_name: str | None
    text: str | None


def _cases(relations: Any, *where: Any) -> Any:
    columns = [col(getattr(T, name)) for name in CaseRow._fields if name != "relations"]
    return select(*columns, relations.label("relations")).where(giving(relations, Access.CASE), *where)


_wanted = col(T.id) == one_of("ids", col(T.id))
CASES: Final = Query(CaseRow, _cases(relations_to_case(), _wanted))
CASES_OF_STAFF: Final = Query(CaseRow, _cases(relations_to_case_of_staff(), _wanted))

CASES_OF_ACTOR: Final = Query(
    CaseRow,
    _cases(relations_to_case(), col(T.customer_id) == ME, col(T.id) < parameter("before", col(T.id)))
    .order_by(col(T.id).desc())
    .limit(parameter("most", Integer())),
)
"""A customer's own, newest first."""


def _desk(state: str) -> Query[CaseRow]:
    # The state stands in the statement itself, so that PostgreSQL knows which of the partial indexes has the rows.
    place = tuple_(col(T.due_at), col(T.id))
    after = tuple_(parameter("after_due", col(T.due_at)), parameter("after", col(T.id)))
    due_before = func.coalesce(parameter("due_before", col(T.due_at)), literal_column("'infinity'::timestamptz"))
    cases = _cases(
        relations_to_case_of_staff(),
        literal_column(state),
        col(T.state) == func.coalesce(parameter("state", col(T.state)), col(T.state)),
        col(T.kind) == func.coalesce(parameter("kind", col(T.kind)), col(T.kind)),
        bindparam("whoever", type_=Boolean()) | col(T.owner_id).is_not_distinct_from(parameter("owner", col(T.id))),
        col(T.due_at) < due_before,
        place > after,
    )
    return Query(CaseRow, cases.order_by(col(T.due_at), col(T.id)).limit(parameter("most", Integer())))


OPEN_CASES: Final = _desk("state <> 'RESOLVED'")
RESOLVED_CASES: Final = _desk("state = 'RESOLVED'")
"""What staff may see, by when it is, or was, due."""

_asked: Any = func.unnest(bindparam("cases", type_=ARRAY(Uuid))).table_valued("id", name="asked").render_derived()
_among_staff = col(E.kind) == func.any(array(list(AMONG_STAFF), type_=col(E.kind).type))
_page = lateral(
    select(
        col(E.case_id),
        col(E.id),
        col(E.kind),
        col(E.at),
        col(E.by),
        col(StaffTable.name).label("staff_name"),
        col(CaseTextTable.text),
    )
    .join(StaffTable, col(StaffTable.id) == col(E.staff_id), isouter=True)
    .join(CaseTextTable, col(CaseTextTable.entry_id) == col(E.id), isouter=True)
    .where(
        col(E.case_id) == _asked.c.id,
        col(E.id) > parameter("after", col(E.id)),
        bindparam("desk", type_=Boolean()) | ~_among_staff,
    )
    .order_by(col(E.id))
    .limit(parameter("most", Integer()))
).alias("page")

CASE_ENTRIES: Final = Query(
    CaseEntryRow,
    select(*[_page.c[name] for name in CaseEntryRow._fields])
    .select_from(_asked)
    .join(_page, true())
    .order_by(_page.c.id),
)
"""A page of each case's log, oldest first; without `desk` only what customers are shown."""
