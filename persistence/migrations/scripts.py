"""SQL scripts of several statements, run by a migration in its own transaction."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from alembic import op
from sqlalchemy.util import await_only

FOLDER = Path(__file__).parent / "sql"


def run_script(name: str) -> None:
    """Runs `sql/<name>`."""
    run_sql((FOLDER / name).read_text(encoding="utf-8"))


def run_sql(script: str) -> None:
    """Runs several statements on the driver, which takes them in one go where SQLAlchemy would prepare them."""
    driver: Any = op.get_bind().connection.driver_connection
    await_only(driver.execute(script))
