"""`python -m bench.sealing`: do concurrent top-ups notice that the audit log is being sealed?

The same load on the same server, by turns with a sealer at work, in a process of its own as in a worker, and with that
process halted. What was left unsealed meanwhile is sealed before the next round begins. Writes nothing.
"""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import time
from collections.abc import Generator
from contextlib import contextmanager
from statistics import median
from typing import Annotated, Final

import psutil
import typer

from bench.floor import DATABASE_URL
from bench.place import Place, a_place, kontant_server
from bench.rounds import Round, Side, driver, server_seconds
from bench.scenarios import find_scenarios
from kontant.machine import SystemClock
from kontant.progress import say, watched
from persistence.audit import AuditChain
from persistence.database import open_database
from worker.audit import Sealer

CARDS: Final = 3_219
WARM_UP_SECONDS: Final = 3.0

application = typer.Typer(add_completion=False, pretty_exceptions_enable=False, rich_markup_mode=None)


@application.command()
def measure(
    rounds: Annotated[int, typer.Option(min=1)] = 6, seconds: Annotated[float, typer.Option(min=0.1)] = 4.0
) -> None:
    """Print what top-ups came to with the sealer and without it, and the ratios."""
    with a_place(None) as place, watched() as progress:
        place.seed(CARDS, progress)
        scenario = asyncio.run(find_scenarios(place)).top_up()
        with (
            kontant_server(place) as server,
            driver(place.settings.port, scenario.kontant, scenario.expected) as load,
            _sealer(place) as sealer,
        ):
            side = Side(load=load, server=server, database=place.postmaster)
            _catch_up(place)
            side.round(WARM_UP_SECONDS)
            with_it: list[Round] = []
            without: list[Round] = []
            costs: list[float] = []
            for _ in range(rounds):
                _catch_up(place)
                spent = server_seconds(sealer)
                with_it.append(side.round(seconds))
                costs.append(1000 * (server_seconds(sealer) - spent) / with_it[-1].requests)
                sealer.suspend()
                without.append(side.round(seconds))
                sealer.resume()
    say(f"The sealer's own CPU: {median(costs):.3f} ms a top-up.")
    for name in ("requests_per_second", "p50_ms", "p99_ms", "server_ms", "database_ms"):
        ratios = [getattr(one, name) / getattr(other, name) for one, other in zip(with_it, without, strict=True)]
        sealing, halted = (median([getattr(each, name) for each in side]) for side in (with_it, without))
        spread = f"{median(ratios):.2f} ({min(ratios):.2f} to {max(ratios):.2f})"
        typer.echo(f"{name}: {sealing:.2f} with the sealer, {halted:.2f} without; ratio {spread}")


@application.command(hidden=True)
def seal() -> None:
    """Seal until killed."""

    async def run() -> None:
        await Sealer(AuditChain(await open_database(os.environ[DATABASE_URL], connections=2)), SystemClock()).run()

    asyncio.run(run())


@contextmanager
def _sealer(place: Place) -> Generator[psutil.Process]:
    command = [sys.executable, "-m", "bench.sealing", "seal"]
    with subprocess.Popen(command, env={**os.environ, DATABASE_URL: place.application_url}) as process:
        try:
            yield psutil.Process(process.pid)
        finally:
            process.kill()


def _catch_up(place: Place) -> None:
    """Waits until everything is sealed."""

    async def unsealed() -> int:
        database = await open_database(place.application_url, connections=1)
        try:
            return (await AuditChain(database).unsealed()).rows
        finally:
            await database.close()

    while asyncio.run(unsealed()):
        time.sleep(0.2)


if __name__ == "__main__":
    application()
