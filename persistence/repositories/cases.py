"""Cases and their logs."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import func, insert, null, select, update
from sqlalchemy.dialects.postgresql import insert as insert_or_ignore

from domain.cases.case import Case, CaseEntry, CaseKind, CaseState
from domain.support.search import FOUND_LATELY
from persistence.scope import known_to_staff
from persistence.statement import Driver, Statement, col, parameter
from persistence.tables.cases import CaseEntryTable, CaseTable, CaseTextTable
from persistence.tables.customers import CustomerTable

C, E, T = CaseTable, CaseEntryTable, CaseTextTable

_case: tuple[Any, ...] = (
    col(C.id),
    col(C.kind),
    col(C.customer_id),
    col(C.about_id),
    col(C.barred_staff_id),
    col(C.owner_id),
    col(C.state),
    col(C.opened_at),
    col(C.due_at),
    col(C.resolved_at),
)
OPEN: Final = Statement(
    insert_or_ignore(C)
    .values({column: parameter(column.key, column) for column in _case})
    .on_conflict_do_nothing()
    .returning(col(C.id))
)
CASE: Final = Statement(select(*_case).where(col(C.id) == parameter("case", col(C.id))).with_for_update())
KEEP: Final = Statement(
    update(C)
    .where(col(C.id) == parameter("case", col(C.id)))
    .values(
        owner_id=parameter("owner", col(C.id)),
        state=parameter("now_in", col(C.state)),
        due_at=parameter("due", col(C.due_at)),
        resolved_at=parameter("resolved", col(C.due_at)),
    )
)
_entry: tuple[Any, ...] = (col(E.id), col(E.case_id), col(E.kind), col(E.at), col(E.by), col(E.staff_id))
ADD_ENTRY: Final = Statement(insert(E).values({column: parameter(column.key, column) for column in _entry}))
ADD_TEXT: Final = Statement(
    insert(T).values(
        {col(T.entry_id): parameter("entry", col(T.entry_id)), col(T.text): parameter("text", col(T.text))}
    )
)
# For as long as the transaction lasts: who asks twice at once waits for themselves.
LOCK_CUSTOMER: Final = "select pg_advisory_xact_lock(hashtextextended('cases of ' || $1::uuid::text, 0))"
OPEN_QUESTIONS: Final = Statement(
    select(func.count()).where(
        col(C.customer_id) == parameter("customer", col(C.id)),
        col(C.kind) == CaseKind.QUESTION,
        col(C.resolved_at).is_(null()),
    )
)
MAY_BE_HELPED: Final = Statement(
    select(col(CustomerTable.id)).where(
        col(CustomerTable.id) == parameter("customer", col(CustomerTable.id)), known_to_staff()
    )
)


def to_case(row: Sequence[Any]) -> Case:
    """A row of `_case`."""
    id, kind, customer_id, about_id, barred_staff_id, owner_id, state, opened_at, due_at, resolved_at = row
    return Case(
        id=id,
        kind=CaseKind(kind),
        customer_id=customer_id,
        about_id=about_id,
        barred_staff_id=barred_staff_id,
        owner_id=owner_id,
        state=CaseState(state),
        opened_at=opened_at,
        due_at=due_at,
        resolved_at=resolved_at,
    )


class PostgresCases:
    """`Cases` on PostgreSQL."""

    def __init__(self, driver: Driver, now: datetime) -> None:
        self._driver, self._now = driver, now

    async def open(self, case: Case, /) -> bool:
        opened = await OPEN.fetchrow(
            self._driver,
            id=case.id,
            kind=case.kind,
            customer_id=case.customer_id,
            about_id=case.about_id,
            barred_staff_id=case.barred_staff_id,
            owner_id=case.owner_id,
            state=case.state,
            opened_at=case.opened_at,
            due_at=case.due_at,
            resolved_at=case.resolved_at,
        )
        return opened is not None

    async def get(self, id: UUID, /) -> Case | None:
        row = await CASE.fetchrow(self._driver, case=id)
        return to_case(tuple(row)) if row else None

    async def keep(self, case: Case, /) -> None:
        await KEEP.execute(
            self._driver,
            case=case.id,
            owner=case.owner_id,
            now_in=case.state,
            due=case.due_at,
            resolved=case.resolved_at,
        )

    async def add_entry(self, entry: CaseEntry, /) -> None:
        await ADD_ENTRY.execute(
            self._driver,
            id=entry.id,
            case_id=entry.case_id,
            kind=entry.kind,
            at=entry.at,
            by=entry.by,
            staff_id=entry.staff_id,
        )
        if entry.text is not None:
            await ADD_TEXT.execute(self._driver, entry=entry.id, text=entry.text)

    async def open_questions_of(self, customer_id: UUID, /) -> int:
        # A statement of its own: the next one must see what the lock's last holder wrote.
        await self._driver.fetchval(LOCK_CUSTOMER, customer_id)
        return (await OPEN_QUESTIONS.fetchrow(self._driver, customer=customer_id))[0]

    async def may_be_helped(self, staff_id: UUID, customer_id: UUID, /) -> bool:
        since = self._now - FOUND_LATELY
        row = await MAY_BE_HELPED.fetchrow(self._driver, customer=customer_id, me=staff_id, since=since)
        return row is not None
