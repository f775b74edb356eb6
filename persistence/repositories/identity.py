"""Sign-in challenges, sessions, refresh tokens and signing keys. Every change of a challenge is conditional."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Integer, and_, insert, null, select, update
from sqlalchemy import cast as sql_cast
from sqlalchemy.dialects.postgresql import insert as insert_or_ignore

from domain.customers.customer import ContactKind
from domain.identity.session import RefreshToken, Session
from persistence.statement import Driver, Statement, col, parameter
from persistence.tables.columns import TEXT
from persistence.tables.customers import ContactPointTable, CustomerTable
from persistence.tables.identity import RefreshTokenTable, SessionTable, SignInChallengeTable, SigningKeyTable

C, S, R, K = SignInChallengeTable, SessionTable, RefreshTokenTable, SigningKeyTable

# For as long as the transaction lasts. By the digest's first 64 bits: should two numbers share them, one waits.
LOCK_NUMBER: Final = "select pg_advisory_xact_lock($1)"
CHALLENGES_SINCE: Final = Statement(
    select(col(C.created_at))
    .where(
        col(C.number_digest) == parameter("digest", col(C.number_digest)),
        col(C.created_at) > parameter("since", col(C.created_at)),
    )
    .order_by(col(C.created_at).desc())
    .limit(parameter("most", Integer()))
)
CUSTOMER_OF: Final = Statement(
    select(col(ContactPointTable.customer_id)).where(
        col(ContactPointTable.kind) == ContactKind.PHONE,
        col(ContactPointTable.value) == parameter("number", col(ContactPointTable.value)),
    )
)
_challenge: tuple[Any, ...] = (
    col(C.id),
    col(C.customer_id),
    col(C.number_digest),
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
    .where(_open, col(C.customer_id).is_not(null()))
    .values(used_at=parameter("now", col(C.expires_at)))
    .returning(col(C.customer_id))
)

_session: tuple[Any, ...] = (
    col(S.id),
    col(S.customer_id),
    col(S.client_id),
    col(S.created_at),
    col(S.generation),
    col(S.generation_at),
    col(S.ended_at),
)
_token: tuple[Any, ...] = (col(R.hash), col(R.session_id), col(R.generation), col(R.created_at), col(R.expires_at))
_new_session: tuple[Any, ...] = (*_session, col(S.last_seen_at))
_locale: Final = select(col(CustomerTable.locale))
_its_customer: Final = col(CustomerTable.id) == parameter("customer_id", col(S.customer_id))
ADD_SESSION: Final = Statement(
    insert(S)
    .values({column: parameter(column.key, column) for column in _new_session})
    .returning(_locale.where(_its_customer).scalar_subquery())
)
SESSION: Final = Statement(
    select(*_session).where(col(S.id) == parameter("session", col(S.id))).with_for_update(key_share=True)
)
SESSION_OF: Final = Statement(
    select(*_session, *_token, _locale.where(col(CustomerTable.id) == col(S.customer_id)).scalar_subquery())
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
ADD_TOKEN: Final = Statement(insert(R).values({column: parameter(column.key, column) for column in _token}))

_key: tuple[Any, ...] = (col(K.number), col(K.id), col(K.public_jwk), col(K.private_jwk), col(K.created_at))
SIGNING_KEYS: Final = Statement(
    select(col(K.number), col(K.id), sql_cast(col(K.public_jwk), TEXT), col(K.private_jwk)).order_by(col(K.number))
)
ADD_SIGNING_KEY: Final = Statement(
    insert_or_ignore(K)
    .values({column: parameter(column.key, column) for column in _key})
    .on_conflict_do_nothing(index_elements=[col(K.number)])
)


def to_session(row: Sequence[Any]) -> Session:
    """A row of `_session`."""
    id, customer_id, client_id, started_at, generation, generation_at, ended_at = row
    return Session(
        id=id,
        customer_id=customer_id,
        client_id=client_id,
        started_at=started_at,
        generation=generation,
        generation_at=generation_at,
        ended_at=ended_at,
    )


def to_token(row: Sequence[Any]) -> RefreshToken:
    """A row of `_token`."""
    digest, session_id, generation, created_at, expires_at = row
    return RefreshToken(
        digest=digest, session_id=session_id, generation=generation, created_at=created_at, expires_at=expires_at
    )


class PostgresIdentity:
    """`Identities` on PostgreSQL."""

    def __init__(self, driver: Driver) -> None:
        self._driver = driver

    async def challenges_since(self, since: datetime, number_digest: bytes, *, limit: int) -> list[datetime]:
        lock = int.from_bytes(number_digest[:8], "big", signed=True)
        # A statement of its own: the next one must see what the lock's last holder wrote.
        await self._driver.fetchval(LOCK_NUMBER, lock)
        rows = await CHALLENGES_SINCE.fetch(self._driver, digest=number_digest, since=since, most=limit)
        return [row[0] for row in rows]

    async def customer_of(self, phone_number: str, /) -> UUID | None:
        row = await CUSTOMER_OF.fetchrow(self._driver, number=phone_number)
        return row[0] if row else None

    async def add_challenge(
        self,
        id: UUID,
        *,
        customer_id: UUID | None,
        number_digest: bytes,
        tries: int,
        created_at: datetime,
        expires_at: datetime,
    ) -> None:
        await ADD_CHALLENGE.execute(
            self._driver,
            id=id,
            customer_id=customer_id,
            number_digest=number_digest,
            attempts_left=tries,
            created_at=created_at,
            expires_at=expires_at,
        )

    async def take_try(self, challenge_id: UUID, now: datetime, /) -> bool:
        return await TAKE_TRY.fetchrow(self._driver, challenge=challenge_id, now=now) is not None

    async def use_challenge(self, challenge_id: UUID, now: datetime, /) -> UUID | None:
        row = await USE_CHALLENGE.fetchrow(self._driver, challenge=challenge_id, now=now)
        return row[0] if row else None

    async def add_session(self, session: Session, /) -> Session:
        row = await ADD_SESSION.fetchrow(
            self._driver,
            id=session.id,
            customer_id=session.customer_id,
            client_id=session.client_id,
            created_at=session.started_at,
            generation=session.generation,
            generation_at=session.generation_at,
            ended_at=session.ended_at,
            last_seen_at=session.started_at,
        )
        return replace(session, locale=row[0] if row else None)

    async def session(self, id: UUID, /) -> Session | None:
        row = await SESSION.fetchrow(self._driver, session=id)
        return to_session(row) if row else None

    async def session_of(self, digest: bytes, /) -> tuple[Session, RefreshToken] | None:
        row = await SESSION_OF.fetchrow(self._driver, digest=digest)
        if row is None:
            return None
        *columns, locale = row
        return replace(to_session(columns[: len(_session)]), locale=locale), to_token(columns[len(_session) :])

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


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptKey:
    """A signing key as it is kept: its private half encrypted."""

    number: int
    id: str
    public_jwk: dict[str, Any]
    private_jwk: bytes = field(repr=False)


class SigningKeys:
    """The operator's signing keys. They are no effect of a use case: whichever process needs the first one makes it."""

    def __init__(self, driver: Driver) -> None:
        self._driver = driver

    async def all(self) -> list[KeptKey]:
        """Every key, the oldest first."""
        rows = await SIGNING_KEYS.fetch(self._driver)
        return [
            KeptKey(number=number, id=id, public_jwk=json.loads(public), private_jwk=private)
            for number, id, public, private in rows
        ]

    async def add(self, key: KeptKey, created_at: datetime) -> None:
        """Keeps the key, unless another process was first to keep one with its number."""
        await ADD_SIGNING_KEY.execute(
            self._driver,
            number=key.number,
            id=key.id,
            public_jwk=key.public_jwk,
            private_jwk=key.private_jwk,
            created_at=created_at,
        )
