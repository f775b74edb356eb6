"""What a request asks of PostgreSQL: how many statements, and how many pages they touch."""

from __future__ import annotations

from typing import Any, Final, NamedTuple

import asyncpg

from bench.place import Place, track_statements
from bench.rounds import Driver

REQUESTS: Final = 120

TOTALS: Final = """
select coalesce(sum(calls), 0)::float as statements,
       coalesce(sum(calls) filter (where query ~* '^(begin|commit|rollback)'), 0)::float as boundaries,
       coalesce(sum(shared_blks_hit + shared_blks_read), 0)::float as pages
  from pg_stat_statements
 where dbid = (select oid from pg_database where datname = current_database())
   and query !~ 'pg_stat_statements|pg_reload_conf|pg_sleep'"""


class Counts(NamedTuple):
    """Of one request, on average."""

    statements: float
    boundaries: float
    """Of the statements, those that begin or end a transaction."""
    pages: float
    """Pages of 8 kB that were looked at, in memory or not."""


async def count(place: Place, load: Driver, requests: int = REQUESTS) -> Counts:
    """Sends some requests while PostgreSQL counts."""
    await place.run(*track_statements("top"), "select pg_stat_statements_reset()")
    load.round(times=requests)
    connection = await asyncpg.connect(place.superuser_url)
    try:
        totals: Any = await connection.fetchrow(TOTALS)
    finally:
        await connection.close()
    await place.run(*track_statements("none"))
    return Counts(*[total / requests for total in totals])
