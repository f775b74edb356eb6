"""How customers are reached, and changes of it that can be taken back."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import and_, delete, insert, null, select, update
from sqlalchemy.dialects.postgresql import insert as insert_or_update

from domain.contacts.change import ContactChange, OwnContact
from domain.customers.customer import ContactKind
from domain.identity.contacts import Contact
from persistence.statement import Driver, Statement, col, one_of, parameter
from persistence.tables.contacts import ContactPointChangeTable
from persistence.tables.customers import ContactPointTable, CustomerTable
from persistence.tables.identity import AuthorizationCodeTable, SignInChallengeTable

T, P = ContactPointChangeTable, ContactPointTable
A, C = AuthorizationCodeTable, SignInChallengeTable

LOCK: Final = Statement(
    select(col(CustomerTable.id))
    .where(col(CustomerTable.id) == parameter("customer", col(CustomerTable.id)))
    .with_for_update(key_share=True)
)
OF_CUSTOMER: Final = Statement(
    select(col(P.kind), col(P.value), col(P.lost_at).is_not(null()))
    .where(col(P.customer_id) == parameter("customer", col(P.customer_id)))
    .order_by(col(P.verified_at).desc())
)
_taking: Any = insert_or_update(P).values(
    {
        column: parameter(column.key, column)
        for column in (col(P.kind), col(P.value), col(P.customer_id), col(P.verified_at))
    }
)
TAKE: Final = Statement(
    _taking.on_conflict_do_update(
        index_elements=[col(P.kind), col(P.value)],
        set_={"verified_at": _taking.excluded.verified_at, "lost_at": null()},
        where=col(P.customer_id) == _taking.excluded.customer_id,
    ).returning(col(P.customer_id))
)
# Asked after the row is there: whoever gave it up at the same moment has committed by then, or waits.
MAY_COME_BACK_TO_ANOTHER: Final = Statement(
    select(col(T.id))
    .where(
        col(T.kind) == parameter("kind", col(T.kind)),
        col(T.old_value) == parameter("value", col(P.value)),
        col(T.customer_id) != parameter("customer", col(T.customer_id)),
        col(T.undo_until) > parameter("now", col(T.undo_until)),
        col(T.undone_at).is_(null()),
    )
    .limit(1)
)
_own = and_(
    col(P.kind) == parameter("kind", col(P.kind)),
    col(P.value) == parameter("value", col(P.value)),
    col(P.customer_id) == parameter("customer", col(P.customer_id)),
)
GIVE_UP: Final = Statement(delete(P).where(_own))
REPORT_LOST: Final = Statement(update(P).where(_own).values(lost_at=parameter("now", col(P.verified_at))))

COLUMNS: Final[tuple[Any, ...]] = (
    col(T.id),
    col(T.customer_id),
    col(T.kind),
    col(T.old_value),
    col(T.changed_at),
    col(T.undo_until),
    col(T.undo_digest),
)
ADD_CHANGE: Final = Statement(insert(T).values({column: parameter(column.key, column) for column in COLUMNS}))
CUSTOMER_OF_CHANGE: Final = Statement(
    select(col(T.customer_id)).where(col(T.undo_digest) == parameter("digest", col(T.undo_digest)))
)
_this: Any = (
    select(col(T.customer_id), col(T.number))
    .where(
        col(T.undo_digest) == parameter("digest", col(T.undo_digest)),
        col(T.undo_until) > parameter("now", col(T.undo_until)),
        col(T.undone_at).is_(null()),
    )
    .subquery()
)
CHANGES_SINCE: Final = Statement(
    select(*COLUMNS)
    .join(_this, and_(col(T.customer_id) == _this.c.customer_id, col(T.number) >= _this.c.number))
    .where(col(T.undone_at).is_(null()))
    .order_by(col(T.number))
)
END_CHANGES: Final = Statement(
    update(T).where(col(T.id) == one_of("changes", col(T.id))).values(undone_at=parameter("now", col(T.changed_at)))
)
CLOSE_CHALLENGES: Final = Statement(
    update(C)
    .where(
        col(C.customer_id) == parameter("customer", col(A.customer_id)),
        col(C.used_at).is_(null()),
        col(C.expires_at) > parameter("now", col(C.expires_at)),
    )
    .values(expires_at=parameter("now", col(C.expires_at)))
)
CLOSE_AUTHORIZATIONS: Final = Statement(
    delete(A).where(col(A.customer_id) == parameter("customer", col(A.customer_id)), col(A.session_id).is_(null()))
)


def to_change(row: Sequence[Any]) -> ContactChange:
    """A row of `COLUMNS`."""
    id, customer_id, kind, old_value, changed_at, undo_until, undo_digest = row
    return ContactChange(
        id=id,
        customer_id=customer_id,
        kind=ContactKind(kind),
        old_value=old_value,
        changed_at=changed_at,
        undo_until=undo_until,
        undo_digest=undo_digest,
    )


class PostgresContacts:
    """`Contacts` on PostgreSQL."""

    def __init__(self, driver: Driver) -> None:
        self._driver = driver

    async def lock(self, customer_id: UUID, /) -> None:
        await LOCK.fetchrow(self._driver, customer=customer_id)

    async def of_customer(self, customer_id: UUID, /) -> list[OwnContact]:
        rows = await OF_CUSTOMER.fetch(self._driver, customer=customer_id)
        return [OwnContact(contact=Contact(ContactKind(kind), value), is_lost=lost) for kind, value, lost in rows]

    async def take(self, contact: Contact, customer_id: UUID, now: datetime, /) -> bool:
        what = {"kind": contact.kind, "value": contact.value}
        taken = await TAKE.fetchrow(self._driver, **what, customer_id=customer_id, verified_at=now)
        if taken is None:
            return False
        return await MAY_COME_BACK_TO_ANOTHER.fetchrow(self._driver, **what, customer=customer_id, now=now) is None

    async def give_up(self, contact: Contact, customer_id: UUID, /) -> None:
        await GIVE_UP.execute(self._driver, kind=contact.kind, value=contact.value, customer=customer_id)

    async def report_lost(self, contact: Contact, customer_id: UUID, now: datetime, /) -> None:
        what = {"kind": contact.kind, "value": contact.value}
        await REPORT_LOST.execute(self._driver, **what, customer=customer_id, now=now)

    async def add_change(self, change: ContactChange, /) -> None:
        await ADD_CHANGE.execute(
            self._driver,
            id=change.id,
            customer_id=change.customer_id,
            kind=change.kind,
            old_value=change.old_value,
            changed_at=change.changed_at,
            undo_until=change.undo_until,
            undo_digest=change.undo_digest,
        )

    async def customer_of_change(self, undo_digest: bytes, /) -> UUID | None:
        row = await CUSTOMER_OF_CHANGE.fetchrow(self._driver, digest=undo_digest)
        return row[0] if row else None

    async def changes_since(self, undo_digest: bytes, now: datetime, /) -> list[ContactChange]:
        return [to_change(row) for row in await CHANGES_SINCE.fetch(self._driver, digest=undo_digest, now=now)]

    async def end_changes(self, changes: Sequence[ContactChange], now: datetime, /) -> None:
        await END_CHANGES.execute(self._driver, changes=[change.id for change in changes], now=now)

    async def close_doors(self, customer_id: UUID, now: datetime, /) -> None:
        await CLOSE_CHALLENGES.execute(self._driver, customer=customer_id, now=now)
        await CLOSE_AUTHORIZATIONS.execute(self._driver, customer=customer_id)
