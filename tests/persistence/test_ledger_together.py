"""The ledger with many at it at once."""

from __future__ import annotations

import asyncio
from collections import Counter
from typing import Any
from uuid import UUID

from sqlalchemy import text

from domain.kernel.access import system
from domain.ledger.ledger import (
    InsufficientBalance,
    Origin,
    Purpose,
    TransactionKind,
)
from persistence.checks import ledger_breaks
from persistence.database import Database
from persistence.unit_of_work import PostgresUnit
from tests.support.books import (
    CARD,
    OTHER,
    THIRD,
    Books,
    operators,
    owned,
)
from tests.support.time import TestIds


async def test_opposite_transfers_never_wait_for_each_other(books: Books, database: Database) -> None:
    for owner in (CARD, OTHER, THIRD):
        await books.give(owner, 1_000)
    pairs = [(CARD, OTHER), (OTHER, CARD)] * 200 + [(THIRD, CARD), (OTHER, THIRD), (CARD, THIRD)] * 10
    async with asyncio.TaskGroup() as group:  # ten at a time, as many as there are connections
        for chunk in range(10):
            group.create_task(_in_turn([books.transfer(*pair, 1) for pair in pairs[chunk::10]]))
    balances = await database.fetch("select balance from account where owner_id is not null order by owner_id")
    assert [row[0] for row in balances] == [1_000, 990, 1_010]
    assert await ledger_breaks(database) == []


async def _in_turn(coroutines: list[Any]) -> None:
    for coroutine in coroutines:
        await coroutine


async def test_first_transactions_of_new_accounts_do_not_wait_for_each_other_in_a_circle(
    books: Books, database: Database
) -> None:
    await asyncio.gather(*[books.give(CARD, 100) for _ in range(4)], *[books.give(OTHER, 100) for _ in range(4)])
    first, second = await books.reserve(CARD, 50), await books.reserve(OTHER, 50)
    await asyncio.gather(
        books.spend_reservation(first, 50),
        books.take(CARD, 100),
        books.take(OTHER, 100),
        books.spend_reservation(second, 50),
    )
    assert await ledger_breaks(database) == []


async def test_fifty_postings_at_once_leave_versions_without_gaps(books: Books, database: Database) -> None:
    await asyncio.gather(*[books.give(CARD, 100) for _ in range(25)])
    await asyncio.gather(*[books.take(CARD, 10) for _ in range(25)], *[books.give(CARD, 1) for _ in range(25)])
    rows = await database.fetch("select version from ledger_entry where version is not null order by version")
    assert [row[0] for row in rows] == list(range(1, 76))
    assert await ledger_breaks(database) == []


async def test_spending_and_reserving_at_once_never_takes_more_than_there_is(books: Books, database: Database) -> None:
    await books.give(CARD, 1_000)
    attempts = [*[books.take(CARD, 90) for _ in range(12)], *[books.reserve(CARD, 70) for _ in range(12)]]
    outcomes = await asyncio.gather(*attempts, return_exceptions=True)
    refusals = Counter(type(outcome) for outcome in outcomes if isinstance(outcome, BaseException))
    assert set(refusals) == {InsufficientBalance}
    free = await database.fetchval("select sum(remaining - reserved) from bucket")
    done = [90 if n < 12 else 70 for n, outcome in enumerate(outcomes) if isinstance(outcome, UUID)]
    assert free == 1_000 - sum(done)
    assert 0 <= free < 90
    assert await ledger_breaks(database) == []


async def test_the_operators_own_accounts_are_waited_for_by_nobody(
    books: Books, unit: PostgresUnit, ids: TestIds, database: Database
) -> None:
    await books.give(THIRD, 1)
    post = [operators(Purpose.CLEARING, -100)]
    async with unit(system("first"), ids.new()) as first:
        await first.ledger.post(TransactionKind.TOP_UP, ids.new(), [owned(CARD, 100, origin=Origin.PURCHASED), *post])
        async with asyncio.timeout(1), unit(system("second"), ids.new()) as second:
            await second.session.execute(text("set local lock_timeout = '100ms'"))
            cause = ids.new()
            await second.ledger.post(TransactionKind.TOP_UP, cause, [owned(OTHER, 100, origin=Origin.PURCHASED), *post])
    kept = await database.fetchrow("select balance, version from account where purpose = 'CLEARING'")
    assert tuple(kept) == (0, 0)
    entered = "select sum(amount) from ledger_entry join account a on a.id = account_id where purpose = 'CLEARING'"
    assert await database.fetchval(entered) == -201
