"""Each protection is taken out of a copy of the code, one at a time, and the tests of that copy must turn red."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.faults.plants import MISSED_BY, PLANTS, Plant
from tests.support.databases import CHECKOUT

pytestmark = pytest.mark.faults

PACKAGES = ("api", "auth", "domain", "gateways", "kontant", "persistence", "tests", "worker")
RUN_SECONDS = 240
FAILED, PASSED = 1, 0
FAILURE = re.compile(r"^FAILED \S+::(\S+)", re.MULTILINE)


@dataclass(frozen=True)
class Run:
    """What became of the tests of a copy."""

    exit_code: int
    failed: list[str]
    seconds: float
    output: str


@dataclass(frozen=True)
class Copy:
    """A copy of the code, in which something can be planted, and its tests."""

    folder: Path

    def restore(self) -> None:
        for package in PACKAGES:
            shutil.copytree(
                CHECKOUT / package,
                self.folder / package,
                ignore=shutil.ignore_patterns("__pycache__", "node_modules"),
                dirs_exist_ok=True,
            )

    def test(self, tests: tuple[str, ...]) -> Run:
        """Runs tests on this copy's code, until the first fails, on a PostgreSQL server of their own."""
        worker = os.environ.get("PYTEST_XDIST_WORKER", "main")
        environment = os.environ | {
            "PYTHONPATH": str(self.folder),
            "PYTHONDONTWRITEBYTECODE": "1",
            "PYTEST_XDIST_WORKER": f"{worker}planted",
        }
        command = [sys.executable, "-m", "pytest", "-x", "-q", "--tb=no", "-p", "no:cacheprovider", "-n", "0", *tests]
        began = time.monotonic()
        run = subprocess.run(
            command, cwd=self.folder, env=environment, capture_output=True, text=True, timeout=RUN_SECONDS, check=False
        )
        return Run(run.returncode, FAILURE.findall(run.stdout), time.monotonic() - began, run.stdout + run.stderr)


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Copy:
    copy = Copy(tmp_path_factory.mktemp("copy"))
    shutil.copy(CHECKOUT / "pyproject.toml", copy.folder)
    place = CHECKOUT / "var" / "place"  # where PostgreSQL may be, if not in the checkout
    if place.exists():
        (copy.folder / "var").mkdir()
        shutil.copy(place, copy.folder / "var")
    copy.restore()
    return copy


def test_with_nothing_planted_everything_passes(copy: Copy) -> None:
    tests = tuple(sorted({test for plant in PLANTS for test in plant.tests}))
    run = copy.test(tests)
    assert run.exit_code == PASSED, run.output


@pytest.mark.parametrize("plant", PLANTS, ids=lambda plant: plant.name.replace(" ", "_"))
def test_what_is_taken_out_is_missed(copy: Copy, plant: Plant, record_property: Callable[[str, object], None]) -> None:
    try:
        for change in plant.changes:
            change.plant(copy.folder)
        run = copy.test(plant.tests)
    finally:
        copy.restore()
    assert run.exit_code == FAILED, run.output
    assert run.failed, run.output
    record_property(MISSED_BY, f"{plant.name:<60} {run.failed[0]} ({run.seconds:.0f} s)")
