"""Cards for load: what stands in the database must be what use cases would have left there."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from datetime import UTC, datetime, timedelta
from itertools import groupby
from typing import TYPE_CHECKING, Any
from uuid import UUID

import asyncpg
import phonenumbers
import pytest

from domain.operators.operator import Operator
from kontant.demo import people
from persistence import load
from persistence.checks import cause_breaks, ledger_breaks
from persistence.load import CannotLoad, Loaded, load_cards
from tests.support.databases import TestServer
from tests.support.operators import BALTIKA, NORRSKEN

if TYPE_CHECKING:
    Connection = asyncpg.Connection[Any]

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
CARDS = 500

# The last digits of these ids are the card's place in the load.
TABLES_BY_PLACE = (
    ("draw", "transaction_id"),
    ("bucket", "transaction_id"),
    ("ledger_entry", "transaction_id"),
    ("ledger_transaction", "id"),
    ("account", "owner_id"),
    ("top_up", "id"),
    ("bonus", "id"),
    ("card", "id"),
    ("payment_method", "id"),
    ("guardianship", "dependant_id"),
    ("family_member", "customer_id"),
    ("family", "id"),
    ("contact_point", "customer_id"),
    ("customer", "id"),
    ("event", "execution_id"),
    ("audit", "id"),
)

POSTING = ("owner_id", "purpose", "unit", "amount", "origin", "valid_until")


class BrokenOff(BaseException):
    """What ends a load in its middle."""


@pytest.fixture(scope="module")
async def loaded(server: TestServer) -> AsyncGenerator[Connection]:
    """A database with cards that were made in one go. Tests that only look share it."""
    name = await server.new_database()
    await load_up_to(CARDS, server.server.owner_url(name))
    connection = await asyncpg.connect(server.server.owner_url(name))
    yield connection
    await connection.close()
    await server.drop(name)


@pytest.fixture
def owner_url(server: TestServer, database_name: str) -> str:
    return server.server.owner_url(database_name)


async def load_up_to(cards: int, owner_url: str, *, now: datetime = NOW, operator: Operator = NORRSKEN) -> list[int]:
    """Loads, and answers with the numbers of cards that it told of on the way."""
    told: list[int] = []
    await load_cards(owner_url, operator, cards=cards, now=now, progress=lambda there, of: told.append(there))
    return told


async def what_is_there(owner: Connection) -> dict[str, list[tuple[Any, ...]]]:
    """Everything, but for the numbers that the database gives by itself."""
    questions = {
        "people": """select id, given_name, family_name, birth_date, locale, created_at, value
                     from customer join contact_point on customer_id = id""",
        "families": "select family.*, customer_id, role, joined_at from family join family_member on family_id = id",
        "guardians": "select * from guardianship",
        "methods": "select * from payment_method",
        "cards": "select * from card",
        "top-ups": "select * from top_up",
        "bonuses": "select * from bonus",
        "accounts": "select owner_id, purpose, unit, balance, version from account",
        "transactions": "select * from ledger_transaction",
        "entries": """
            select transaction_id, owner_id, purpose, amount, before, ledger_entry.version
              from ledger_entry join account on id = account_id""",
        "buckets": "select transaction_id, origin, valid_from, valid_until, initial, remaining from bucket",
        "draws": "select draw.transaction_id, bucket.transaction_id, amount from draw join bucket on id = bucket_id",
        "audit": "select id, at, actor, subject_id, operation, details from audit",
        "events": "select type, at, subject_id, actor, execution_id, data from event",
    }
    return {name: sorted(map(tuple, await owner.fetch(question)), key=repr) for name, question in questions.items()}


async def test_every_invariant_of_the_ledger_holds(loaded: Connection) -> None:
    assert await loaded.fetchval("select count(*) from card") == CARDS
    assert await ledger_breaks(loaded) == []
    assert await cause_breaks(loaded) == []


async def test_the_ledger_itself_would_have_drawn_on_the_same_buckets(loaded: Connection, owner: Connection) -> None:
    """A few cards' transactions, posted again in their order through the ledger's own door."""
    rows = await loaded.fetch(
        """select t.id, t.kind, t.cause_id, t.at, a.owner_id, a.purpose, a.unit, e.amount, b.origin, b.valid_until
             from ledger_transaction t
             join ledger_entry e on e.transaction_id = t.id
             join account a on a.id = e.account_id
             left join bucket b on b.transaction_id = t.id and b.account_id = a.id
            where t.id in (select transaction_id from ledger_entry join account on account.id = account_id
                            where owner_id in (select id from card order by phone_number limit 40))
            order by t.at, t.id"""
    )
    for _, postings in groupby(rows, lambda row: row["id"]):
        (id, kind, cause_id, at, *_), *_ = both = list(postings)
        # What expires is taken from the lot whose time is up; everything else is for the rule of allocation to say.
        bucket_id = await owner.fetchval(
            """select bucket.id from bucket join account on account.id = account_id
                where $1 = 'EXPIRY' and valid_until = $2 and owner_id = any($3)""",
            *(kind, at, [row["owner_id"] for row in both]),
        )
        await owner.fetch(
            "select 1 from ledger_post($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
            *(id, kind, cause_id, at),
            *([row[name] for row in both] for name in POSTING),
            [bucket_id for _ in both],
        )
    posted, made = await what_is_there(owner), await what_is_there(loaded)
    for name in ("accounts", "entries", "buckets", "draws"):
        owned = [row for row in posted[name] if not (name == "accounts" and row[0] is None)]
        assert owned
        assert set(owned) <= set(made[name])


async def test_a_load_that_was_broken_off_ends_with_the_same_rows(
    loaded: Connection, owner: Connection, owner_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(load, "CARDS_AT_ONCE", 70)

    def break_off(there: int, of: int) -> None:
        if there:
            raise BrokenOff

    with pytest.raises(BrokenOff):
        await load_cards(owner_url, NORRSKEN, cards=CARDS, now=NOW, progress=break_off)
    there = await owner.fetchval("select count(*) from card")
    assert 0 < there < CARDS
    await load_up_to(there + 33, owner_url, now=NOW + timedelta(days=1))
    await load_up_to(CARDS, owner_url, now=NOW + timedelta(days=2))
    assert await what_is_there(owner) == await what_is_there(loaded)


async def test_a_chunk_that_is_missing_in_the_middle_is_made_good(
    loaded: Connection, owner: Connection, owner_url: str
) -> None:
    """Of two that are made at the same time, the second can be there without the first."""
    await load_up_to(CARDS, owner_url)
    for table, column in TABLES_BY_PLACE:
        await owner.execute(
            f"""delete from {table}
                 where ('x' || right({column}::text, 12))::bit(48)::bigint between 101 and 200
                   and {column}::text like '%-710a-%'"""
        )
    assert await owner.fetchval("select count(*) from card") == CARDS - 100
    assert await load_up_to(CARDS, owner_url, now=NOW + timedelta(days=1)) == [CARDS - 100, CARDS]
    assert await what_is_there(owner) == await what_is_there(loaded)


async def test_two_loads_at_once_do_no_harm(owner: Connection, owner_url: str) -> None:
    outcomes = await asyncio.gather(load_up_to(60, owner_url), load_up_to(60, owner_url), return_exceptions=True)
    assert {type(outcome) for outcome in outcomes} <= {list, CannotLoad}
    assert await owner.fetchval("select count(*) from card") == 60
    assert await ledger_breaks(owner) == []


async def test_asking_for_fewer_than_there_are_adds_nothing(owner: Connection, owner_url: str) -> None:
    await load_up_to(30, owner_url)
    before = await what_is_there(owner)
    assert await load_up_to(20, owner_url) == [20]
    assert await load_up_to(30, owner_url) == [30]
    assert await what_is_there(owner) == before


async def test_who_asks_for_fewer_than_there_are_is_told_how_many_there_are(owner_url: str) -> None:
    async def load_up_to(cards: int) -> Loaded:
        return await load_cards(owner_url, NORRSKEN, cards=cards, now=NOW, progress=lambda there, of: None)

    assert await load_up_to(30) == (30, 30)
    assert await load_up_to(20) == (0, 30)
    assert await load_up_to(50) == (20, 50)


async def test_families_are_sane(loaded: Connection) -> None:
    families = await loaded.fetch(
        """select count(*) filter (where role = 'OWNER') as owners, count(*) as size
             from family_member group by family_id"""
    )
    assert {row["owners"] for row in families} == {1}
    assert {row["size"] for row in families} == {2, 3, 4, 5}
    assert CARDS / 4 < sum(row["size"] for row in families) < CARDS / 2
    unguarded = """
        select count(*) from family_member child where role = 'CHILD' and not exists (
               select from guardianship join family_member guardian on guardian.customer_id = guardian_id
                where dependant_id = child.customer_id
                  and guardian.family_id = child.family_id and guardian.role <> 'CHILD')"""
    assert await loaded.fetchval(unguarded) == 0
    assert (
        await loaded.fetchval("select max(count) from (select count(*) from guardianship group by dependant_id) c") == 2
    )
    of_the_wrong_age = """
        select count(*) from customer join family_member on customer_id = id
         where (role = 'CHILD') <> (birth_date > $1)"""
    assert await loaded.fetchval(of_the_wrong_age, (NOW - timedelta(days=18 * 365)).date()) == 0


async def test_a_child_s_card_is_held_and_paid_by_a_guardian(loaded: Connection) -> None:
    of_children = await loaded.fetch(
        """select holder_id,
                  array(select guardian_id from guardianship where dependant_id = user_id) as guardians,
                  array(select customer_id from top_up where card_id = card.id) as payers
             from card join family_member on customer_id = user_id where role = 'CHILD'"""
    )
    assert of_children
    for card in of_children:
        assert {card["holder_id"], *card["payers"]} <= set(card["guardians"])


async def test_a_card_has_about_six_top_ups_in_two_years_and_buckets_of_every_kind(loaded: Connection) -> None:
    assert 5.5 < await loaded.fetchval("select count(*) from top_up") / CARDS < 6.5
    first = await loaded.fetchval("select min(created_at) from top_up")
    assert NOW - timedelta(days=731) < first < NOW - timedelta(days=700)
    last = await loaded.fetchval("select max(settled_at) from top_up")
    assert NOW - timedelta(days=60) < last < NOW
    assert await loaded.fetchval("select max(at) from ledger_transaction") < NOW
    live = await loaded.fetch(
        """select purpose, count(*) from bucket join account on account.id = account_id
            where remaining > 0 and (valid_until is null or valid_until > $1) group by 1""",
        NOW,
    )
    assert {row[0] for row in live} == {"MONEY", "DATA", "VOICE", "SMS"}
    assert 3 < sum(row[1] for row in live) / CARDS < 5
    assert {row[0] for row in await loaded.fetch("select distinct status from card")} >= {"ACTIVE", "CLOSED", "BLOCKED"}


async def test_every_event_names_an_execution_and_every_execution_is_in_the_audit_log(loaded: Connection) -> None:
    nowhere = "select count(*) from event where not exists (select from audit where audit.id = execution_id)"
    assert await loaded.fetchval(nowhere) == 0
    assert await loaded.fetchval("select count(*) from event where type = 'top_up.completed'") == await loaded.fetchval(
        "select count(*) from top_up where status = 'COMPLETED'"
    )
    unaudited = "select count(*) from {} made where not exists (select from audit where audit.id = made.id)"
    assert await loaded.fetchval(unaudited.format("top_up")) == 0
    assert await loaded.fetchval(unaudited.format("bonus")) == 0


async def test_ids_sort_by_time_and_tell_that_they_are_of_the_load(loaded: Connection) -> None:
    rows = await loaded.fetch(
        "select id, floor(extract(epoch from created_at) * 1000)::bigint as at from top_up order by id"
    )
    ids: list[UUID] = [row["id"] for row in rows]
    assert all(id.version == 7 and str(id)[14:18] == "710a" for id in ids)
    assert [id.int >> 80 for id in ids] == sorted(row["at"] for row in rows)


@pytest.mark.parametrize("operator", [NORRSKEN, BALTIKA], ids=lambda operator: operator.slug)
async def test_numbers_are_real_in_form_and_not_the_demo_s(
    owner: Connection, owner_url: str, operator: Operator
) -> None:
    await load_up_to(20, owner_url, operator=operator)
    numbers = {row[0] for row in await owner.fetch("select phone_number from card")}
    assert numbers.isdisjoint(person.phone_number for person in people(operator))
    for number in numbers:
        assert phonenumbers.is_valid_number_for_region(phonenumbers.parse(number), operator.country)


async def test_what_cannot_be_loaded_is_refused_with_a_reason(owner_url: str) -> None:
    with pytest.raises(CannotLoad, match="1 to 8999999 cards"):
        await load_up_to(9_000_000, owner_url)
