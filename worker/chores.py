"""What falls due by itself is done as soon as it is, in chunks, until nothing is left."""

from __future__ import annotations

import asyncio
import logging
from typing import Final

from domain.approvals.usecases import ExpireApprovals
from domain.cards.usecases import EndCardPeriods
from domain.kernel.access import system
from domain.kernel.chores import CHUNK, Chore, NothingDue
from domain.kernel.executor import Executor
from domain.ledger.expiry import ExpireBuckets, ExpireReservations
from domain.registration.usecases import EraseRegistrations

CHORES: Final[tuple[Chore, ...]] = (
    ExpireReservations(),
    ExpireBuckets(),
    EndCardPeriods(),
    ExpireApprovals(),
    EraseRegistrations(),
)

_log = logging.getLogger(__name__)


async def do_chores(executor: Executor, *, every_seconds: float) -> None:
    """Does them for ever. One that fails is tried again at its next turn, and does not keep the others from theirs."""
    while True:
        for chore in CHORES:
            try:
                await _do(chore, executor)
            except Exception:
                _log.warning("A chore failed and is tried again: %s", type(chore).__name__, exc_info=True)
        await asyncio.sleep(every_seconds)


async def _do(chore: Chore, executor: Executor) -> None:
    done = CHUNK
    while done == CHUNK:
        try:
            done = await executor.execute(chore, system("chores"))
        except NothingDue:
            return
        _log.info("%s: %s", type(chore).__name__, done)
