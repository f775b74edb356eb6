"""The demo people and the year that lies behind them: made through use cases, the same in every deployment."""

from __future__ import annotations

from domain.operators.operator import Operator
from kontant.demo.people import DemoPerson, people
from kontant.demo.played import is_seeded
from kontant.progress import Progress, silent
from kontant.settings import Settings

__all__ = ["DemoPerson", "is_seeded", "people", "seed_demo"]


async def seed_demo(settings: Settings, operator: Operator, progress: Progress = silent) -> None:
    """Plays this operator's demo as of today, or goes on with it where it was broken off."""
    # What plays it takes a second to load, and every start but the first does without.
    from kontant.demo.seeding import seed

    await seed(settings, operator, progress)
