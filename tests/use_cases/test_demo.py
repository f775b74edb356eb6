"""The demo: the same everywhere, whole whatever happens to it, and rich enough to show."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import phonenumbers
import pytest

from domain.operators.operator import Operator
from gateways.payments.record import SandboxRecord
from gateways.payments.scripts import TestToken
from kontant.demo import people
from kontant.demo.played import is_played
from kontant.demo.plot import plot
from kontant.demo.seeding import play
from kontant.demo.stage import Stage
from kontant.demo.time import DemoClock
from persistence.checks import cause_breaks, ledger_breaks
from persistence.database import Database, open_database
from persistence.tables import METADATA
from tests.support.databases import TestServer
from tests.support.operators import BALTIKA, NORRSKEN

TODAY = date(2026, 3, 2)
OPERATORS = pytest.mark.parametrize("operator", [NORRSKEN, BALTIKA], ids=lambda operator: operator.slug)

LIVE_BUCKETS = """
select card.phone_number, count(*), count(distinct account.purpose)
  from card join account on account.owner_id = card.id join bucket on bucket.account_id = account.id
 where remaining > 0 and (valid_until is null or valid_until > $1)
 group by 1"""


@dataclass(frozen=True)
class Demo:
    """One that was played without a hitch. Tests that only look share it."""

    operator: Operator
    database: Database
    folder: Path

    @property
    def parent(self) -> str:
        return people(self.operator)[0].phone_number


@pytest.fixture(scope="module", params=[NORRSKEN, BALTIKA], ids=lambda operator: operator.slug)
async def demo(
    request: pytest.FixtureRequest, server: TestServer, tmp_path_factory: pytest.TempPathFactory
) -> AsyncGenerator[Demo]:
    folder = tmp_path_factory.mktemp("demo")
    name = await server.new_database()
    database = await open_database(server.server.application_url(name), connections=2)
    await play_on(database, folder, request.param)
    yield Demo(request.param, database, folder)
    await database.close()
    await server.drop(name)


class Killed(BaseException):
    """What a `kill -9` is to the code that is running."""


class Killer:
    """Kills at every so manieth step, or at every one of that name."""

    def __init__(self, every: int, *, at: str = "") -> None:
        self._every, self._at, self._steps, self.kills = every, at, 0, 0

    def __call__(self, step: str) -> None:
        if self._at not in step:
            return
        self._steps += 1
        if self._steps % self._every == 0:
            self.kills += 1
            raise Killed


async def play_on(
    database: Database,
    folder: Path,
    operator: Operator = NORRSKEN,
    *,
    today: date = TODAY,
    reached: Callable[[str], None] = lambda step: None,
) -> None:
    await play(
        database,
        operator,
        today=today,
        sandbox_record=folder / "sandbox.sqlite",
        action_url=lambda intent_id: f"http://localhost/{intent_id}",
        reached=reached,
    )


async def everything(database: Database) -> dict[str, list[tuple[Any, ...]]]:
    """Every row of every table, but for the number of the transaction that wrote it."""
    rows: dict[str, list[tuple[Any, ...]]] = {}
    for table in METADATA.sorted_tables:
        columns = ", ".join(f'"{column.name}"' for column in table.columns if column.name != "xid")
        rows[table.name] = [tuple(row) for row in await database.fetch(f'select {columns} from "{table.name}"')]
        rows[table.name].sort(key=repr)
    return rows


async def test_the_demo_is_the_same_in_every_database(demo: Demo, database: Database, tmp_path: Path) -> None:
    await play_on(database, tmp_path, demo.operator)
    assert await everything(database) == await everything(demo.database)


async def test_played_again_it_adds_nothing(demo: Demo) -> None:
    before = await everything(demo.database)
    assert await is_played(demo.database, demo.operator)
    await play_on(demo.database, demo.folder, demo.operator, today=TODAY + timedelta(days=3))
    assert await everything(demo.database) == before


async def test_every_invariant_of_the_ledger_holds(demo: Demo) -> None:
    assert await ledger_breaks(demo.database) == []
    assert await cause_breaks(demo.database) == []


async def test_the_provider_captured_what_was_credited(demo: Demo) -> None:
    assert await credited(demo.database) == captured(demo.folder)


async def test_killed_again_and_again_it_comes_to_the_same_end(demo: Demo, database: Database, tmp_path: Path) -> None:
    killer, day = Killer(41), TODAY
    while not await is_played(database, demo.operator):
        try:
            await play_on(database, tmp_path, demo.operator, today=day, reached=killer)
        except Killed:
            day += timedelta(days=1)
    assert killer.kills > 5
    assert await ledger_breaks(database) == []
    assert await credited(database) == captured(tmp_path)
    assert await as_it_stands(database) == await as_it_stands(demo.database)


async def test_a_top_up_that_lost_its_process_is_finished_as_a_rescue_would(database: Database, tmp_path: Path) -> None:
    with pytest.raises(Killed):
        await play_on(database, tmp_path, reached=Killer(1, at="provider.before_call"))
    assert await database.fetchval("select status from top_up") == "CREATED"
    with pytest.raises(Killed):
        await play_on(database, tmp_path, reached=Killer(1, at="settle_top_up.committed"))
    assert await database.fetchval("select status from top_up") == "COMPLETED"
    assert len(captured(tmp_path)) == 1


async def test_cards_stand_as_their_people_are_told(demo: Demo) -> None:
    statuses = await demo.database.fetch("select status from card order by phone_number")
    assert [row[0] for row in statuses] == [*["ACTIVE"] * 5, "GRACE", "BLOCKED", "AWAITING_REGISTRATION", "CLOSED"]
    late = await demo.database.fetch(
        """select value from card join contact_point on customer_id = holder_id and kind = 'PHONE'
            where active_until < $1 order by card.phone_number""",
        TODAY,
    )
    lone, in_grace = (people(demo.operator)[place].phone_number for place in (4, 5))
    assert [row[0] for row in late] == [in_grace, lone]
    assert await demo.database.fetchval("select grace_until from card where status = 'CLOSED'") < TODAY
    assert await demo.database.fetchval("select grace_until from card where status = 'GRACE'") > TODAY


async def test_the_parent_owns_the_family_and_holds_its_childrens_cards(demo: Demo) -> None:
    roles = await demo.database.fetch("select given_name, role from family_member join customer on id = customer_id")
    parent, partner, teenager, child, *_ = [person.given_name for person in people(demo.operator)]
    assert {tuple(row) for row in roles} == {
        (parent, "OWNER"),
        (partner, "MANAGER"),
        (teenager, "CHILD"),
        (child, "CHILD"),
    }
    held = await demo.database.fetch(
        """select carrier.given_name, holder.given_name
             from card join customer carrier on carrier.id = user_id join customer holder on holder.id = holder_id
            where carrier.given_name = any($1)""",
        [teenager, child],
    )
    assert {tuple(row) for row in held} == {(teenager, parent), (child, parent)}
    guardians = await demo.database.fetch("select count(*) from guardianship group by dependant_id")
    assert [row[0] for row in guardians] == [2, 2]


async def test_the_home_screen_has_enough_to_show(demo: Demo) -> None:
    family = [person.phone_number for person in people(demo.operator)[:4]]
    now = Stage(demo.operator, TODAY).end_of_day(0)
    buckets = {row[0]: (row[1], row[2]) for row in await demo.database.fetch(LIVE_BUCKETS, now)}
    assert [buckets[number] for number in family] == [(5, 4), (3, 3), (3, 3), (3, 3)]
    of_parent = "from {} join contact_point using (customer_id) where value = $1"
    assert await demo.database.fetchval(f"select count(*) {of_parent.format('bonus')}", demo.parent) >= 6
    newest = await demo.database.fetch(
        f"select status {of_parent.format('top_up')} order by id desc limit 5", demo.parent
    )
    assert {row[0] for row in newest} == {"COMPLETED", "DECLINED", "REQUIRES_ACTION"}


async def test_buckets_are_of_every_kind(demo: Demo) -> None:
    kinds = await demo.database.fetch(
        """select purpose, origin,
                  case when valid_until is null then 'without end'
                       when valid_until <= $1 then 'expired'
                       when valid_until <= $1 + interval '7 days' then 'soon' else 'later' end
             from bucket join account on account.id = account_id where remaining > 0 group by 1, 2, 3""",
        Stage(demo.operator, TODAY).end_of_day(0),
    )
    assert {tuple(row) for row in kinds} >= {
        ("MONEY", "PURCHASED", "without end"),
        ("MONEY", "GRANTED", "later"),
        ("DATA", "GRANTED", "expired"),
        ("DATA", "GRANTED", "soon"),
        ("VOICE", "GRANTED", "later"),
        ("SMS", "GRANTED", "without end"),
    }


async def test_the_parent_can_try_every_outcome(demo: Demo) -> None:
    methods = await demo.database.fetch(
        """select token, is_default, expires_on from payment_method join contact_point using (customer_id)
            where value = $1""",
        demo.parent,
    )
    assert {row["token"] for row in methods if row["expires_on"] >= TODAY} == set(TestToken)
    assert [row["token"] for row in methods if row["is_default"]] == [TestToken.SUCCEEDS]
    assert [row["token"] for row in methods if row["expires_on"] < TODAY] == [TestToken.SUCCEEDS]


async def test_one_payment_was_found_out_about_later_and_one_still_waits(demo: Demo) -> None:
    late = await demo.database.fetch(
        """select token, status from top_up join payment_method on payment_method.id = payment_method_id
            where token not in ('sandbox_succeeds', 'sandbox_duplicates_webhook') order by token"""
    )
    assert {tuple(row) for row in late} == {
        (TestToken.DECLINES, "DECLINED"),
        (TestToken.NEEDS_ACTION, "REQUIRES_ACTION"),
        (TestToken.TIMES_OUT_THEN_FAILS, "DECLINED"),
        (TestToken.TIMES_OUT_THEN_SUCCEEDS, "COMPLETED"),
    }


@OPERATORS
def test_demo_numbers_are_real_in_form_and_nobodys(operator: Operator) -> None:
    numbers = [phonenumbers.parse(person.phone_number) for person in people(operator)]
    assert all(phonenumbers.is_valid_number_for_region(number, operator.country) for number in numbers)
    assert people(NORRSKEN)[0].phone_number == "+46701740605"
    assert all("+46701740605" <= person.phone_number <= "+46701740699" for person in people(NORRSKEN))


@OPERATORS
def test_nothing_in_the_plot_is_still_to_come(operator: Operator) -> None:
    scenes = plot(operator, TODAY)
    assert scenes[-1].at < Stage(operator, TODAY).end_of_day(1)
    assert len({scene.id for scene in scenes}) == len(scenes) > 150
    top_ups = [scene.at for scene in scenes if "/parent/top_up/" in scene.name]
    assert max(top_ups) - min(top_ups) > timedelta(days=350)


async def credited(database: Database) -> dict[str, int]:
    rows = await database.fetch(
        """select cause_id::text, amount from ledger_transaction join ledger_entry on transaction_id = id
            where kind = 'TOP_UP' and amount > 0"""
    )
    return {row[0]: row[1] for row in rows}


def captured(folder: Path) -> dict[str, int]:
    record = SandboxRecord(folder / "sandbox.sqlite", DemoClock(Stage(NORRSKEN, TODAY).end_of_day(0)))
    payments = record.captures()
    record.close()
    return {str(payment.intent_id): payment.amount.amount_minor for payment in payments}


async def as_it_stands(database: Database) -> dict[str, list[tuple[Any, ...]]]:
    """What people would see, without when exactly it came to be so."""
    questions = {
        "people": "select id, given_name, family_name, birth_date from customer",
        "cards": "select phone_number, status, active_until, grace_until from card",
        "top-ups": "select id, card_id, customer_id, amount_minor, status, active_until from top_up",
        "bonuses": "select id, card_id, code, quantity, valid_until from bonus",
        "balances": "select owner_id, purpose, balance, version from account where owner_id is not null",
        "buckets": """
            select owner_id, purpose, origin, valid_until, initial, remaining
              from bucket join account on account.id = account_id""",
        "events": "select type, data from event",
    }
    return {name: sorted(map(tuple, await database.fetch(question)), key=repr) for name, question in questions.items()}
