"""What those who run it want to know of a database."""

from __future__ import annotations

from datetime import datetime
from typing import Final, NamedTuple
from uuid import UUID

from sqlalchemy import BigInteger, cast, func, null, select, text

from domain.topups.topup import LOOKS
from persistence.statement import Driver, Query, col, number, parameter
from persistence.tables.identity import SmsCostTable
from persistence.tables.notifications import MessageTable
from persistence.tables.topups import UNSETTLED, TopUpTable


class UnsettledRow(NamedTuple):
    status: str
    how_many: int
    given_up: int
    """Of these: asked about for the last time, and not answered. Somebody must look."""


UNSETTLED_TOP_UPS: Final = Query(
    UnsettledRow,
    select(
        col(TopUpTable.status),
        func.count().label("how_many"),
        func.count().filter(col(TopUpTable.looks) > number(len(LOOKS))).label("given_up"),
    )
    .where(text(UNSETTLED))  # as its index has it, or every top-up there ever was would be read
    .group_by(col(TopUpTable.status)),
)

BACKLOG: Final = """
select count(*) filter (where status = 'queued' and execute_after <= now()) as due,
       min(execute_after) filter (where status = 'queued' and execute_after <= now()) as oldest_at,
       count(*) filter (where status = 'failed') as held
  from pgqueuer"""


class Backlog(NamedTuple):
    """What the queue holds: jobs whose time has come, since when the oldest waits, and jobs that failed for good.

    A job that failed for good is held until somebody looks at it.
    """

    due: int
    oldest_at: datetime | None
    held: int


async def backlog(on: Driver) -> Backlog:
    """How the queue of jobs stands."""
    return Backlog(*await on.fetchrow(BACKLOG))


class SmsCostRow(NamedTuple):
    minor: int


SMS_COST: Final = Query(
    SmsCostRow,
    select(cast(func.coalesce(func.sum(col(SmsCostTable.cost_minor)), number(0)), BigInteger).label("minor")).where(
        col(SmsCostTable.day) == parameter("day", col(SmsCostTable.day))
    ),
)
"""What codes in text messages have cost on a day."""


class WaitingMessageRow(NamedTuple):
    id: UUID


MESSAGES_WAITING: Final = Query(
    WaitingMessageRow,
    select(col(MessageTable.id)).where(
        col(MessageTable.address) == parameter("address", col(MessageTable.address)),
        col(MessageTable.ended_at).is_(null()),
        col(MessageTable.created_at) > parameter("since", col(MessageTable.created_at)),
    ),
)
"""What was queued for an address a moment ago and has not gone out."""
