"""Connections that break."""

from __future__ import annotations

from tests.support.databases import TestServer


async def cut(server: TestServer, database_name: str) -> int:
    """Ends every connection of the application to this database, at the server. How many it were."""
    async with server.administrator() as connection:
        return await connection.fetchval(
            """select count(pg_terminate_backend(pid, 5000)) from pg_stat_activity
                where datname = $1 and usename = 'kontant_app'""",
            database_name,
        )
