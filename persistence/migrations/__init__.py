"""Migrations, run as the database's owner. The application's role cannot."""

from __future__ import annotations

from pathlib import Path

import asyncpg

FOLDER = Path(__file__).parent


def head() -> str:
    """The newest revision, by file name: `0001_foundation.py` is revision `0001`."""
    return max(file.name[:4] for file in (FOLDER / "versions").glob("[0-9]*.py"))


async def is_current(url: str) -> bool:
    """Whether the database stands at the newest revision. Cheap: alembic is not even imported."""
    connection = await asyncpg.connect(url, statement_cache_size=0)
    try:
        if await connection.fetchval("select to_regclass('public.alembic_version')") is None:
            return False
        return await connection.fetchval("select version_num from alembic_version") == head()
    finally:
        await connection.close()


def migrate(owner_url: str, revision: str = "head") -> None:
    """Brings the database at `owner_url` (`postgresql://…`) to a revision. Safe to run again, and twice at once."""
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(FOLDER))
    config.attributes["url"] = owner_url
    command.upgrade(config, revision)
