"""What the long proofs share: one house, seeded once, in which one customer is signed in."""

from __future__ import annotations

import os
from collections.abc import AsyncGenerator

import pytest

from persistence.places import data_folder
from tests.faults.house import House, a_house
from tests.support.databases import CHECKOUT


@pytest.fixture(scope="module")
async def house() -> AsyncGenerator[House]:
    worker = os.environ.get("PYTEST_XDIST_WORKER", "main")
    async with a_house(data_folder(CHECKOUT) / "tests" / f"house-{worker}") as house:
        async with house.running():
            await house.sign_in()
        yield house
