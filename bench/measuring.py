"""The whole measurement: each size, each scenario, both sides."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Final

from bench.checks import TokenCheck, token_check
from bench.counts import Counts, count
from bench.place import Place, a_place, floor_server, free_port, kontant_server
from bench.rounds import Pace, Round, Side, driver, interleaved
from bench.scenarios import Scenario, check_home, check_top_up, find_scenarios
from kontant.progress import Progress

SIZES: Final = (3_219, 32_190)


@dataclass(frozen=True, slots=True, kw_only=True)
class Spread:
    """A figure that was taken in each round: the middle one, and the ends."""

    median: float
    least: float
    most: float

    @classmethod
    def of(cls, values: Sequence[float]) -> Spread:
        return cls(median=median(values), least=min(values), most=max(values))


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """One side of a scenario: the medians of its rounds, and what was counted apart."""

    requests: int
    requests_per_second: float
    server_ms: float
    database_ms: float
    cpu_ms: float
    p50_ms: float
    p99_ms: float
    statements: float
    boundaries: float
    pages: float

    @classmethod
    def of(cls, rounds: Sequence[Round], counts: Counts) -> Measured:
        return cls(
            requests=sum(each.requests for each in rounds),
            requests_per_second=median([each.requests_per_second for each in rounds]),
            server_ms=median([each.server_ms for each in rounds]),
            database_ms=median([each.database_ms for each in rounds]),
            cpu_ms=median([each.cpu_ms for each in rounds]),
            p50_ms=median([each.p50_ms for each in rounds]),
            p99_ms=median([each.p99_ms for each in rounds]),
            statements=counts.statements,
            boundaries=counts.boundaries,
            pages=counts.pages,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """A scenario at one size. The ratios are Kontant's CPU time over the floor's, round by round."""

    scenario: str
    cards: int
    about: dict[str, float]
    kontant: Measured
    floor: Measured
    ratio: Spread
    server_ratio: Spread
    database_ratio: Spread


@dataclass(frozen=True, slots=True, kw_only=True)
class Results:
    """Everything that was measured."""

    comparisons: tuple[Comparison, ...]
    token_check: TokenCheck

    def of(self, scenario: str, cards: int) -> Comparison:
        """One of the comparisons."""
        return next(each for each in self.comparisons if (each.scenario, each.cards) == (scenario, cards))


def measure(sizes: Sequence[int], pace: Pace, kept: Path | None, progress: Progress) -> Results:
    """Makes a deployment, fills it, and measures. Takes minutes."""
    comparisons: list[Comparison] = []
    with a_place(kept) as place:
        for cards in sizes:
            place.seed(cards, progress)
            comparisons += _at_size(place, cards, pace, progress)
        tokens = asyncio.run(token_check(place))
    return Results(comparisons=tuple(comparisons), token_check=tokens)


def _at_size(place: Place, cards: int, pace: Pace, progress: Progress) -> list[Comparison]:
    floor_port = free_port()
    scenarios = asyncio.run(find_scenarios(place))
    home, top_up = scenarios.home(), scenarios.top_up()
    with kontant_server(place) as kontant, floor_server(place, floor_port) as floor:
        ports = place.settings.port, floor_port

        def compare(scenario: Scenario, about: dict[str, float]) -> Comparison:
            with (
                driver(ports[0], scenario.kontant, scenario.expected) as ours,
                driver(ports[1], scenario.floor, scenario.expected) as theirs,
            ):
                asyncio.run(place.run("vacuum (analyze)", "checkpoint"))  # so that all begin alike
                database = place.postmaster
                rounds = interleaved(
                    Side(load=ours, server=kontant, database=database),
                    Side(load=theirs, server=floor, database=database),
                    pace,
                    _told(progress, f"{scenario.name} at {cards} cards", pace.rounds),
                )
                counts = [asyncio.run(count(place, load)) for load in (ours, theirs)]
            return _comparison(scenario.name, cards, about, rounds, counts)

        seen = asyncio.run(check_home(home, *ports))
        written = asyncio.run(check_top_up(top_up, *ports, place))
        return [compare(home, seen), compare(top_up, {f"{table} rows": rows for table, rows in written.items()})]


def _told(progress: Progress, step: str, rounds: int) -> Callable[[int], None]:
    return lambda done: progress(step, done, rounds)


def _comparison(
    scenario: str, cards: int, about: dict[str, float], rounds: list[tuple[Round, Round]], counts: list[Counts]
) -> Comparison:
    return Comparison(
        scenario=scenario,
        cards=cards,
        about=about,
        kontant=Measured.of([ours for ours, _ in rounds], counts[0]),
        floor=Measured.of([theirs for _, theirs in rounds], counts[1]),
        ratio=Spread.of([ours.cpu_ms / theirs.cpu_ms for ours, theirs in rounds]),
        server_ratio=Spread.of([ours.server_ms / theirs.server_ms for ours, theirs in rounds]),
        database_ratio=Spread.of([ours.database_ms / theirs.database_ms for ours, theirs in rounds]),
    )
