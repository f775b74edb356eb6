"""The operator's signing keys, as they are kept."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from sqlalchemy import cast as sql_cast
from sqlalchemy import null, select, update
from sqlalchemy.dialects.postgresql import insert as insert_or_ignore

from persistence.statement import Driver, Statement, col, parameter
from persistence.tables.columns import TEXT
from persistence.tables.identity import SigningKeyTable as K

_key: tuple[Any, ...] = (
    col(K.number),
    col(K.id),
    col(K.public_jwk),
    col(K.private_jwk),
    col(K.created_at),
    col(K.signs_from),
)
SIGNING_KEYS: Final = Statement(
    select(
        col(K.number),
        col(K.id),
        sql_cast(col(K.public_jwk), TEXT),
        col(K.private_jwk),
        col(K.created_at),
        col(K.signs_from),
        col(K.withdrawn_at),
    ).order_by(col(K.number))
)
ERASE_PRIVATE_HALF: Final = Statement(
    update(K).where(col(K.number) == parameter("number", col(K.number))).values(private_jwk=b"")
)
WITHDRAW: Final = Statement(
    update(K)
    .where(col(K.id) == parameter("id", col(K.id)), col(K.withdrawn_at).is_(null()))
    .values(withdrawn_at=parameter("now", col(K.created_at)), private_jwk=b"")
)
ADD_SIGNING_KEY: Final = Statement(
    insert_or_ignore(K)
    .values({column: parameter(column.key, column) for column in _key})
    .on_conflict_do_nothing(index_elements=[col(K.number)])
)


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptKey:
    """A signing key as it is kept: its private half encrypted."""

    number: int
    id: str
    public_jwk: dict[str, Any]
    private_jwk: bytes = field(repr=False)
    """Empty once the key has signed its last."""
    created_at: datetime
    signs_from: datetime
    withdrawn_at: datetime | None = None


class SigningKeys:
    """The operator's signing keys. They are no effect of a use case: whichever process needs the first one makes it."""

    def __init__(self, driver: Driver) -> None:
        self._driver = driver

    async def all(self) -> list[KeptKey]:
        """Every key, the oldest first."""
        rows = await SIGNING_KEYS.fetch(self._driver)
        return [
            KeptKey(
                number=number,
                id=id,
                public_jwk=json.loads(public),
                private_jwk=private,
                created_at=created_at,
                signs_from=signs_from,
                withdrawn_at=withdrawn_at,
            )
            for number, id, public, private, created_at, signs_from, withdrawn_at in rows
        ]

    async def add(self, key: KeptKey) -> None:
        """Keeps the key, unless another process was first to keep one with its number."""
        await ADD_SIGNING_KEY.execute(
            self._driver,
            number=key.number,
            id=key.id,
            public_jwk=key.public_jwk,
            private_jwk=key.private_jwk,
            created_at=key.created_at,
            signs_from=key.signs_from,
        )

    async def withdraw(self, id: str, now: datetime) -> None:
        """Nothing is signed with the key any more, nor is it believed. To withdraw it twice changes nothing."""
        await WITHDRAW.execute(self._driver, id=id, now=now)

    async def erase_private_half(self, number: int) -> None:
        """Nothing can be signed with the key any more. Its public half is kept, for what it has signed for ever."""
        await ERASE_PRIVATE_HALF.execute(self._driver, number=number)
