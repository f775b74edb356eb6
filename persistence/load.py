"""Cards for load, made in the database itself. Each chunk is one transaction: broken off, a load goes on where it was.

The rows are those that the use cases would have left. How they come about is told in `sql/load_*.sql`.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import asyncpg

from domain.operators.operator import Operator

if TYPE_CHECKING:
    Pool = asyncpg.Pool[asyncpg.Record]

CONNECTIONS: Final = 2
CARDS_AT_ONCE: Final = 2_500
MOST_CARDS: Final = 8_999_999
"""So many fit between the first number and the end of its range."""

# The number before the first. The demo's numbers are not among them, and the countries' numbering plans have them all.
_NUMBERS_AFTER: Final = {"SE": 46_790_000_000, "LV": 37_121_000_000}

# A woman's and a man's by turns, which matters where a family name follows its bearer's gender.
_GIVEN_NAMES: Final = {
    "SE": "Anna Erik Maja Lars Ebba Karl Saga Anders Alva Johan Wilma Per Freja Nils Signe Mikael Tuva Jan Ellen Hans",
    "LV": "Anna Jānis Līga Andris Inese Juris Dace Mārtiņš Kristīne Edgars Zane Artūrs Olga Aleksandrs Irina Vladimirs",
}
_FAMILY_NAMES: Final = {
    "SE": "Andersson Andersson Berg Berg Ekström Ekström Forsberg Forsberg Holm Holm Lund Lund Sandberg Sandberg",
    "LV": "Kalniņa Kalniņš Ozola Ozols Liepiņa Liepiņš Krūmiņa Krūmiņš Balode Balodis Vasiļjeva Vasiļjevs",
}

_SQL: Final = Path(__file__).parent / "sql"
_SCRIPTS: Final = ("load_people.sql", "load_ledger.sql", "load_history.sql")

_TABLES: Final = (
    "customer, contact_point, family, family_member, guardianship, payment_method, card, account, ledger_transaction,"
    " ledger_entry, bucket, draw, top_up, bonus, audit, event"
)

_PARAMETERS: Final = """
create temp table load_parameters (
    first_n bigint, last_n bigint, number_before bigint, as_of timestamptz, time_zone text, locales text[],
    currency text, amounts bigint[], active_months integer, grace_months integer,
    given_names text[], family_names text[]
) on commit drop"""

# What the load draws on and pays into, on the operator's side. Made first, so that no chunk waits for another's.
_OPERATOR_ACCOUNTS: Final = """
insert into account (owner_id, purpose, unit)
select null::uuid, purpose, unit
  from unnest(array['GRANTS', 'SALES', 'EXPIRY']) purpose, unnest(array['BYTE', 'SECOND', 'PIECE', $1]) unit
 union all
select null::uuid, 'CLEARING', $1
    on conflict do nothing"""

# Some may be missing in the middle: two chunks are made at a time, and a load can be broken off.
_MISSING: Final = """
select first, last
  from (select coalesce(lag(n) over (order by n), 0) + 1 as first, n - 1 as last
          from (select phone_number::bigint - $1 as n
                  from card where phone_number between '+' || $1 + 1 and '+' || $1 + $2
                 union all
                select $2 + 1) there) gap
 where first <= last
 order by first"""

# When the first load took place, by any card of it: `load_people.sql` says when a card began.
_AS_OF: Final = """
select created_at + interval '730 days' + make_interval(secs => (phone_number::bigint - $1 - 1) * 7919 % 2592000)
  from card where phone_number between '+' || $1 + 1 and '+' || $1 + $2 order by phone_number limit 1"""


_THERE: Final = """
select count(*) from card where phone_number between '+' || $1::bigint + 1 and '+' || $1::bigint + $2::bigint"""


class Loaded(NamedTuple):
    """What came of a load: how many cards were made, and how many there are now."""

    made: int
    there: int


class CannotLoad(Exception):
    """These cards cannot be made. The message is a sentence for the person who asked for them."""


async def load_cards(
    owner_url: str, operator: Operator, *, cards: int, now: datetime, progress: Callable[[int, int], None]
) -> Loaded:
    """Makes those that are missing of so many cards. Those that were there before may be more.

    Two years of each lie before `now`, or before the `now` of the first load here. `progress` is told how many there
    are, of how many. Needs the owner's rights. Raises `CannotLoad`.
    """
    number_before = _NUMBERS_AFTER.get(operator.country)
    if number_before is None:
        raise CannotLoad(f"No phone numbers are set aside for cards in {operator.country}.")
    if not 0 < cards <= MOST_CARDS:
        raise CannotLoad(f"There can be 1 to {MOST_CARDS} cards for load.")
    async with asyncpg.create_pool(owner_url, min_size=1, max_size=CONNECTIONS, statement_cache_size=0) as pool:
        chunks = deque(
            chunk for first, last in await pool.fetch(_MISSING, number_before, cards) for chunk in _chunks(first, last)
        )
        made = sum(map(len, chunks))
        as_of = await pool.fetchval(_AS_OF, number_before, MOST_CARDS) or now
        await pool.execute(_OPERATOR_ACCOUNTS, operator.currency)
        load = _Load(pool, operator, number_before, as_of)
        there = cards - made
        progress(there, cards)

        async def work() -> None:
            nonlocal there
            while chunks:
                chunk = chunks.popleft()
                await load.make(chunk)
                there += len(chunk)
                progress(there, cards)

        workers = [asyncio.create_task(work()) for _ in range(CONNECTIONS)]
        try:
            await asyncio.gather(*workers)
        except asyncpg.UniqueViolationError:
            raise CannotLoad("Another load has made some of these cards meanwhile: ask again.") from None
        finally:
            for worker in workers:
                worker.cancel()
            await asyncio.wait(workers)
        if made:
            await pool.execute(f"vacuum (analyze) {_TABLES}")
        return Loaded(made, await pool.fetchval(_THERE, number_before, MOST_CARDS))


def _chunks(first: int, last: int) -> Iterator[range]:
    """Parts that end with a ten, for a family never reaches beyond its ten: so none waits for another."""
    while first <= last:
        end = min((first - 1) // 10 * 10 + CARDS_AT_ONCE, last)
        yield range(first, end + 1)
        first = end + 1


@dataclass(frozen=True, slots=True)
class _Load:
    pool: Pool
    operator: Operator
    number_before: int
    as_of: datetime

    async def make(self, chunk: range) -> None:
        """Makes the cards of these places, in one transaction."""
        async with self.pool.acquire() as connection, connection.transaction():
            await connection.execute("set local work_mem = '64MB'; set local jit = off")
            await connection.execute(_PARAMETERS)
            values = self._parameters(chunk)
            places = ", ".join(f"${place}" for place in range(1, len(values) + 1))
            await connection.execute(f"insert into load_parameters values ({places})", *values)
            for script in _SCRIPTS:
                await connection.execute((_SQL / script).read_text(encoding="utf-8"))

    def _parameters(self, chunk: range) -> Sequence[Any]:
        operator = self.operator
        offered = operator.top_up_offer.fixed_minor or (operator.top_up_offer.minimum_minor,)
        return (
            *(chunk[0], chunk[-1], self.number_before, self.as_of, operator.time_zone, operator.locales),
            operator.currency,
            [*offered[:2], *offered[:4]],  # small amounts are bought more often
            *(operator.card_active_months, operator.card_grace_months),
            _GIVEN_NAMES[operator.country].split(),
            _FAMILY_NAMES[operator.country].split(),
        )
