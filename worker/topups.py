"""Top-ups that somebody left unfinished."""

from __future__ import annotations

from uuid import UUID

from domain.kernel.errors import Busy
from domain.topups.processes import TopUpProcess
from domain.topups.topup import LOOKS
from domain.topups.usecases import ADVANCE_TOP_UP
from persistence.database import Database
from persistence.jobs import JobQueue
from persistence.queries.unfinished import is_unfinished
from worker.jobs import Handler


def advancing(process: TopUpProcess, database: Database, queue: JobQueue) -> Handler:
    """The handler of `ADVANCE_TOP_UP`."""

    async def advance(top_up_id: UUID) -> None:
        """Takes a top-up further. Until it is settled there is one job for it, no more and no less (P3).

        So a job gives way to another that waits, or else each caller's rescue would begin a row of looks of its own;
        and it raises `Busy`, to come again, while somebody has the lease, who may die with it.
        """
        if not await is_unfinished(database, top_up_id) or await queue.is_waiting(ADVANCE_TOP_UP, top_up_id):
            return
        top_up = await process.resume(top_up_id)
        is_given_up = top_up.looks > len(LOOKS)
        if not top_up.is_settled and not is_given_up and not await queue.is_waiting(ADVANCE_TOP_UP, top_up_id):
            raise Busy

    return advance
