"""A worker of its own process that takes a job, says so, and never finishes it. A test kills it."""

from __future__ import annotations

import asyncio
import sys
from uuid import UUID

from persistence.database import open_database
from persistence.jobs import JobQueue
from persistence.nudges import Nudges
from worker.jobs import Jobs


async def take(id: UUID) -> None:
    sys.stdout.write(f"{id}\n")
    sys.stdout.flush()
    await asyncio.Event().wait()


async def main() -> None:
    database = await open_database(sys.stdin.readline().strip(), connections=5)
    queue = JobQueue(database, Nudges(database))
    await Jobs(queue, {"polish": take}, concurrency=4, poll_seconds=0.1, heartbeat_seconds=0.5).run()


if __name__ == "__main__":
    asyncio.run(main())
