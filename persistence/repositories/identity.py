"""Sign-in challenges, sessions, authorization codes and refresh tokens. Every change of a challenge is conditional."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Date, Uuid, and_, func, insert, null, or_, select, update
from sqlalchemy.dialects.postgresql import insert as insert_or_not

from domain.identity.authorization import AuthorizationCode, AuthorizationTerms
from domain.identity.identification import Identification
from domain.identity.session import AuthenticationMethod, Person, RefreshToken, Session
from domain.kernel.access import StaffRole
from persistence.repositories.challenges import PostgresChallenges
from persistence.statement import Statement, col, parameter
from persistence.tables.customers import CustomerTable
from persistence.tables.identity import (
    AuthorizationCodeTable,
    FederatedIdentityTable,
    RefreshTokenTable,
    SessionTable,
)
from persistence.tables.support import StaffTable

S, R, A = SessionTable, RefreshTokenTable, AuthorizationCodeTable
F = FederatedIdentityTable

_session: tuple[Any, ...] = (
    col(S.id),
    col(S.customer_id),
    col(S.staff_id),
    col(S.client_id),
    col(S.created_at),
    col(S.method),
    col(S.generation),
    col(S.generation_at),
    col(S.ended_at),
    col(S.scope),
    col(S.device),
)
_token: tuple[Any, ...] = (col(R.hash), col(R.session_id), col(R.generation), col(R.created_at), col(R.expires_at))
_new_session: tuple[Any, ...] = (*_session, col(S.last_seen_at))


def _about_person(customer_id: Any, staff_id: Any) -> tuple[Any, Any]:
    """A customer's locale, and a staff member's roles: what tokens say that is not kept with the session."""
    return (
        select(col(CustomerTable.locale)).where(col(CustomerTable.id) == customer_id).scalar_subquery(),
        select(col(StaffTable.roles)).where(col(StaffTable.id) == staff_id).scalar_subquery(),
    )


ADD_SESSION: Final = Statement(
    insert(S)
    .values({column: parameter(column.key, column) for column in _new_session})
    .returning(*_about_person(parameter("customer_id", col(S.customer_id)), parameter("staff_id", col(S.staff_id))))
)
SESSION: Final = Statement(
    select(*_session).where(col(S.id) == parameter("session", col(S.id))).with_for_update(key_share=True)
)
SESSION_OF: Final = Statement(
    select(*_session, *_token, *_about_person(col(S.customer_id), col(S.staff_id)))
    .join(R, col(R.session_id) == col(S.id))
    .where(col(R.hash) == parameter("digest", col(R.hash)))
    .with_for_update(key_share=True, of=S)
)
KEEP_SESSION: Final = Statement(
    update(S)
    .where(col(S.id) == parameter("session", col(S.id)))
    .values(
        generation=parameter("generation", col(S.generation)),
        generation_at=parameter("generation_at", col(S.generation_at)),
        ended_at=parameter("ended_at", col(S.created_at)),
        last_seen_at=parameter("now", col(S.last_seen_at)),
    )
)
END_SESSIONS: Final = Statement(
    update(S)
    .where(
        or_(
            col(S.customer_id) == parameter("customer", col(S.customer_id)),
            col(S.staff_id) == parameter("staff", col(S.staff_id)),
        ),
        col(S.ended_at).is_(null()),
        col(S.id).is_distinct_from(parameter("but", Uuid())),
    )
    .values(ended_at=parameter("now", col(S.created_at)))
    .returning(*_session)
)
ADD_TOKEN: Final = Statement(insert(R).values({column: parameter(column.key, column) for column in _token}))

_code: tuple[Any, ...] = (
    col(A.hash),
    col(A.client_id),
    col(A.redirect_uri),
    col(A.code_challenge),
    col(A.scope),
    col(A.nonce),
    col(A.customer_id),
    col(A.staff_id),
    col(A.method),
    col(A.expires_at),
    col(A.session_id),
)
_new_code: tuple[Any, ...] = (*_code[:-1], col(A.created_at))
ADD_CODE: Final = Statement(insert(A).values({column: parameter(column.key, column) for column in _new_code}))
CODE: Final = Statement(select(*_code).where(col(A.hash) == parameter("digest", col(A.hash))).with_for_update())
USE_CODE: Final = Statement(
    update(A).where(col(A.hash) == parameter("digest", col(A.hash))).values(session_id=parameter("session", col(S.id)))
)

_same_identity = and_(
    col(F.issuer) == parameter("issuer", col(F.issuer)), col(F.subject) == parameter("subject", col(F.subject))
)
CUSTOMER_IDENTIFIED: Final = Statement(
    update(F)
    .where(_same_identity)
    .values(last_seen_at=parameter("now", col(F.last_seen_at)))
    .returning(col(F.customer_id))
)
IS_BORN_THEN: Final = Statement(
    select(func.coalesce(col(CustomerTable.birth_date) == parameter("birth_date", Date()), True)).where(
        col(CustomerTable.id) == parameter("customer", col(CustomerTable.id))
    )
)
_link: tuple[Any, ...] = (col(F.issuer), col(F.subject), col(F.customer_id), col(F.linked_at), col(F.last_seen_at))
LINK: Final = Statement(
    insert_or_not(F).values({column: parameter(column.key, column) for column in _link}).on_conflict_do_nothing()
)
LINKED_TO: Final = Statement(select(col(F.customer_id)).where(_same_identity))


def to_session(row: Sequence[Any]) -> Session:
    """A row of `_session`."""
    id, customer_id, staff_id, client_id, started_at, method, generation, generation_at, ended_at, scope, device = row
    return Session(
        id=id,
        person=_person(customer_id, staff_id),
        client_id=client_id,
        started_at=started_at,
        method=AuthenticationMethod(method),
        generation=generation,
        generation_at=generation_at,
        ended_at=ended_at,
        scope=scope,
        device=device,
    )


def to_token(row: Sequence[Any]) -> RefreshToken:
    """A row of `_token`."""
    digest, session_id, generation, created_at, expires_at = row
    return RefreshToken(
        digest=digest, session_id=session_id, generation=generation, created_at=created_at, expires_at=expires_at
    )


def to_code(row: Sequence[Any]) -> AuthorizationCode:
    """A row of `_code`."""
    digest, client_id, redirect_uri, code_challenge, scope, nonce, customer_id, staff_id, method, *times = row
    terms = AuthorizationTerms(
        client_id=client_id, redirect_uri=redirect_uri, code_challenge=code_challenge, scope=scope, nonce=nonce
    )
    expires_at, session_id = times
    return AuthorizationCode(
        digest=digest,
        terms=terms,
        person=_person(customer_id, staff_id),
        method=AuthenticationMethod(method),
        expires_at=expires_at,
        session_id=session_id,
    )


def _person(customer_id: UUID | None, staff_id: UUID | None) -> Person:
    if customer_id is not None:
        return Person.customer(customer_id)
    assert staff_id is not None, "a constraint says so"
    return Person.staff(staff_id)


def _with(session: Session, locale: str | None, roles: Sequence[str] | None) -> Session:
    return replace(session, locale=locale, roles=frozenset(map(StaffRole, roles or ())))


class PostgresIdentity(PostgresChallenges):
    """`Identities` on PostgreSQL."""

    async def add_session(self, session: Session, /) -> Session:
        row = await ADD_SESSION.fetchrow(
            self._driver,
            id=session.id,
            customer_id=session.person.customer_id,
            staff_id=session.person.staff_id,
            client_id=session.client_id,
            created_at=session.started_at,
            method=session.method,
            generation=session.generation,
            generation_at=session.generation_at,
            ended_at=session.ended_at,
            scope=session.scope,
            device=session.device,
            last_seen_at=session.started_at,
        )
        assert row is not None
        return _with(session, *row)

    async def session(self, id: UUID, /) -> Session | None:
        row = await SESSION.fetchrow(self._driver, session=id)
        return to_session(row) if row else None

    async def session_of(self, digest: bytes, /) -> tuple[Session, RefreshToken] | None:
        row = await SESSION_OF.fetchrow(self._driver, digest=digest)
        if row is None:
            return None
        *columns, locale, roles = row
        token = to_token(columns[len(_session) :])
        return _with(to_session(columns[: len(_session)]), locale, roles), token

    async def keep_session(self, session: Session, now: datetime, /) -> None:
        await KEEP_SESSION.execute(
            self._driver,
            session=session.id,
            generation=session.generation,
            generation_at=session.generation_at,
            ended_at=session.ended_at,
            now=now,
        )

    async def add_refresh_token(self, token: RefreshToken, /) -> None:
        await ADD_TOKEN.execute(
            self._driver,
            hash=token.digest,
            session_id=token.session_id,
            generation=token.generation,
            created_at=token.created_at,
            expires_at=token.expires_at,
        )

    async def end_sessions(self, person: Person, now: datetime, /, *, but: UUID | None) -> list[Session]:
        rows = await END_SESSIONS.fetch(
            self._driver, customer=person.customer_id, staff=person.staff_id, now=now, but=but
        )
        return [to_session(row) for row in rows]

    async def add_authorization_code(self, code: AuthorizationCode, now: datetime, /) -> None:
        terms = code.terms
        await ADD_CODE.execute(
            self._driver,
            hash=code.digest,
            client_id=terms.client_id,
            redirect_uri=terms.redirect_uri,
            code_challenge=terms.code_challenge,
            scope=terms.scope,
            nonce=terms.nonce,
            customer_id=code.person.customer_id,
            staff_id=code.person.staff_id,
            method=code.method,
            created_at=now,
            expires_at=code.expires_at,
        )

    async def authorization_code(self, digest: bytes, /) -> AuthorizationCode | None:
        row = await CODE.fetchrow(self._driver, digest=digest)
        return to_code(row) if row else None

    async def use_authorization_code(self, digest: bytes, session_id: UUID, /) -> None:
        await USE_CODE.execute(self._driver, digest=digest, session=session_id)

    async def customer_identified(self, issuer: str, subject: str, now: datetime, /) -> UUID | None:
        row = await CUSTOMER_IDENTIFIED.fetchrow(self._driver, issuer=issuer, subject=subject, now=now)
        return row[0] if row else None

    async def link(self, customer_id: UUID, identification: Identification, now: datetime, /) -> bool:
        same = await IS_BORN_THEN.fetchrow(self._driver, customer=customer_id, birth_date=identification.birth_date)
        if same is None or not same[0]:
            return False
        identity = {"issuer": identification.provider, "subject": identification.subject}
        await LINK.execute(self._driver, **identity, customer_id=customer_id, linked_at=now, last_seen_at=now)
        linked_to = await LINKED_TO.fetchrow(self._driver, **identity)
        return linked_to is not None and linked_to[0] == customer_id
