"""The ledger's functions, asked directly: what they refuse, what they take first, and how reservations end."""

from __future__ import annotations

import asyncio
import json
from datetime import timedelta
from typing import Any
from uuid import UUID

import asyncpg
import pytest

from domain.ledger.ledger import (
    AlreadyPosted,
    InsufficientBalance,
    Origin,
    Posting,
    Purpose,
    ReservationStatus,
    TransactionKind,
)
from persistence.checks import ledger_breaks
from persistence.database import Database
from tests.support.books import (
    CARD,
    DAY,
    NO_SENSE,
    NOT_ZERO,
    OTHER,
    THIRD,
    Books,
    drawn,
    footprint,
    operators,
    owned,
    remaining,
)
from tests.support.time import TestClock

# -- what is refused, and changes nothing (L8)


@pytest.mark.parametrize(
    ("postings", "state"),
    [
        ([owned(CARD, 100, origin=Origin.GRANTED)], NOT_ZERO),
        ([owned(CARD, 100, origin=Origin.GRANTED), operators(Purpose.CLEARING, -99)], NOT_ZERO),
        ([owned(CARD, -100), owned(CARD, 100, unit="EUR", origin=Origin.GRANTED)], NOT_ZERO),
        ([], NO_SENSE),
        ([operators(Purpose.CLEARING, 0)], NO_SENSE),
        ([owned(CARD, 100), operators(Purpose.CLEARING, -100)], NO_SENSE),
        ([owned(CARD, 100, origin=Origin.GRANTED), owned(CARD, -100)], NO_SENSE),
        ([operators(Purpose.CLEARING, 100), operators(Purpose.CLEARING, -100)], NO_SENSE),
    ],
    ids=["one_side", "not_zero", "units_mixed", "nothing", "zero", "no_origin", "both_ways", "cancels_itself"],
)
async def test_postings_that_do_not_add_up_are_refused(
    books: Books, database: Database, postings: list[Posting], state: str
) -> None:
    await books.give(CARD, 1_000)
    before = await footprint(database)
    with pytest.raises(asyncpg.PostgresError) as refusal:
        await books.post(*postings)
    assert refusal.value.sqlstate == state
    assert await footprint(database) == before


async def test_more_than_is_free_is_refused_and_changes_nothing(
    books: Books, database: Database, clock: TestClock
) -> None:
    await books.give(CARD, 1_000)
    await books.give(CARD, 500, origin=Origin.GRANTED, valid_for=DAY)
    await books.give(OTHER, 9_000)
    await books.reserve(CARD, 600)  # the 500 that expire first, and 100 of the 1,000
    bucket_of_other = await database.fetchval("select max(id) from bucket")
    before = await footprint(database)
    with pytest.raises(InsufficientBalance):
        await books.take(CARD, 901)
    with pytest.raises(InsufficientBalance):
        await books.take(CARD, 1, origin=Origin.GRANTED)
    with pytest.raises(InsufficientBalance):
        await books.take(CARD, 1, bucket=bucket_of_other)
    with pytest.raises(InsufficientBalance):
        await books.take(THIRD, 1)
    with pytest.raises(InsufficientBalance):
        await books.reserve(CARD, 901)
    with pytest.raises(InsufficientBalance):
        await books.post(owned(OTHER, -9_000), owned(CARD, -901), operators(Purpose.SALES, 9_901))
    assert await footprint(database) == before
    await books.take(CARD, 900)


async def test_what_has_expired_is_not_spent_but_can_be_written_off_by_name(
    books: Books, database: Database, clock: TestClock
) -> None:
    await books.give(CARD, 500, valid_for=DAY)
    clock.advance(DAY)
    with pytest.raises(InsufficientBalance):
        await books.take(CARD, 1)
    with pytest.raises(InsufficientBalance):
        await books.reserve(CARD, 1)
    bucket = await database.fetchval("select id from bucket")
    await books.take(CARD, 500, bucket=bucket)
    assert await remaining(database) == [0]


async def test_a_cause_has_one_transaction_of_a_kind(books: Books, database: Database) -> None:
    cause = await books.give(CARD, 1_000)
    before = await footprint(database)
    with pytest.raises(AlreadyPosted):
        await books.post(owned(CARD, -10), operators(Purpose.SALES, 10), cause=cause)
    assert await footprint(database) == before
    await books.post(owned(CARD, -10), operators(Purpose.SALES, 10), cause=cause, kind=TransactionKind.REFUND)


@pytest.mark.parametrize("amount", [0, -1])
async def test_a_reservation_is_of_something_and_for_some_time(books: Books, amount: int) -> None:
    await books.give(CARD, 1_000)
    for reserving in (books.reserve(CARD, amount), books.reserve(CARD, 1, ttl=timedelta(0))):
        with pytest.raises(asyncpg.PostgresError) as refusal:
            await reserving
        assert refusal.value.sqlstate == NO_SENSE


# -- allocation


