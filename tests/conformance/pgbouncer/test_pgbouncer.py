"""PgBouncer in transaction mode stands between, and is noticed."""

from __future__ import annotations

import os

import asyncpg
import pytest

from persistence.servers import is_pooled
from tests.support.databases import OTHER_SERVER

pytestmark = pytest.mark.conformance


async def test_a_pooler_is_noticed_and_prepared_statements_would_not_do() -> None:
    url = f"{os.environ[OTHER_SERVER]}/postgres"
    connection = await asyncpg.connect(url, statement_cache_size=0)
    try:
        assert await is_pooled(connection)
        assert await connection.fetchval("select current_setting('server_version')::text ~ '^15'")
    finally:
        await connection.close()
