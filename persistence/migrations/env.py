"""How alembic reaches a database: asynchronously, one migration at a time, without prepared statements (PgBouncer)."""

from __future__ import annotations

import asyncio

from alembic import context
from sqlalchemy import Connection, pool, text
from sqlalchemy.engine import make_url
from sqlalchemy.ext.asyncio import create_async_engine

from persistence.tables import METADATA

# Any number that nothing else locks with; whoever comes second waits and finds everything done.
MIGRATION_LOCK = 7_203_119_001


def is_ours(name: str | None, kind: str, parents: object) -> bool:
    """The queue's tables are its library's."""
    return not (kind == "table" and (name or "").startswith("pgqueuer"))


def run(connection: Connection) -> None:
    context.configure(connection=connection, target_metadata=METADATA, transactional_ddl=True, include_name=is_ours)
    with context.begin_transaction():
        connection.execute(text(f"select pg_advisory_xact_lock({MIGRATION_LOCK})"))
        context.run_migrations()


async def main() -> None:
    url = make_url(context.config.attributes["url"]).set(drivername="postgresql+asyncpg")
    engine = create_async_engine(
        url, poolclass=pool.NullPool, connect_args={"statement_cache_size": 0, "prepared_statement_cache_size": 0}
    )
    async with engine.connect() as connection:
        await connection.run_sync(run)
    await engine.dispose()


asyncio.run(main())
