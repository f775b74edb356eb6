"""Fifty at once, over HTTP, at the real server."""

from __future__ import annotations

import asyncio
from uuid import uuid4

import pytest

from tests.faults.house import House

pytestmark = pytest.mark.faults


async def test_fifty_with_one_key_are_one_charge_and_have_one_answer(house: House) -> None:
    key = str(uuid4())
    async with house.running():
        await house.sign_in()
        before = await house.balance_minor()
        answers = await asyncio.gather(*[house.top_up(key) for _ in range(50)])
        assert len({answer.id for answer in answers}) == 1
        assert (await house.settled(key)).status == "COMPLETED"
        assert await house.balance_minor() == before + 10_000
        assert await house.traces_of(key) == (1, 1, 1)


async def test_fifty_with_different_keys_all_land(house: House) -> None:
    keys = [str(uuid4()) for _ in range(50)]
    async with house.running():
        await house.sign_in()
        before = await house.balance_minor()
        answers = await asyncio.gather(*[house.top_up(key) for key in keys])
        assert {answer.status for answer in answers} == {"COMPLETED"}
        assert len({answer.id for answer in answers}) == 50
        assert await house.balance_minor() == before + 500_000
        assert {await house.traces_of(key) for key in keys} == {(1, 1, 1)}
        assert await house.breaks() == []
