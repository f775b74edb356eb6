"""What is on a card and how it came there. Whoever asks has been given the cards' access before."""

from __future__ import annotations

from datetime import datetime
from typing import Final, NamedTuple
from uuid import UUID

from sqlalchemy import BigInteger, Integer, lateral, null, or_, select, text, true

from domain.ledger.ledger import Purpose
from persistence.statement import Query, col, one_of, parameter
from persistence.tables.ledger import AccountTable, BucketTable, LedgerEntryTable, LedgerTransactionTable


class BucketRow(NamedTuple):
    card_id: UUID
    id: int
    purpose: str
    unit: str
    origin: str
    initial: int
    remaining: int
    reserved: int
    valid_from: datetime
    valid_until: datetime | None


class StatementRow(NamedTuple):
    card_id: UUID
    version: int
    at: datetime
    kind: str
    amount: int
    balance: int


_account, _bucket = AccountTable, BucketTable

LIVE_BUCKETS: Final = Query(
    BucketRow,
    select(
        col(_account.owner_id).label("card_id"),
        col(_bucket.id),
        col(_account.purpose),
        col(_account.unit),
        col(_bucket.origin),
        col(_bucket.initial),
        col(_bucket.remaining),
        col(_bucket.reserved),
        col(_bucket.valid_from),
        col(_bucket.valid_until),
    )
    .join(_bucket, col(_bucket.account_id) == col(_account.id))
    .where(
        col(_account.owner_id) == one_of("cards", col(_account.owner_id)),
        col(_bucket.remaining) > text("0"),
        or_(
            col(_bucket.valid_until).is_(null()), col(_bucket.valid_until) > parameter("now", col(_bucket.valid_until))
        ),
    )
    # The order in which they are used up.
    .order_by(col(_bucket.valid_until).asc().nulls_last(), col(_bucket.origin), col(_bucket.id)),
)

_entry, _transaction = LedgerEntryTable, LedgerTransactionTable
_page = lateral(
    select(
        col(_entry.version),
        col(_transaction.at),
        col(_transaction.kind),
        col(_entry.amount),
        (col(_entry.before) + col(_entry.amount)).label("balance"),
    )
    .join(_transaction, col(_transaction.id) == col(_entry.transaction_id))
    .where(
        col(_entry.account_id) == col(_account.id),
        col(_entry.version) < parameter("before", BigInteger()),
    )
    .order_by(col(_entry.version).desc())
    .limit(parameter("most", Integer()))
).alias("page")

STATEMENTS: Final = Query(
    StatementRow,
    select(
        col(_account.owner_id).label("card_id"),
        _page.c.version,
        _page.c.at,
        _page.c.kind,
        _page.c.amount,
        _page.c.balance,
    )
    .join(_page, true())
    .where(
        col(_account.owner_id) == one_of("cards", col(_account.owner_id)),
        col(_account.purpose) == Purpose.MONEY,
    )
    .order_by(_page.c.version.desc()),
)
"""A page of each card's money account, newest first, in one statement."""
