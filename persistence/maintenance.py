"""What is deleted when its time has passed. In chunks, so that no lock is held for long."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from persistence.database import Database

CHUNK: Final = 1_000

IDEMPOTENCY_KEPT: Final = timedelta(days=30)
"""INVARIANTS I6. What a key has made is unique for ever by its own rules."""

SIGN_IN_KEPT: Final = timedelta(days=1)
DEVICE_KEPT: Final = timedelta(days=180)
JOB_LOG_KEPT: Final = timedelta(days=7)

_AGES: Final = (
    ("idempotency", "at", IDEMPOTENCY_KEPT),
    ("sign_in_challenge", "expires_at", SIGN_IN_KEPT),
    ("refresh_token", "expires_at", SIGN_IN_KEPT),
    ("known_device", "seen_at", DEVICE_KEPT),
    ("code_allowance", "empty_until", timedelta(0)),
    ("authorization_code", "expires_at", SIGN_IN_KEPT),
    ("contact_point_change", "undo_until", SIGN_IN_KEPT),
    ("pgqueuer_log", "created", JOB_LOG_KEPT),
)


async def delete_what_has_passed(database: Database, now: datetime) -> int:
    """Deletes it and says how many rows it was. Several workers may do so at once."""
    return sum([await _delete(database, table, column, now - kept) for table, column, kept in _AGES])


async def _delete(database: Database, table: str, column: str, before: datetime) -> int:
    oldest = f"select ctid from {table} where {column} < $1 order by {column} limit {CHUNK} for update skip locked"
    deleted = 0
    while True:
        done = await database.execute(f"delete from {table} where ctid = any(array({oldest}))", before)
        rows = int(done.removeprefix("DELETE "))
        deleted += rows
        if rows < CHUNK:
            return deleted
