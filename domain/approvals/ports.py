"""What approvals need of a transaction."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol
from uuid import UUID

from domain.approvals.approval import Approval
from domain.kernel.executor import Work
from domain.support.ports import Support


class Approvals(Protocol):
    """Approvals within a transaction."""

    async def add(self, approval: Approval, /) -> None: ...

    async def get(self, id: UUID, /) -> Approval | None:
        """The approval, locked."""
        ...

    async def keep(self, approval: Approval, /) -> None:
        """Writes its state, and who decided it when."""
        ...

    async def expired(self, now: datetime, /, *, limit: int) -> Sequence[Approval]:
        """Those that are written down as pending after their time, locked, but for those others hold."""
        ...


class ApprovalWork(Work, Protocol):
    """A transaction, as approvals see it."""

    @property
    def approvals(self) -> Approvals: ...
    @property
    def support(self) -> Support: ...
