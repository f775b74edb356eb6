"""Many cards for load: what `kontant seed --cards` makes."""

from __future__ import annotations

from datetime import UTC, datetime

from domain.operators.operator import Operator
from kontant.database import server_of
from kontant.progress import Progress, silent
from kontant.settings import Settings
from persistence.load import Loaded, load_cards
from persistence.servers import database_of


async def seed_cards(settings: Settings, operator: Operator, cards: int, progress: Progress = silent) -> Loaded:
    """Makes those that are missing of so many cards. Raises `CannotLoad`."""
    return await load_cards(
        server_of(settings).owner_url(database_of(operator)),
        operator,
        cards=cards,
        now=datetime.now(UTC).replace(microsecond=0),
        progress=lambda there, of: progress(f"{operator.name}: cards", there, of),
    )
