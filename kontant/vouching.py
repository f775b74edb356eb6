"""The demo's identity provider as a process: for a developer's machine, and nowhere else."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

import asyncpg
import uvicorn

from auth.providers import CALLBACK
from kontant.database import server_of
from kontant.demo.identities import DemoIdentity, identities
from kontant.demo.people import people
from kontant.demo.provider import DemoProvider
from kontant.http_servers import Server, together
from kontant.settings import Settings
from persistence.servers import database_of

_BORN = """
select contact_point.value, customer.birth_date
  from contact_point join customer on customer.id = contact_point.customer_id
 where contact_point.kind = 'PHONE' and contact_point.value = any($1) and customer.birth_date is not null"""


async def vouch(settings: Settings) -> None:
    """Serves until SIGTERM or SIGINT."""
    assert settings.is_development, "settings name no port elsewhere"
    port = settings.demo_identities_port
    assert port is not None
    provider = DemoProvider(
        f"http://localhost:{port}",
        who_is_there=lambda operator, kind: _who_is_there(settings, operator, kind),
        redirect_uris={each.slug: f"{each.issuer}{CALLBACK}" for each in settings.operators},
    )
    config = uvicorn.Config(
        provider.app(), host=settings.host, port=port, lifespan="off", log_config=None, access_log=False
    )
    await together([Server(config)])


async def _who_is_there(settings: Settings, slug: str, kind: str) -> Sequence[DemoIdentity]:
    """The demo people are as old as their demo says, so its database is asked. Raises `LookupError`."""
    operator = next((each for each in settings.operators if each.slug == slug), None)
    if operator is None:
        raise LookupError(slug)
    born: dict[str, date] = {}
    if numbers := [person.phone_number for person in people(operator)]:
        connection = await asyncpg.connect(
            server_of(settings).application_url(database_of(operator)), statement_cache_size=0, timeout=5
        )
        try:
            born = {row["value"]: row["birth_date"] for row in await connection.fetch(_BORN, numbers)}
        finally:
            await connection.close()
    return identities(operator, kind, born)
