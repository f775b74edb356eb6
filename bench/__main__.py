"""`python -m bench`, which `make bench` calls."""

from __future__ import annotations

import signal
import sys
from pathlib import Path
from typing import Annotated

import typer

from bench.measuring import SIZES, measure
from bench.report import as_json, as_text, write
from bench.rounds import Pace
from kontant.progress import say, watched

QUICK = Pace(rounds=3, seconds=1.5, warm_up_seconds=1.0)


application = typer.Typer(add_completion=False, pretty_exceptions_enable=False, rich_markup_mode=None)


@application.command()
def bench(
    quick: Annotated[bool, typer.Option("--quick", help="A minute's run at the smaller size; writes nothing.")] = False,
    cards: Annotated[list[int] | None, typer.Option(help="How many cards there are; may be given again.")] = None,
    rounds: Annotated[int | None, typer.Option(min=1, help="Rounds of each side.")] = None,
    seconds: Annotated[float | None, typer.Option(min=0.1, help="How long a round takes.")] = None,
    data_folder: Annotated[
        Path | None, typer.Option(help="Keep the data there, and use what is there. Otherwise they are temporary.")
    ] = None,
    as_json_: Annotated[bool, typer.Option("--json", help="Answer in JSON, for a script.")] = False,
) -> None:
    """Measure the home screen and a top-up against their floors, and write RESULTS.md and results.json.

    CPU time a request, of the server process and of PostgreSQL, is the figure to trust. A ratio counts; an absolute
    time is this machine's. Exit codes: 0 done, 1 failed, 2 wrong usage.
    """
    usual = QUICK if quick else Pace()
    seconds = seconds or usual.seconds
    warm_up_seconds = min(seconds, usual.warm_up_seconds)
    pace = Pace(rounds=rounds or usual.rounds, seconds=seconds, warm_up_seconds=warm_up_seconds)
    sizes = sorted(cards) if cards else SIZES[:1] if quick else SIZES
    signal.signal(signal.SIGTERM, _stop)
    with watched() as progress:
        results = measure(sizes, pace, data_folder, progress)
    if not quick and tuple(sizes) == SIZES:
        for path in write(results, pace):
            say(f"Written: {path}")
    typer.echo(as_json(results, pace) if as_json_ else as_text(results, pace))


def _stop(*_: object) -> None:
    """Ends as Ctrl-C does: whatever was started is stopped."""
    sys.exit(143)


if __name__ == "__main__":
    application()
