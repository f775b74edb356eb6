"""Who waits for a connection, and for how long."""

from __future__ import annotations

import asyncio

import pytest

from domain.kernel.errors import Unavailable
from persistence import gate as module
from persistence.gate import Gate


@pytest.fixture(autouse=True)
def little_patience(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "PATIENCE_SECONDS", 0.1)


async def visit(gate: Gate, seconds: float, visited: list[int], number: int) -> None:
    async with gate.place():
        visited.append(number)
        await asyncio.sleep(seconds)


async def test_places_are_given_in_the_order_in_which_they_were_asked_for() -> None:
    gate, visited = Gate(1), list[int]()
    await asyncio.gather(*[visit(gate, 0.001, visited, n) for n in range(20)])
    assert visited == list(range(20))


async def test_a_queue_that_moves_is_worked_off_however_long_it_takes() -> None:
    gate, visited = Gate(2), list[int]()
    await asyncio.gather(*[visit(gate, 0.05, visited, n) for n in range(12)])
    assert len(visited) == 12


async def test_a_queue_that_stands_still_is_sent_away() -> None:
    gate, visited = Gate(1), list[int]()
    first = asyncio.create_task(visit(gate, 0.5, visited, 1))
    await asyncio.sleep(0)
    begun = asyncio.get_running_loop().time()
    with pytest.raises(Unavailable):
        await visit(gate, 0, visited, 2)
    assert asyncio.get_running_loop().time() - begun < 0.4
    await first
    await visit(gate, 0, visited, 3)
    assert visited == [1, 3]


async def test_whoever_gives_up_takes_no_place_with_them() -> None:
    gate, visited = Gate(1), list[int]()
    first = asyncio.create_task(visit(gate, 0.02, visited, 1))
    await asyncio.sleep(0)
    second = asyncio.create_task(visit(gate, 0, visited, 2))
    third = asyncio.create_task(visit(gate, 0, visited, 3))
    await asyncio.sleep(0)
    second.cancel()
    await asyncio.gather(first, second, third, return_exceptions=True)
    await visit(gate, 0, visited, 4)
    assert visited == [1, 3, 4]


async def test_whoever_is_cancelled_as_their_turn_comes_passes_it_on() -> None:
    gate, visited = Gate(1), list[int]()
    async with gate.place():
        second = asyncio.create_task(visit(gate, 0, visited, 2))
        await asyncio.sleep(0)
    second.cancel()  # the place is theirs already, and they have not run yet
    await asyncio.gather(second, return_exceptions=True)
    await visit(gate, 0, visited, 3)
    assert visited == [3]
