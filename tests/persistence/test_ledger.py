"""The ledger's functions, asked directly: what they refuse, in which order they lock, and who may do what."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from datetime import timedelta
from typing import Any
from uuid import UUID

import asyncpg
import pytest
from sqlalchemy import text

from domain.kernel.access import system
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
from persistence.unit_of_work import PostgresUnit
from tests.support.databases import TestServer
from tests.support.time import TestClock, TestIds

CARD, OTHER, THIRD = (UUID(int=n) for n in (1, 2, 3))
DAY = timedelta(days=1)
NOT_ZERO, NOT_ENOUGH, NO_SENSE = "KL001", "KL002", "KL003"


class Books:
    """The ledger in short words. Each call is a transaction of its own."""

    def __init__(self, unit: PostgresUnit, ids: TestIds, clock: TestClock) -> None:
        self.unit, self.ids, self.clock = unit, ids, clock

    async def post(
        self, *postings: Posting, kind: TransactionKind = TransactionKind.TRANSFER, cause: UUID | None = None
    ) -> UUID:
        cause = cause or self.ids.new()
        async with self.unit(system("test"), self.ids.new()) as work:
            await work.ledger.post(kind, cause, postings)
        return cause

    async def give(
        self, owner: UUID, amount: int, *, origin: Origin = Origin.PURCHASED, valid_for: timedelta | None = None
    ) -> UUID:
        until = valid_for and self.clock.now() + valid_for
        credit = owned(owner, amount, origin=origin, valid_until=until)
        return await self.post(credit, operators(Purpose.CLEARING, -amount))

    async def take(self, owner: UUID, amount: int, *, origin: Origin | None = None, bucket: int | None = None) -> UUID:
        debit = owned(owner, -amount, origin=origin, bucket_id=bucket)
        return await self.post(debit, operators(Purpose.SALES, amount))

    async def transfer(self, giver: UUID, receiver: UUID, amount: int) -> UUID:
        return await self.post(owned(giver, -amount), owned(receiver, amount, origin=Origin.PURCHASED))

    async def reserve(self, owner: UUID, amount: int, *, ttl: timedelta = DAY) -> UUID:
        id = self.ids.new()
        async with self.unit(system("test"), id) as work:
            await work.ledger.reserve(id, owner, Purpose.MONEY, "SEK", amount, self.clock.now() + ttl)
        return id

    async def spend_reservation(self, id: UUID, amount: int) -> bool:
        async with self.unit(system("test"), self.ids.new()) as work:
            return await work.ledger.spend_reservation(id, amount, TransactionKind.USAGE, self.ids.new())

    async def end(self, id: UUID, status: ReservationStatus) -> bool:
        async with self.unit(system("test"), self.ids.new()) as work:
            return await work.ledger.end_reservation(id, status)


def owned(owner: UUID, amount: int, *, unit: str = "SEK", **more: Any) -> Posting:
    return Posting(owner_id=owner, purpose=Purpose.MONEY, unit=unit, amount=amount, **more)


def operators(purpose: Purpose, amount: int, *, unit: str = "SEK") -> Posting:
    return Posting(purpose=purpose, unit=unit, amount=amount)


@pytest.fixture
def books(unit: PostgresUnit, ids: TestIds, clock: TestClock) -> Books:
    return Books(unit, ids, clock)


async def drawn(database: Database, cause: UUID) -> list[tuple[int, int]]:
    """Bucket and amount of each draw of a transaction, oldest bucket first."""
    rows = await database.fetch(
        """select bucket_id, amount from draw join ledger_transaction t on t.id = transaction_id
            where cause_id = $1 order by bucket_id""",
        cause,
    )
    return [tuple(row) for row in rows]


async def remaining(database: Database, owner: UUID = CARD) -> list[int]:
    """What each bucket of an owner has left, oldest first."""
    rows = await database.fetch(
        "select remaining from bucket join account a on a.id = account_id where owner_id = $1 order by bucket.id", owner
    )
    return [row[0] for row in rows]


async def footprint(database: Database) -> dict[str, Any]:
    """Everything that the ledger's tables hold."""
    tables = ("account", "ledger_transaction", "ledger_entry", "bucket", "draw", "reservation", "reservation_hold")
    rows = "select coalesce(jsonb_agg(to_jsonb(t) order by to_jsonb(t)), '[]') from"
    return {table: await database.fetchval(f"{rows} {table} t") for table in tables}


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


