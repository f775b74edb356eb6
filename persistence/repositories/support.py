"""Staff, their searches and their support sessions."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import BigInteger, Integer, insert, null, select, union, update
from sqlalchemy.dialects.postgresql import insert as insert_or_update

from domain.customers.customer import ContactKind
from domain.kernel.access import StaffRole, SupportAccess
from domain.support.search import CustomerSearch, SearchKind, SearchMade
from domain.support.session import SupportSession
from domain.support.staff import StaffMember
from persistence.statement import Driver, Statement, col, parameter
from persistence.tables.cards import CardTable
from persistence.tables.customers import ContactPointTable, CustomerTable
from persistence.tables.registration import CustomerIdentityTable
from persistence.tables.support import CustomerSearchTable, StaffTable, SupportSessionTable

F, M, S = CustomerSearchTable, StaffTable, SupportSessionTable
P, Card, Identity = ContactPointTable, CardTable, CustomerIdentityTable

_member: tuple[Any, ...] = (col(M.id), col(M.issuer), col(M.subject), col(M.name), col(M.roles))
MEMBER: Final = Statement(
    select(*_member)
    .where(col(M.issuer) == parameter("issuer", col(M.issuer)), col(M.subject) == parameter("subject", col(M.subject)))
    .with_for_update(key_share=True)
)
ROLES: Final = Statement(select(col(M.roles)).where(col(M.id) == parameter("staff", col(M.id))))
_keeping: Any = insert_or_update(M).values(
    {column: parameter(column.key, column) for column in _member}
    | {col(M.created_at): parameter("now", col(M.created_at)), col(M.last_seen_at): parameter("now", col(M.created_at))}
)
KEEP_MEMBER: Final = Statement(
    _keeping.on_conflict_do_update(
        index_elements=[col(M.id)],
        set_={each.key: _keeping.excluded[each.key] for each in (col(M.name), col(M.roles), col(M.last_seen_at))},
    )
)

# For as long as the transaction lasts: whoever searches twice at once waits for themselves.
LOCK_SEARCHES: Final = "select pg_advisory_xact_lock(hashtextextended('searches of ' || $1::uuid::text, 0))"
SEARCHES_SINCE: Final = Statement(
    select(col(F.made_at))
    .where(
        col(F.staff_id) == parameter("staff", col(F.staff_id)),
        col(F.made_at) > parameter("since", col(F.made_at)),
    )
    .order_by(col(F.made_at).desc())
    .limit(parameter("most", Integer()))
)
_search: tuple[Any, ...] = (col(F.id), col(F.staff_id), col(F.kind), col(F.found), col(F.made_at))
ADD_SEARCH: Final = Statement(insert(F).values({column: parameter(column.key, column) for column in _search}))


def _limited(people: Any) -> Statement:
    return Statement(people.limit(parameter("most", Integer())))


def _by_contact(kind: ContactKind) -> Any:
    return select(col(P.customer_id)).where(col(P.kind) == kind, col(P.value) == parameter("value", col(P.value)))


def _by_card(person: Any) -> Any:
    return select(person).where(col(Card.phone_number) == parameter("value", col(P.value)), person.is_not(None))


FOUND_BY: Final = {
    SearchKind.PHONE_NUMBER: _limited(
        union(_by_contact(ContactKind.PHONE), _by_card(col(Card.holder_id)), _by_card(col(Card.user_id)))
    ),
    SearchKind.EMAIL: _limited(_by_contact(ContactKind.EMAIL)),
    SearchKind.CUSTOMER_NUMBER: _limited(
        select(col(CustomerTable.id)).where(col(CustomerTable.number) == parameter("value", BigInteger()))
    ),
    SearchKind.IDENTITY_NUMBER: _limited(
        select(col(Identity.customer_id)).where(
            col(Identity.number_digest) == parameter("value", col(Identity.number_digest)), col(Identity.is_current)
        )
    ),
}

_session: tuple[Any, ...] = (
    col(S.id),
    col(S.staff_id),
    col(S.customer_id),
    col(S.access),
    col(S.reason),
    col(S.ticket),
    col(S.started_at),
    col(S.expires_at),
    col(S.ended_at),
    col(S.disputed_at),
    col(S.dispute),
)
ADD_SESSION: Final = Statement(insert(S).values({column: parameter(column.key, column) for column in _session}))
SESSION: Final = Statement(
    select(*_session).where(col(S.id) == parameter("session", col(S.id))).with_for_update(key_share=True)
)
KEEP_SESSION: Final = Statement(
    update(S)
    .where(col(S.id) == parameter("session", col(S.id)))
    .values(
        ended_at=parameter("ended", col(S.started_at)),
        disputed_at=parameter("disputed", col(S.started_at)),
        dispute=parameter("said", col(S.reason)),
    )
)

END_SESSIONS_OF: Final = Statement(
    update(S)
    .where(
        col(S.staff_id) == parameter("staff", col(S.staff_id)),
        col(S.ended_at).is_(null()),
        col(S.expires_at) > parameter("now", col(S.expires_at)),
    )
    .values(ended_at=parameter("now", col(S.expires_at)))
    .returning(*_session)
)


def to_session(row: Sequence[Any]) -> SupportSession:
    """A row of `_session`."""
    id, staff_id, customer_id, access, reason, ticket, started_at, expires_at, ended_at, disputed_at, dispute = row
    return SupportSession(
        id=id,
        staff_id=staff_id,
        customer_id=customer_id,
        access=SupportAccess(access),
        reason=reason,
        ticket=ticket,
        started_at=started_at,
        expires_at=expires_at,
        ended_at=ended_at,
        disputed_at=disputed_at,
        dispute=dispute,
    )


class PostgresSupport:
    """`Support` on PostgreSQL."""

    def __init__(self, driver: Driver) -> None:
        self._driver = driver

    async def staff_member(self, issuer: str, subject: str, /) -> StaffMember | None:
        row = await MEMBER.fetchrow(self._driver, issuer=issuer, subject=subject)
        if row is None:
            return None
        id, issuer, subject, name, roles = row
        return StaffMember(id=id, issuer=issuer, subject=subject, name=name, roles=frozenset(map(StaffRole, roles)))

    async def keep_staff_member(self, member: StaffMember, now: datetime, /) -> None:
        await KEEP_MEMBER.execute(
            self._driver,
            id=member.id,
            issuer=member.issuer,
            subject=member.subject,
            name=member.name,
            roles=sorted(member.roles),
            now=now,
        )

    async def roles_of(self, staff_id: UUID, /) -> frozenset[StaffRole]:
        row = await ROLES.fetchrow(self._driver, staff=staff_id)
        return frozenset(map(StaffRole, row[0])) if row else frozenset()

    async def searches_since(self, staff_id: UUID, since: datetime, /, *, limit: int) -> list[datetime]:
        # A statement of its own: the next one must see what the lock's last holder wrote.
        await self._driver.fetchval(LOCK_SEARCHES, staff_id)
        rows = await SEARCHES_SINCE.fetch(self._driver, staff=staff_id, since=since, most=limit)
        return [row[0] for row in rows]

    async def found_by(self, search: CustomerSearch, /, *, limit: int) -> list[UUID]:
        value: str | int | bytes = search.value
        if search.kind is SearchKind.IDENTITY_NUMBER:
            value = bytes.fromhex(search.value)
        if search.kind is SearchKind.CUSTOMER_NUMBER:
            if not (search.value.isascii() and search.value.isdigit() and len(search.value) < 19):
                return []
            value = int(search.value)
        return [row[0] for row in await FOUND_BY[search.kind].fetch(self._driver, value=value, most=limit)]

    async def add_search(self, search: SearchMade, /) -> None:
        await ADD_SEARCH.execute(
            self._driver,
            id=search.id,
            staff_id=search.staff_id,
            kind=search.kind,
            found=list(search.found),
            made_at=search.made_at,
        )

    async def add_session(self, session: SupportSession, /) -> None:
        await ADD_SESSION.execute(
            self._driver,
            id=session.id,
            staff_id=session.staff_id,
            customer_id=session.customer_id,
            access=session.access,
            reason=session.reason,
            ticket=session.ticket,
            started_at=session.started_at,
            expires_at=session.expires_at,
            ended_at=session.ended_at,
            disputed_at=session.disputed_at,
            dispute=session.dispute,
        )

    async def session(self, id: UUID, /) -> SupportSession | None:
        row = await SESSION.fetchrow(self._driver, session=id)
        return to_session(tuple(row)) if row else None

    async def end_sessions_of(self, staff_id: UUID, now: datetime, /) -> list[SupportSession]:
        rows = await END_SESSIONS_OF.fetch(self._driver, staff=staff_id, now=now)
        return [to_session(tuple(row)) for row in rows]

    async def keep_session(self, session: SupportSession, /) -> None:
        await KEEP_SESSION.execute(
            self._driver,
            session=session.id,
            ended=session.ended_at,
            disputed=session.disputed_at,
            said=session.dispute,
        )
