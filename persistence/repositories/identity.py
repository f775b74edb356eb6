"""Sign-in challenges, sessions, authorization codes and refresh tokens. Every change of a challenge is conditional."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Integer, Uuid, and_, insert, null, or_, select, update

from domain.identity.authorization import AuthorizationCode, AuthorizationTerms
from domain.identity.challenge import Challenge, ChallengePurpose, UsedChallenge
from domain.identity.contacts import Contact
from domain.identity.session import AuthenticationMethod, Person, RefreshToken, Session
from domain.kernel.access import StaffRole
from domain.notifications.messages import Channel
from persistence.statement import Driver, Statement, col, parameter
from persistence.tables.customers import ContactPointTable, CustomerTable
from persistence.tables.identity import (
    AuthorizationCodeTable,
    RefreshTokenTable,
    SessionTable,
    SignInChallengeTable,
)
from persistence.tables.support import StaffTable

C, S, R, A = SignInChallengeTable, SessionTable, RefreshTokenTable, AuthorizationCodeTable

# For as long as the transaction lasts. By the digest's first 64 bits: should two contacts share them, one waits.
LOCK_CONTACT: Final = "select pg_advisory_xact_lock($1)"
CHALLENGES_SINCE: Final = Statement(
    select(col(C.created_at))
    .where(
        col(C.contact_digest) == parameter("digest", col(C.contact_digest)),
        col(C.created_at) > parameter("since", col(C.created_at)),
    )
    .order_by(col(C.created_at).desc())
    .limit(parameter("most", Integer()))
)
CUSTOMER_OF: Final = Statement(
    select(col(ContactPointTable.customer_id)).where(
        col(ContactPointTable.kind) == parameter("kind", col(ContactPointTable.kind)),
        col(ContactPointTable.value) == parameter("value", col(ContactPointTable.value)),
    )
)
_challenge: tuple[Any, ...] = (
    col(C.id),
    col(C.customer_id),
    col(C.purpose),
    col(C.channel),
    col(C.contact_digest),
    col(C.attempts_left),
    col(C.created_at),
    col(C.expires_at),
)
ADD_CHALLENGE: Final = Statement(insert(C).values({column: parameter(column.key, column) for column in _challenge}))
_open = and_(
    col(C.id) == parameter("challenge", col(C.id)),
    col(C.used_at).is_(null()),
    col(C.expires_at) > parameter("now", col(C.expires_at)),
)
TAKE_TRY: Final = Statement(
    update(C).where(_open, col(C.attempts_left) > 0).values(attempts_left=col(C.attempts_left) - 1).returning(col(C.id))
)
USE_CHALLENGE: Final = Statement(
    update(C)
    .where(_open, col(C.customer_id).is_not(null()), col(C.purpose) == parameter("purpose", col(C.purpose)))
    .values(used_at=parameter("now", col(C.expires_at)))
    .returning(col(C.customer_id), col(C.channel), col(C.contact_digest))
)

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


class PostgresIdentity:
    """`Identities` on PostgreSQL."""

    def __init__(self, driver: Driver) -> None:
        self._driver = driver

    async def challenges_since(self, since: datetime, contact_digest: bytes, *, limit: int) -> list[datetime]:
        lock = int.from_bytes(contact_digest[:8], "big", signed=True)
        # A statement of its own: the next one must see what the lock's last holder wrote.
        await self._driver.fetchval(LOCK_CONTACT, lock)
        rows = await CHALLENGES_SINCE.fetch(self._driver, digest=contact_digest, since=since, most=limit)
        return [row[0] for row in rows]

    async def customer_of(self, contact: Contact, /) -> UUID | None:
        row = await CUSTOMER_OF.fetchrow(self._driver, kind=contact.kind, value=contact.value)
        return row[0] if row else None

    async def add_challenge(self, challenge: Challenge, /) -> None:
        await ADD_CHALLENGE.execute(
            self._driver,
            id=challenge.id,
            customer_id=challenge.customer_id,
            purpose=challenge.purpose,
            channel=challenge.channel,
            contact_digest=challenge.contact_digest,
            attempts_left=challenge.tries,
            created_at=challenge.created_at,
            expires_at=challenge.expires_at,
        )

    async def take_try(self, challenge_id: UUID, now: datetime, /) -> bool:
        return await TAKE_TRY.fetchrow(self._driver, challenge=challenge_id, now=now) is not None

    async def use_challenge(
        self, challenge_id: UUID, purpose: ChallengePurpose, now: datetime, /
    ) -> UsedChallenge | None:
        row = await USE_CHALLENGE.fetchrow(self._driver, challenge=challenge_id, purpose=purpose, now=now)
        return UsedChallenge(customer_id=row[0], channel=Channel(row[1]), contact_digest=row[2]) if row else None

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
