"""Plays the demo: every scene through the executor, at its own time, and only those that have not been played yet."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Final
from uuid import UUID

import asyncpg

from domain.kernel.executor import Executor
from domain.kernel.time import local_date
from domain.operators.operator import Operator
from domain.topups.processes import TopUpProcess
from domain.topups.topup import LEASE, TopUpStatus
from domain.topups.usecases import LeaseTopUp, TopUpCard
from gateways.payments.sandbox import SandboxPayments
from kontant.database import server_of
from kontant.demo.people import people
from kontant.demo.played import day_of_seeding, unplayed
from kontant.demo.plot import plot
from kontant.demo.stage import Scene
from kontant.demo.time import DemoClock, DemoIds
from kontant.progress import Progress, silent
from kontant.settings import Settings
from kontant.usecases import USE_CASES
from persistence.database import Database, open_database
from persistence.servers import database_of, is_pooled
from persistence.unit_of_work import PostgresUnit

PATIENCE_SECONDS: Final = 60
"""For a slow disk. What is late in the demo is late by its plot, and nothing else may be."""


async def seed(settings: Settings, operator: Operator, progress: Progress) -> None:
    """Plays this operator's demo as of today, or goes on with it where it was broken off."""
    async with _database(settings, operator) as database:
        await play(
            database,
            operator,
            today=local_date(datetime.now(UTC), operator.time_zone),
            sandbox_record=settings.file_of(operator, "sandbox-payments.sqlite"),
            action_url=lambda intent_id: f"{operator.issuer}/dev/payments/{intent_id}",
            progress=progress,
        )


async def play(
    database: Database,
    operator: Operator,
    *,
    today: date,
    sandbox_record: Path,
    action_url: Callable[[UUID], str],
    progress: Progress = silent,
    reached: Callable[[str], None] = lambda step: None,
) -> None:
    """Plays what has not been played. What was begun on an earlier day goes on as of that day.

    `reached` is told each labelled step of the executor, so that a test can break off there.
    """
    if not people(operator):
        return
    scenes = plot(operator, await day_of_seeding(database, operator) or today)
    remaining = await unplayed(database, scenes)
    clock = DemoClock(scenes[0].at)
    sandbox = SandboxPayments(
        sandbox_record,
        clock=clock,
        webhook_url=None,
        secret=bytes(32),  # there are no webhooks to sign
        action_url=action_url,
        stall_seconds=0,
        busy_seconds=PATIENCE_SECONDS,
    )
    player = _Player(database, operator, clock, sandbox, reached)
    try:
        for scene in remaining:
            progress(f"{operator.name}: demo data", scenes.index(scene), len(scenes))
            await player.play(scene)
        progress(f"{operator.name}: demo data", len(scenes), len(scenes))
    finally:
        await sandbox.aclose()


class _Player:
    """Has the clock and the ids of each scene right, and finishes a top-up that was left between its steps."""

    def __init__(
        self,
        database: Database,
        operator: Operator,
        clock: DemoClock,
        sandbox: SandboxPayments,
        reached: Callable[[str], None],
    ) -> None:
        self._clock, self._ids = clock, DemoIds(clock)
        self._executor = Executor(USE_CASES, PostgresUnit(database, operator, self._ids, clock), self._ids, reached)
        self._top_ups = TopUpProcess(self._executor, sandbox, wait_seconds=PATIENCE_SECONDS)

    async def play(self, scene: Scene) -> None:
        self._clock.set(scene.at)
        self._ids.begin(scene.name)
        match scene.command:
            case TopUpCard() as command:
                top_up = await self._top_ups.start(command, scene.actor)
                if top_up.status is TopUpStatus.CREATED:  # its lease is that of a process which has ended
                    self._clock.advance(LEASE)
                    await self._top_ups.resume(top_up.id)
            case LeaseTopUp(top_up_id=top_up_id):
                await self._top_ups.resume(top_up_id)
            case command:
                await self._executor.execute(command, scene.actor)


@asynccontextmanager
async def _database(settings: Settings, operator: Operator) -> AsyncGenerator[Database]:
    url = server_of(settings).application_url(database_of(operator))
    connection = await asyncpg.connect(url, statement_cache_size=0)
    try:
        pooled = await is_pooled(connection)
    finally:
        await connection.close()
    database = await open_database(url, connections=2, is_pooled=pooled)
    try:
        yield database
    finally:
        await database.close()
