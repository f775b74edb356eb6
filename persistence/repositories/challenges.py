"""Codes that were asked for, and what they are counted against. Every change of a challenge is conditional."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import and_, insert, null, select, update

from domain.identity.allowances import SHARDS, Taking
from domain.identity.challenge import CODE_TRIES, Challenge, ChallengePurpose, UsedChallenge
from domain.identity.contacts import Contact
from domain.identity.pace import MOST_COUNTED, STRANGERS, EarlierCode, Pace
from domain.notifications.messages import Channel
from persistence.statement import Driver, Statement, col, number, parameter
from persistence.tables.customers import ContactPointTable
from persistence.tables.identity import SignInChallengeTable

C = SignInChallengeTable

# The lock lasts as long as the transaction. It is by the digest's first 64 bits: should two contacts share them, one
# waits. What is seen by the statement that takes it is older, and only whether a device is known is looked at in it.
LOCK: Final = """
select pg_advisory_xact_lock($1), exists (select from known_device where digest = $2::bytea)"""

CODES_SINCE: Final = Statement(
    select(col(C.created_at), col(C.used_at).is_not(null()))
    .where(
        col(C.contact_digest) == parameter("digest", col(C.contact_digest)),
        col(C.lane) == parameter("lane", col(C.lane)),
        col(C.created_at) > parameter("since", col(C.created_at)),
    )
    .order_by(col(C.created_at).desc(), col(C.id).desc())
    .limit(number(MOST_COUNTED))
)
CUSTOMER_OF: Final = Statement(
    select(col(ContactPointTable.customer_id)).where(
        col(ContactPointTable.kind) == parameter("kind", col(ContactPointTable.kind)),
        col(ContactPointTable.value) == parameter("value", col(ContactPointTable.value)),
        col(ContactPointTable.lost_at).is_(null()),
    )
)
_challenge: tuple[Any, ...] = (
    col(C.id),
    col(C.customer_id),
    col(C.purpose),
    col(C.channel),
    col(C.contact_digest),
    col(C.device_digest),
    col(C.lane),
    col(C.attempts_left),
    col(C.created_at),
    col(C.expires_at),
)
ADD_CHALLENGE: Final = Statement(insert(C).values({column: parameter(column.key, column) for column in _challenge}))

# Every key in the same order, so that nobody waits for somebody who waits for them.
TAKE: Final = """
insert into code_allowance as kept (key, empty_until)
select key, $3::timestamptz + each from unnest($1::bytea[], $2::interval[]) taken (key, each) order by key
on conflict (key) do update
   set empty_until = greatest(kept.empty_until, $3) + (excluded.empty_until - $3)
returning key, empty_until"""

SPEND: Final = """
with mine as (
    insert into sms_cost as kept (day, part, cost_minor) values ($1, $2, $3)
    on conflict (day, part) do update set cost_minor = kept.cost_minor + excluded.cost_minor
    returning cost_minor
)
select mine.cost_minor + coalesce((select sum(cost_minor) from sms_cost where day = $1 and part <> $2), 0)::bigint
  from mine"""

REPORT_CEILING: Final = "insert into sms_ceiling (day, reached_at) values ($1, $2) on conflict do nothing returning 1"

# The same lock as above, so that the tries of a contact's several codes are counted one after another.
LOCK_OF_CHALLENGE: Final = """
select pg_advisory_xact_lock(('x' || encode(substring(contact_digest for 8), 'hex'))::bit(64)::bigint)
  from sign_in_challenge where id = $1"""

TAKE_TRY: Final = f"""
update sign_in_challenge mine
   set attempts_left = attempts_left - 1
 where id = $1 and used_at is null and expires_at > $2 and attempts_left > 0
   and $4 > (
       select coalesce(sum({CODE_TRIES} - other.attempts_left), 0)
         from sign_in_challenge other
        where other.contact_digest = mine.contact_digest and other.lane = mine.lane and other.created_at > $3
          and not exists (
              select from sign_in_challenge good
               where good.contact_digest = mine.contact_digest and good.lane = mine.lane
                 and good.used_at is not null and good.created_at > $3 and good.created_at >= other.created_at
          )
   )
returning 1"""

USE_CHALLENGE: Final = Statement(
    update(C)
    .where(
        col(C.id) == parameter("challenge", col(C.id)),
        col(C.used_at).is_(null()),
        col(C.expires_at) > parameter("now", col(C.expires_at)),
        and_(col(C.customer_id).is_not(null()), col(C.purpose) == parameter("purpose", col(C.purpose))),
    )
    .values(used_at=parameter("now", col(C.expires_at)))
    .returning(col(C.customer_id), col(C.channel), col(C.contact_digest), col(C.device_digest))
)
KNOW_DEVICE: Final = """
insert into known_device as kept (digest, seen_at) values ($1, $2)
on conflict (digest) do update set seen_at = excluded.seen_at"""


class PostgresChallenges:
    """What `Identities` says of challenges, on PostgreSQL."""

    def __init__(self, driver: Driver) -> None:
        self._driver = driver

    async def pace(self, contact_digest: bytes, device_digest: bytes | None, since: datetime, /) -> Pace:
        lock = int.from_bytes(contact_digest[:8], "big", signed=True)
        # A statement of its own: the next one must see what the lock's last holder wrote.
        _, is_known = await self._driver.fetchrow(LOCK, lock, device_digest)
        lane = device_digest if device_digest is not None and is_known else STRANGERS
        rows = await CODES_SINCE.fetch(self._driver, digest=contact_digest, lane=lane, since=since)
        return Pace(lane=lane, earlier=[EarlierCode(*row) for row in rows])

    async def take(self, takings: Sequence[Taking], now: datetime, /) -> dict[bytes, datetime]:
        keys, each = [t.key for t in takings], [t.each for t in takings]
        return dict(await self._driver.fetch(TAKE, keys, each, now))

    async def spend(self, day: date, cost_minor: int, *, spender: UUID) -> int:
        return await self._driver.fetchval(SPEND, day, spender.int % SHARDS, cost_minor)

    async def report_ceiling(self, day: date, now: datetime, /) -> bool:
        return await self._driver.fetchval(REPORT_CEILING, day, now) is not None

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
            device_digest=challenge.device_digest,
            lane=challenge.lane,
            attempts_left=challenge.tries,
            created_at=challenge.created_at,
            expires_at=challenge.expires_at,
        )

    async def take_try(self, challenge_id: UUID, now: datetime, /, *, since: datetime, most: int) -> bool:
        await self._driver.fetchrow(LOCK_OF_CHALLENGE, challenge_id)
        return await self._driver.fetchval(TAKE_TRY, challenge_id, now, since, most) is not None

    async def use_challenge(
        self, challenge_id: UUID, purpose: ChallengePurpose, now: datetime, /
    ) -> UsedChallenge | None:
        row = await USE_CHALLENGE.fetchrow(self._driver, challenge=challenge_id, purpose=purpose, now=now)
        if row is None:
            return None
        customer_id, channel, contact_digest, device_digest = row
        if device_digest is not None:
            await self._driver.execute(KNOW_DEVICE, device_digest, now)
        return UsedChallenge(customer_id=customer_id, channel=Channel(channel), contact_digest=contact_digest)
