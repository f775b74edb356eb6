"""What ends by itself: the validity of buckets, and reservations that nobody has settled."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import groupby
from typing import Final
from uuid import uuid5

from domain.kernel.access import Permission
from domain.kernel.chores import CHUNK, Chore, NothingDue
from domain.kernel.events import Event
from domain.kernel.executor import use_case
from domain.ledger.ledger import ExpiredBucket, Posting, Purpose, ReservationStatus, TransactionKind
from domain.ledger.usecases import UsageWork


@dataclass(frozen=True, kw_only=True)
class ExpireBuckets(Chore):
    """Take out of the accounts what can no longer be used."""


@dataclass(frozen=True, kw_only=True)
class ExpireReservations(Chore):
    """Free what was spoken for and not spent in time."""


@use_case(Permission.BALANCE_EXPIRE, rejects=[NothingDue])
async def expire_buckets(command: ExpireBuckets, work: UsageWork) -> int:
    """One transaction an account, in the order in which accounts are locked.

    What is reserved stays until its reservation has ended; then the rest expires on its own.
    """
    expired = await work.ledger.expired_buckets(limit=CHUNK)
    if not expired:
        raise NothingDue
    for (owner_id, purpose, unit), of_one in groupby(expired, lambda each: (each.owner_id, each.purpose, each.unit)):
        buckets = list(of_one)
        debits = [
            Posting(owner_id=owner_id, purpose=purpose, unit=unit, amount=-bucket.amount, bucket_id=bucket.id)
            for bucket in buckets
        ]
        credit = Posting(purpose=Purpose.EXPIRY, unit=unit, amount=sum(bucket.amount for bucket in buckets))
        cause = uuid5(work.id, f"{owner_id}/{purpose}/{unit}")
        await work.ledger.post(TransactionKind.EXPIRY, cause, [*debits, credit])
        for bucket in buckets:
            work.emit(_event(bucket))
    return len(expired)


@use_case(Permission.BALANCE_EXPIRE, rejects=[NothingDue])
async def expire_reservations(command: ExpireReservations, work: UsageWork) -> int:
    """What was settled or voided in the last moment stays so (L7)."""
    overdue = await work.ledger.overdue_reservations(limit=CHUNK)
    if not overdue:
        raise NothingDue
    for reservation in overdue:
        await work.ledger.end_reservation(reservation, ReservationStatus.EXPIRED)
    return len(overdue)


def _event(bucket: ExpiredBucket) -> Event:
    data = {"owner_id": str(bucket.owner_id), "bucket_id": bucket.id, "unit": bucket.unit, "quantity": bucket.amount}
    return Event("bucket.expired", bucket.customer_id, data)


USE_CASES: Final = (expire_buckets, expire_reservations)