async def test_a_spent_reservation_frees_what_it_did_not_use(books: Books, database: Database) -> None:
    await books.give(CARD, 300)
    await books.give(CARD, 300, origin=Origin.GRANTED, valid_for=DAY)
    reservation = await books.reserve(CARD, 500)
    assert await books.spend_reservation(reservation, 350)
    assert await remaining(database) == [250, 0]
    assert await database.fetchval("select sum(reserved) from bucket") == 0
    assert tuple(await database.fetchrow("select status, posted from reservation")) == ("POSTED", 350)


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


# -- many at once


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


# -- who may do what (L4)

NOBODY_MAY = [
    "insert into account (owner_id, purpose, unit) values (gen_random_uuid(), 'MONEY', 'SEK')",
    "update account set balance = balance + 1",
    "update bucket set remaining = initial",
    "update bucket set valid_until = null",
    "insert into bucket (account_id, transaction_id, origin, valid_from, initial, remaining)"
    " select account_id, transaction_id, origin, valid_from, initial, remaining from bucket",
    "update ledger_entry set amount = 1",
    "insert into ledger_entry (transaction_id, account_id, amount) select transaction_id, account_id, 1 from bucket",
    "update ledger_transaction set at = now()",
    "insert into ledger_transaction (id, kind, cause_id, at)"
    " values (gen_random_uuid(), 'USAGE', gen_random_uuid(), now())",
    "update draw set amount = 1",
    "update reservation set status = 'VOIDED'",
    "update reservation_hold set amount = 1",
    *[
        f"{verb} {table}"
        for table in (
            *("account", "bucket", "draw", "ledger_entry", "ledger_transaction", "reservation", "reservation_hold"),
            *("audit", "event"),
        )
        for verb in ("delete from", "truncate")
    ],
    "update audit set actor = ''",
    "update event set actor = ''",
    "update alembic_version set version_num = ''",
    "select ledger_lock(array[gen_random_uuid()], array['MONEY'], array['SEK'])",
    "select ledger_allocate(1, 1, now(), null, null)",
    "select ledger_draw(gen_random_uuid(), 1, 1, now(), null, null)",
    "select ledger_enter(gen_random_uuid(), '{null}', '{SALES}', '{SEK}', '{1}')",
    "alter table ledger_entry disable trigger all",
    "drop table ledger_entry",
    "create table mine ()",
    "create or replace function ledger_draw(uuid, bigint, bigint, timestamptz, text, bigint) returns void"
    " language sql as 'select'",
    "set role kontant_owner",
    "set session_replication_role = replica",
]


async def test_the_application_changes_the_ledger_through_its_functions_only(
    books: Books, server: TestServer, database_name: str, database: Database
) -> None:
    await books.give(CARD, 1_000)
    await books.reserve(CARD, 10)
    await books.take(CARD, 10)
    before = await footprint(database)
    application = await asyncpg.connect(server.server.application_url(database_name))
    try:
        allowed = [statement for statement in NOBODY_MAY if await _is_allowed(application, statement)]
    finally:
        await application.close()
    assert allowed == []
    assert await footprint(database) == before


async def _is_allowed(connection: asyncpg.Connection[Any], statement: str) -> bool:
    try:
        await connection.execute(statement)
    except asyncpg.InsufficientPrivilegeError:
        return False
    return True


async def test_nobody_slips_the_ledgers_functions_a_table_of_their_own(
    server: TestServer, database_name: str, books: Books, database: Database
) -> None:
    """They run with the owner's rights, so they look in one place only."""
    await books.give(CARD, 1_000)
    thief = await asyncpg.connect(server.server.application_url(database_name))
    try:
        await thief.execute("create temp table bucket as select * from public.bucket")
        await thief.execute("update bucket set initial = 9000, remaining = 9000")
        with pytest.raises(asyncpg.PostgresError) as refusal:
            await thief.execute(
                """select ledger_post(gen_random_uuid(), 'USAGE', gen_random_uuid(), now(), $1, array['MONEY','SALES'],
                   array['SEK','SEK'], array[-2000,2000], array[null,null], array[null,null]::timestamptz[],
                   array[null,null]::bigint[])""".replace("$1", f"array['{CARD}',null]::uuid[]")
            )
    finally:
        await thief.close()
    assert refusal.value.sqlstate == NOT_ENOUGH
