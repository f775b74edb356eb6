"""What adjustments need of a transaction."""

from __future__ import annotations

from datetime import datetime
from typing import Protocol
from uuid import UUID

from domain.adjustments.adjustment import Adjustment, AdjustmentState
from domain.approvals.ports import ApprovalWork
from domain.cards.ports import Cards
from domain.ledger.ledger import Ledger


class Adjustments(Protocol):
    """Adjustments within a transaction."""

    async def adjusted_since(self, customer_id: UUID, since: datetime, /) -> int:
        """How much was, or is to be, adjusted for a customer since then: the sum of amounts without their signs.

        Until the transaction ends, nobody else gets an answer for the same customer: so a limit holds for parallel
        requests too. Waits at most 2 s, then `Busy`.
        """
        ...

    async def add(self, adjustment: Adjustment, /) -> None: ...

    async def get(self, id: UUID, /) -> Adjustment | None:
        """The adjustment, locked."""
        ...

    async def end(self, id: UUID, state: AdjustmentState, /) -> None:
        """Writes what has become of it."""
        ...


class AdjustmentWork(ApprovalWork, Protocol):
    """A transaction, as adjustments see it."""

    @property
    def adjustments(self) -> Adjustments: ...
    @property
    def cards(self) -> Cards: ...
    @property
    def ledger(self) -> Ledger: ...
