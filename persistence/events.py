"""The event log, read in the order of commits.

Positions and transaction ids are given out before a commit, so a later one can be visible before an earlier one. An
event is therefore read only when every transaction with a lower id has ended (`pg_snapshot_xmin`), and then by
(xid, position): whatever comes later comes behind it. A transaction that is left open holds every cursor back.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final, NamedTuple

from domain.kernel.subscribers import SHARDS, NothingNew, RecordedEvent, Subscriber
from persistence.database import Database
from persistence.statement import Driver

CHUNK: Final = 200
"""How many events one execution passes at most, whoever they are for."""

LAG_COUNTED_TO: Final = 10_000
"""Beyond that the number does not matter, and counting would cost more than it tells."""

# The last byte of a customer's id is random, and unlike a hash it is the same in every version of PostgreSQL.
_SHARD: Final = f"case when subject_id is null then 0 else get_byte(uuid_send(subject_id), 15) % {SHARDS} end"

LOCK_CURSOR: Final = """
select xid, position from subscriber_cursor where subscriber = $1 and shard = $2 for update skip locked"""

# Without the condition it would wait for who has the lock, since a row that is being changed may yet be gone.
FIRST_CURSOR: Final = """
insert into subscriber_cursor (subscriber, shard, xid, position, moved_at)
select $1, $2, '0', 0, $3 where not exists (select from subscriber_cursor where subscriber = $1 and shard = $2)
    on conflict do nothing returning xid, position"""

MOVE_CURSOR: Final = """
update subscriber_cursor set xid = $3, position = $4, moved_at = $5 where subscriber = $1 and shard = $2"""

REWIND: Final = "update subscriber_cursor set xid = '0', position = 0 where subscriber = $1"

_NEXT: Final = """
from event where (xid, position) > ({xid}, {position}) and xid < pg_snapshot_xmin(pg_current_snapshot())
order by xid, position limit """ + str(CHUNK)

NEXT: Final = f"""
select xid, position, type, version, at, subject_id, execution_id, data::text,
       type = any($3::text[]) and {_SHARD} = $4::int as is_meant
  {_NEXT.format(xid="$1::xid8", position="$2::bigint")}"""

_CURSORS: Final = f"""
from generate_series(0, {SHARDS - 1}) s (shard)
left join subscriber_cursor c on c.subscriber = $1 and c.shard = s.shard"""

_CURSOR: Final = {"xid": "coalesce(c.xid, '0'::xid8)", "position": "coalesce(c.position, 0)"}

SHARDS_WAITING: Final = f"""
select s.shard {_CURSORS} cross join lateral (
    select count(*) as passed, count(*) filter (where type = any($2::text[]) and {_SHARD} = s.shard) as meant
      from (select type, subject_id {_NEXT.format(**_CURSOR)}) next
) n where n.meant > 0 or n.passed = {CHUNK} order by s.shard"""

# Also what cannot be read yet: where a transaction is left open, that is the lag to be seen.
LAG: Final = f"""
select count(*), min(at) from (
    select e.at {_CURSORS} cross join lateral (
        select at from event
         where (xid, position) > ({_CURSOR["xid"]}, {_CURSOR["position"]})
           and type = any($2::text[]) and {_SHARD} = s.shard
         order by xid, position limit {LAG_COUNTED_TO}
    ) e
) waiting"""


class Lag(NamedTuple):
    """How far a subscriber is behind: how many events wait, and since when the oldest does."""

    waiting: int
    oldest_at: datetime | None


class EventLog:
    """What can be asked of the log without a transaction."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def shards_waiting(self, subscriber: Subscriber) -> list[int]:
        """Where there is something for the subscriber, or so much for others that its cursor should move on."""
        rows = await self._database.fetch(SHARDS_WAITING, subscriber.name, sorted(subscriber.handles))
        return [row["shard"] for row in rows]

    async def lag(self, subscriber: Subscriber) -> Lag:
        """How far behind the subscriber is, counted up to `LAG_COUNTED_TO` in each shard."""
        return Lag(*await self._database.fetchrow(LAG, subscriber.name, sorted(subscriber.handles)))


class PostgresSubscriptions:
    """`Subscriptions` on PostgreSQL. Who has a cursor's row lock is at this shard; others pass by."""

    def __init__(self, driver: Driver, now: datetime) -> None:
        self._driver, self._now = driver, now

    async def take(self, subscriber: Subscriber, shard: int, /) -> Sequence[RecordedEvent]:
        name = subscriber.name
        cursor = await self._driver.fetchrow(LOCK_CURSOR, name, shard)
        if cursor is None:  # somebody else has it, or nobody has ever had it
            cursor = await self._driver.fetchrow(FIRST_CURSOR, name, shard, self._now)
        if cursor is None:
            raise NothingNew
        rows = await self._driver.fetch(NEXT, *cursor, sorted(subscriber.handles), shard)
        events = [_recorded(row) for row in rows if row["is_meant"]]
        if not events and len(rows) < CHUNK:
            raise NothingNew
        await self._driver.execute(MOVE_CURSOR, name, shard, rows[-1]["xid"], rows[-1]["position"], self._now)
        return events

    async def rewind(self, subscriber: Subscriber, /) -> None:
        await self._driver.execute(REWIND, subscriber.name)


def _recorded(row: Any) -> RecordedEvent:
    return RecordedEvent(
        position=row["position"],
        type=row["type"],
        version=row["version"],
        at=row["at"],
        subject=row["subject_id"],
        cause=row["execution_id"],
        data=json.loads(row["data"]),
    )
