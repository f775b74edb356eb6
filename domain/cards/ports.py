"""Where cards are kept, as use cases see it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import Protocol
from uuid import UUID

from domain.cards.card import Card
from domain.kernel.access import Access


class Cards(Protocol):
    """The cards within a transaction. What is loaded is locked until it ends."""

    async def of_actor(self, id: UUID, access: Access, /) -> Card | None:
        """The card, if the actor stands to it so that they have this access; the second gate."""
        ...

    async def of_staff(self, id: UUID, /) -> Card | None:
        """The card, if its holder is a customer whom this member of staff may know of."""
        ...

    async def get(self, id: UUID, /) -> Card:
        """The card, whoever asks: for our own processes. It must be there."""
        ...

    async def add(self, card: Card, created_at: datetime, /) -> bool:
        """Keeps it. False when there is one with its phone number or ICCID already."""
        ...

    async def whose_period_is_over(self, today: date, /, *, limit: int) -> Sequence[Card]:
        """Cards that are still written down as active or in grace after their last day, but for those others hold."""
        ...

    async def keep_period(self, card: Card, /) -> None:
        """Keeps the card's status and dates, and why it is blocked."""
        ...

    async def keep_registered(self, card: Card, registered_at: datetime, /) -> None:
        """Keeps the card's status and dates, and since when its holder answers for it."""
        ...
