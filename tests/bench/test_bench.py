"""The bench itself: that it runs, measures both sides alike, and tells what it found."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from bench.checks import TokenCheck
from bench.load import NEW_KEY, Load, Plan
from bench.measuring import Comparison, Measured, Results, Spread
from bench.report import as_json, as_text
from bench.rounds import Pace
from bench.scenarios import count_leaves

REQUEST = b"POST / HTTP/1.1\r\n\r\n" + NEW_KEY


@asynccontextmanager
async def answering(*pieces: bytes, heard: list[bytes] | None = None) -> AsyncGenerator[int]:
    """A server that gives each request the same answer, piece by piece. Yields its port."""

    served: set[asyncio.Task[None]] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while request := await reader.read(1000):
            if heard is not None:
                heard.append(request)
            for piece in pieces:
                writer.write(piece)
                await asyncio.sleep(0.001)
        writer.close()
        await writer.wait_closed()

    def begin(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        served.add(asyncio.create_task(serve(reader, writer)))

    async with await asyncio.start_server(begin, "127.0.0.1", 0) as server:
        yield server.sockets[0].getsockname()[1]
    await asyncio.gather(*served)


def a_load(port: int) -> Load:
    return Load(Plan(port=port, connections=2, requests=(REQUEST,), expected=b"COMPLETED"))


async def test_an_answer_that_comes_in_pieces_is_read_as_a_whole() -> None:
    async with answering(b"HTTP/1.1 200 OK\r\nContent-Le", b"ngth: 9\r\n\r\nCOMP", b"LETED") as port:
        told = await a_load(port).round(seconds=None, times=6)
    assert told["requests"] == 6
    assert 0 < told["p50"] <= told["p99"]


async def test_each_request_has_a_key_of_its_own() -> None:
    heard: list[bytes] = []
    async with answering(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nCOMPLETED", heard=heard) as port:
        await a_load(port).round(seconds=None, times=6)
    assert len(set(heard)) == 6
    assert not any(NEW_KEY in request for request in heard)


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\nDECLINED",
        b"HTTP/1.1 503 Busy\r\nContent-Length: 9\r\n\r\nCOMPLETED",
    ],
)
async def test_an_answer_that_is_not_the_expected_one_ends_the_measurement(answer: bytes) -> None:
    async with answering(answer) as port:
        with pytest.raises(RuntimeError, match="unexpected answer"):
            await a_load(port).round(seconds=None, times=2)


def test_leaves_are_counted_wherever_they_stand() -> None:
    assert count_leaves({"a": 1, "b": [{"c": None}, {"c": "x", "d": []}], "e": {}}) == 3


def a_side(cpu_ms: float) -> Measured:
    half = cpu_ms / 2
    return Measured(
        requests=10, requests_per_second=1, server_ms=half, database_ms=half, cpu_ms=cpu_ms, p50_ms=1, p99_ms=2,
        statements=6, boundaries=0, pages=100,
    )  # fmt: skip


def a_comparison(scenario: str, cards: int, ratio: float) -> Comparison:
    spread = Spread(median=ratio, least=ratio, most=ratio)
    return Comparison(
        scenario=scenario, cards=cards, about={"homes": 1, "leaves": 120, "bytes": 3000}, kontant=a_side(ratio),
        floor=a_side(1), ratio=spread, server_ratio=spread, database_ratio=spread,
    )  # fmt: skip


def results(home_ratio: float) -> Results:
    comparisons = [
        a_comparison(scenario, cards, home_ratio) for cards in (100, 1_000) for scenario in ("home", "topUpCard")
    ]
    return Results(comparisons=tuple(comparisons), token_check=TokenCheck(first_ms=0.3, again_ms=0.01))


def test_a_home_screen_above_its_limit_is_told_as_missed() -> None:
    assert "≤ 12: **missed**" in as_text(results(12.1), Pace())
    assert "missed" not in as_text(results(11.9), Pace())


def test_what_is_told_to_programs_holds_the_ratios_and_the_pace() -> None:
    told = json.loads(as_json(results(9), Pace(rounds=4)))
    assert told["comparisons"][0]["ratio"]["median"] == 9
    assert told["about"]["pace"]["rounds"] == 4
    assert told["scale"]["home"]["cards_ratio"] == 10


@pytest.mark.timeout(180)
def test_a_small_run_compares_both_sides_and_measures_them() -> None:
    command = [sys.executable, "-m", "bench", "--quick", "--cards", "60", "--rounds", "1", "--seconds", "0.3", "--json"]
    run = subprocess.run(command, capture_output=True, text=True, timeout=170)
    assert run.returncode == 0, run.stderr
    told: dict[str, Any] = json.loads(run.stdout)
    for comparison in told["comparisons"]:
        for side in (comparison["kontant"], comparison["floor"]):
            assert side["requests"] > 0
            assert side["server_ms"] > 0
            assert side["statements"] >= 1
        assert comparison["floor"]["statements"] == 1
        assert comparison["kontant"]["statements"] > 1
