"""What is on a card: balances, buckets, and the statement that says how they came about."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import strawberry

from api.schema.enums import Unit, unit_of
from api.schema.errors import UserError, user_error
from api.schema.fields import shown, shown_field
from api.schema.money import Money, money
from api.schema.paging import PageInfo, number_cursor
from api.schema.scalars import BigInt
from domain.kernel.access import Access
from domain.kernel.quantities import UsageType
from domain.ledger.ledger import InsufficientBalance, Origin, Purpose, TransactionKind
from domain.operators.operator import Operator
from persistence.queries.ledger import BucketRow, StatementRow


@shown(Access.USAGE)
class Bucket:
    """A quantity of one usage type with a validity (TMF654)."""

    usage_type: UsageType = shown_field("What it is used for.")
    origin: Origin = shown_field("Whether it was bought or given.")
    remaining: BigInt = shown_field("What is left, in `unit`; what is reserved is part of it.")
    reserved: BigInt = shown_field("What is spoken for by a use that has not ended, in `unit`.")
    initial: BigInt = shown_field("What it began with, in `unit`.")
    unit: Unit = shown_field("What the quantities count.")
    money: Money | None = shown_field("`remaining` as money; null for anything but money.")
    valid_from: datetime = shown_field("When it came.")
    valid_until: datetime | None = shown_field("When it ends; null for what lasts as long as its card.")


@shown(Access.USAGE)
class AccumulatedBalance:
    """The sum over a line's live buckets of one usage type (TMF654)."""

    usage_type: UsageType = shown_field("What it is used for.")
    remaining: BigInt = shown_field("What is left, in `unit`; what is reserved is part of it.")
    reserved: BigInt = shown_field("What is spoken for by uses that have not ended, in `unit`.")
    unit: Unit = shown_field("What the quantities count.")
    money: Money | None = shown_field("`remaining` as money; null for anything but money.")


@shown(Access.MONEY)
class StatementEntry:
    """One change of a card's money, with the balance after it."""

    version: strawberry.Private[int]
    at: datetime = shown_field("When it happened.")
    kind: TransactionKind = shown_field("Why the balance changed.")
    amount: Money = shown_field("The change: negative for what was taken.")
    balance: Money = shown_field("The balance after it.")


@shown(Access.MONEY)
class StatementEdge:
    """An entry in its place."""

    node: StatementEntry = shown_field("The entry.")
    cursor: str = shown_field("Its place in the list, to be given as `after`.")


@shown(Access.MONEY)
class StatementConnection:
    """A page of a card's statement, newest first."""

    nodes: list[StatementEntry] = shown_field("The entries of this page.")
    edges: list[StatementEdge] = shown_field("The entries of this page, each with its cursor.")
    page_info: PageInfo = shown_field("Where this page stands.")


def bucket_of(row: BucketRow, operator: Operator) -> Bucket:
    """A bucket as it is shown."""
    is_money = row.purpose == Purpose.MONEY
    return Bucket(
        usage_type=UsageType(row.purpose),
        origin=Origin(row.origin),
        remaining=BigInt(row.remaining),
        reserved=BigInt(row.reserved),
        initial=BigInt(row.initial),
        unit=unit_of(row.unit),
        money=money(row.remaining, operator) if is_money else None,
        valid_from=row.valid_from,
        valid_until=row.valid_until,
    )


def accumulated(rows: Sequence[BucketRow], operator: Operator) -> list[AccumulatedBalance]:
    """The sums of a line's live buckets, one for each usage type that there is any of."""
    sums: dict[tuple[str, str], list[int]] = {}
    for row in rows:
        both = sums.setdefault((row.purpose, row.unit), [0, 0])
        both[0] += row.remaining
        both[1] += row.reserved
    return [
        AccumulatedBalance(
            usage_type=UsageType(purpose),
            remaining=BigInt(remaining),
            reserved=BigInt(reserved),
            unit=unit_of(unit),
            money=money(remaining, operator) if purpose == Purpose.MONEY else None,
        )
        for (purpose, unit), (remaining, reserved) in sorted(sums.items())
    ]


def spendable_money(rows: Sequence[BucketRow], operator: Operator) -> Money:
    """What can be spent now: what is left of the live money buckets, less what is reserved."""
    free = sum(row.remaining - row.reserved for row in rows if row.purpose == Purpose.MONEY)
    return money(free, operator)


def entry_of(row: StatementRow, operator: Operator) -> StatementEntry:
    """A line of the statement."""
    return StatementEntry(
        version=row.version,
        at=row.at,
        kind=TransactionKind(row.kind),
        amount=money(row.amount, operator),
        balance=money(row.balance, operator),
    )


def entry_cursor(entry: StatementEntry) -> str:
    """An entry's place in its statement."""
    return number_cursor(entry.version)


@user_error(InsufficientBalance, path="amount")
class InsufficientBalanceError(UserError):
    """There is less on the card than is to be taken."""