async def test_a_debit_takes_what_expires_first_then_what_was_given_then_what_is_oldest(
    books: Books, database: Database
) -> None:
    await books.give(CARD, 1)  # 1: bought, for ever
    await books.give(CARD, 10, origin=Origin.GRANTED)  # 2: given, for ever
    await books.give(CARD, 100, valid_for=2 * DAY)  # 3: bought, two days
    await books.give(CARD, 1_000, origin=Origin.GRANTED, valid_for=2 * DAY)  # 4: given, two days
    await books.give(CARD, 10_000, valid_for=DAY)  # 5: bought, a day
    await books.give(CARD, 100_000, valid_for=DAY)  # 6: bought, a day, and younger
    first = await database.fetchval("select min(id) from bucket")
    order = [(5, 10_000), (6, 100_000), (4, 1_000), (3, 100), (2, 10), (1, 1)]
    for number, amount in order:
        assert await drawn(database, await books.take(CARD, amount)) == [(first + number - 1, amount)]


async def test_a_debit_by_origin_leaves_the_rest_alone(books: Books, database: Database) -> None:
    await books.give(CARD, 100, origin=Origin.GRANTED)
    await books.give(CARD, 100)
    await books.take(CARD, 60, origin=Origin.PURCHASED)
    assert await remaining(database) == [100, 40]


async def test_debits_of_one_transaction_may_meet_in_a_bucket_and_the_choosiest_goes_first(
    books: Books, database: Database
) -> None:
    await books.give(CARD, 100, origin=Origin.GRANTED, valid_for=DAY)
    await books.give(CARD, 100)
    given, bought = [row[0] for row in await database.fetch("select id from bucket order by id")]
    cause = await books.post(
        owned(CARD, -90),
        owned(CARD, -40, origin=Origin.GRANTED),
        owned(CARD, -50, bucket_id=given),
        operators(Purpose.SALES, 180),
    )
    assert await drawn(database, cause) == [(given, 100), (bought, 80)]
    assert await ledger_breaks(database) == []


async def test_allocation_reads_live_buckets_only(
    books: Books, owner: asyncpg.Connection[Any], database: Database
) -> None:
    await books.give(CARD, 100)
    account = await database.fetchval("select id from account where owner_id = $1", CARD)
    await owner.execute(
        """insert into bucket (account_id, transaction_id, origin, valid_from, initial, remaining)
           select account_id, transaction_id, origin, valid_from, 1, 0 from bucket, generate_series(1, 5000)"""
    )
    await owner.execute("vacuum analyze bucket")
    plan: str = await owner.fetchval(
        f"explain (format json) select * from ledger_allocate({account}, 10, now(), null, null)"
    )
    assert [node["Index Name"] for node in _nodes(json.loads(plan)[0]["Plan"]) if "Index Name" in node] == [
        "live_buckets"
    ]


def _nodes(plan: dict[str, Any]) -> list[dict[str, Any]]:
    return [plan, *[node for child in plan.get("Plans", []) for node in _nodes(child)]]


# -- reservations end once (L7)


async def test_twenty_who_end_a_reservation_at_once_end_it_once(books: Books, database: Database) -> None:
    await books.give(CARD, 1_000)
    reservation = await books.reserve(CARD, 600)
    ends = [books.spend_reservation(reservation, 250) for _ in range(10)]
    ends += [books.end(reservation, ReservationStatus.VOIDED) for _ in range(10)]
    outcomes = await asyncio.gather(*ends)
    assert outcomes.count(True) == 1
    spent = 250 if any(outcomes[:10]) else 0
    assert await remaining(database) == [1_000 - spent]
    await books.take(CARD, 1_000 - spent)
    assert await ledger_breaks(database) == []


async def test_a_spent_reservation_takes_what_was_given_first_and_frees_what_it_did_not_use(
    books: Books, database: Database
) -> None:
    await books.give(CARD, 300)
    await books.give(CARD, 300, origin=Origin.GRANTED)
    await books.give(CARD, 100, valid_for=DAY)
    reservation = await books.reserve(CARD, 600)
    assert await books.spend_reservation(reservation, 450)
    assert await remaining(database) == [250, 0, 0]
    assert await database.fetchval("select sum(reserved) from bucket") == 0
    assert tuple(await database.fetchrow("select status, posted from reservation")) == ("POSTED", 450)


async def test_a_reservation_is_not_ended_in_a_way_that_is_none(
    books: Books, database: Database, clock: TestClock
) -> None:
    await books.give(CARD, 300)
    reservation = await books.reserve(CARD, 200)
    before = await footprint(database)
    for status in (ReservationStatus.HELD, ReservationStatus.POSTED, ReservationStatus.EXPIRED):
        with pytest.raises(asyncpg.PostgresError) as refusal:
            await books.end(reservation, status)
        assert refusal.value.sqlstate == NO_SENSE
    for too_much in (201, -1):
        with pytest.raises(asyncpg.PostgresError):
            await books.spend_reservation(reservation, too_much)
    assert await footprint(database) == before
    clock.advance(DAY)
    assert await books.end(reservation, ReservationStatus.EXPIRED)


async def test_nobody_ends_a_reservation_that_is_not_there(books: Books) -> None:
    with pytest.raises(asyncpg.PostgresError) as refusal:
        await books.end(UUID(int=9), ReservationStatus.VOIDED)
    assert refusal.value.sqlstate == NO_SENSE
