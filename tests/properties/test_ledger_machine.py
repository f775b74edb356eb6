"""The ledger against a model of it, in random orders."""

from __future__ import annotations

import asyncio
from pathlib import Path

import asyncpg
import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from domain.topups.processes import TopUpProcess
from gateways.payments.sandbox import SandboxPayments
from persistence.database import open_database
from tests.properties.ledger_machine import LedgerMachine
from tests.properties.ledger_stage import Stage
from tests.support.databases import TestServer
from tests.support.operators import NORRSKEN
from tests.support.time import TestClock, TestIds
from tests.support.world import World, a_sandbox

# The same runs every time: a red test is the fault of what was changed. `make faults` plays at random, longer, and
# looks for the shortest way to a failure, which takes minutes.
BRIEFLY = settings(
    max_examples=15,
    stateful_step_count=30,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
    phases=[Phase.generate],
)


@pytest.mark.timeout(300)
def test_the_ledger_does_what_its_model_does(server: TestServer, database_name: str, tmp_path: Path) -> None:
    play(server, database_name, tmp_path, BRIEFLY)


def play(server: TestServer, database_name: str, folder: Path, how: settings) -> None:
    """Hypothesis is not asynchronous, so the machine gets a loop of its own, and everything that belongs to one."""
    with asyncio.Runner(loop_factory=asyncio.new_event_loop) as runner:
        sandbox = a_sandbox(folder / "sandbox.sqlite", clock := TestClock())
        stage = runner.run(_stage(runner, server, database_name, sandbox, clock))
        try:
            run_state_machine_as_test(lambda: LedgerMachine(stage), settings=how)  # pyright: ignore[reportArgumentType]
        finally:
            runner.run(_strike(stage, sandbox))


async def _stage(
    runner: asyncio.Runner, server: TestServer, database_name: str, sandbox: SandboxPayments, clock: TestClock
) -> Stage:
    owner = await asyncpg.connect(server.server.owner_url(database_name))
    async with server.administrator() as administrator:  # on a busy machine 2 s are soon over
        await administrator.execute(f'alter role kontant_app in database "{database_name}" set lock_timeout = 0')
    database = await open_database(server.server.application_url(database_name), connections=10)
    world = World(database, NORRSKEN, clock, TestIds(clock), sandbox)
    world.top_ups = TopUpProcess(world.executor, sandbox, wait_seconds=30)
    person = await world.person()
    return Stage(
        world=world,
        owner=owner,
        run=runner.run,
        person=person,
        cards=(await world.card(person), await world.card(person)),
        method=await world.payment_method(person),
        declined_method=await world.payment_method(person, "sandbox_declines"),
    )


async def _strike(stage: Stage, sandbox: SandboxPayments) -> None:
    await stage.owner.close()
    await stage.world.database.close()
    await sandbox.aclose()
