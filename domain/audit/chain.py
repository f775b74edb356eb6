"""The chain of seals over an audit log: one seal a row, each over the one before it (INVARIANTS A5).

Whatever is done to a row afterwards, its seal does not fit it any more; and whoever makes the seal anew must make every
later one anew too, up to the next head that was published.
"""

from __future__ import annotations

import hashlib
import json
from datetime import UTC, datetime
from typing import Final, NamedTuple
from uuid import UUID

FORM: Final = "1"
"""Of what is hashed. A log with other columns has another one."""

# RFC 8785 (JCS) for an array of texts and nulls: any language writes the same bytes.
_canonical: Final = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


class AuditRow(NamedTuple):
    """One row of the audit log: every column. Nothing here depends on what it is about."""

    id: UUID
    xid: int
    """The transaction that wrote it. Rows are sealed by (xid, id), once no transaction before theirs is open."""
    at: datetime
    actor: str
    subject_id: UUID | None
    operation: str
    details: str
    """As PostgreSQL writes its `jsonb`: one text for one value."""


class Seal(NamedTuple):
    """A row's place in the chain."""

    sequence: int
    """From 1 on, without gaps."""
    audit_id: UUID
    xid: int
    hash: bytes


BEFORE_ALL: Final = Seal(0, UUID(int=0), 0, bytes(32))
"""What the first seal follows."""


def seal(row: AuditRow, *, after: Seal) -> Seal:
    """The seal of the row that comes next: SHA-256 of `canonical`."""
    return Seal(after.sequence + 1, row.id, row.xid, hashlib.sha256(canonical(row, after=after).encode()).digest())


def canonical(row: AuditRow, *, after: Seal) -> str:
    """What is hashed: a JSON array of the form, the hash before, the place and every column, each as a text or null."""
    return _canonical(
        [
            FORM,
            after.hash.hex(),
            str(after.sequence + 1),
            str(row.id),
            str(row.xid),
            row.at.astimezone(UTC).isoformat(timespec="microseconds"),
            row.actor,
            None if row.subject_id is None else str(row.subject_id),
            row.operation,
            row.details,
        ]
    )
