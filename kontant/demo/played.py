"""How much of a demo has been played: what its scenes have left in the audit log says so."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any, Final, Protocol

import asyncpg

from domain.kernel.time import local_date
from domain.operators.operator import Operator
from kontant.database import server_of
from kontant.demo.people import people
from kontant.demo.plot import day_of, plot
from kontant.demo.stage import Scene
from kontant.settings import Settings
from persistence.servers import database_of

_BEGUN: Final = """
select customer.created_at
  from customer join contact_point on contact_point.customer_id = customer.id
 where contact_point.kind = 'PHONE' and contact_point.value = $1"""

# A top-up that was begun and never asked about is not done: the process ended between its steps.
_PLAYED: Final = """
select audit.id
  from audit left join top_up on top_up.id = audit.id
 where audit.id = any($1) and top_up.status is distinct from 'CREATED'"""


class Reader(Protocol):
    """What a connection, and a database of ours, can be asked."""

    async def fetch(self, query: str, /, *args: Any) -> list[Any]: ...
    async def fetchval(self, query: str, /, *args: Any) -> Any: ...


async def is_seeded(settings: Settings, operator: Operator) -> bool:
    """Whether this operator's demo has been played to its end; also when there is none to play."""
    url = server_of(settings).application_url(database_of(operator))
    connection = await asyncpg.connect(url, statement_cache_size=0)
    try:
        return await is_played(connection, operator)
    finally:
        await connection.close()


async def is_played(reader: Reader, operator: Operator) -> bool:
    """As `is_seeded`, on a connection that is there."""
    day = await day_of_seeding(reader, operator)
    if day is None:
        return not people(operator)
    return not await unplayed(reader, plot(operator, day))


async def day_of_seeding(reader: Reader, operator: Operator) -> date | None:
    """The day for which a demo was begun here. None when nobody of it is there yet."""
    cast = people(operator)
    begun_at = await reader.fetchval(_BEGUN, cast[0].phone_number) if cast else None
    return begun_at and day_of(operator, local_date(begun_at, operator.time_zone))


async def unplayed(reader: Reader, scenes: Sequence[Scene]) -> list[Scene]:
    """The scenes that are still to be played, in their order."""
    played = {row[0] for row in await reader.fetch(_PLAYED, [scene.id for scene in scenes])}
    return [scene for scene in scenes if scene.id not in played]
