"""Models and migrations say the same."""

from __future__ import annotations

import asyncio

import asyncpg
import pytest
from alembic import command
from alembic.config import Config

from persistence.database import Database
from persistence.migrations import FOLDER, head, is_current, migrate
from tests.support.databases import TestServer


def _check(url: str) -> None:
    config = Config()
    config.set_main_option("script_location", str(FOLDER))
    config.attributes["url"] = url
    command.check(config)


@pytest.mark.filterwarnings("ignore:Did not recognize type 'xid8'")
async def test_the_tables_are_what_the_migrations_make(server: TestServer, database_name: str) -> None:
    await asyncio.to_thread(_check, server.server.owner_url(database_name))


async def test_a_migrated_database_is_current(server: TestServer, database_name: str) -> None:
    url = server.server.owner_url(database_name)
    assert await is_current(url)
    await asyncio.to_thread(migrate, url)
    assert await is_current(url)
    assert head() == "0016"


@pytest.mark.parametrize(
    "table", ["ledger_entry", "ledger_transaction", "draw", "bucket", "account", "audit", "event", "audit_seal"]
)
@pytest.mark.parametrize("statement", ["update {} set {}", "delete from {}", "truncate {}"])
async def test_the_application_cannot_change_what_is_for_ever(database: Database, table: str, statement: str) -> None:
    column = {"ledger_entry": "amount = 1", "draw": "amount = 1", "bucket": "remaining = 0", "account": "balance = 0"}
    column["audit_seal"] = "sequence = 0"
    text = statement.format(table, column.get(table, "at = now()"))
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await database.execute(text)
