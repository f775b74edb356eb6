"""What the long proofs share: one house, seeded once, in which one customer is signed in."""

from __future__ import annotations

import os
from collections.abc import AsyncGenerator

import pytest

from persistence.places import data_folder
from tests.faults.house import House, a_house
from tests.faults.plants import MISSED_BY
from tests.support.databases import CHECKOUT


@pytest.fixture(scope="module")
async def house() -> AsyncGenerator[House]:
    worker = os.environ.get("PYTEST_XDIST_WORKER", "main")
    async with a_house(data_folder(CHECKOUT) / "tests" / f"house-{worker}") as house:
        async with house.running():
            await house.sign_in()
        yield house


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """At the end, which protections were taken out, and which test missed each."""
    reports: list[pytest.TestReport] = terminalreporter.getreports("passed")
    rows = [str(value) for report in reports for name, value in report.user_properties if name == MISSED_BY]
    if rows:
        terminalreporter.section("taken out, and missed by")
        for row in rows:
            terminalreporter.write_line(row)
