"""Arrows point down only, and the domain knows no clock, no chance and no world outside."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

TOP: Final = Path(__file__).parents[2]
MODULES: Final = sorted((TOP / "domain").rglob("*.py"))

LIBRARIES: Final = {"email_validator", "phonenumbers", "stdnum", "whenever", "domain"}
WORLD_OUTSIDE: Final = {
    "http", "io", "logging", "multiprocessing", "os", "pathlib", "random", "secrets", "shutil", "socket", "sqlite3",
    "ssl", "subprocess", "tempfile", "threading", "time", "urllib",
}  # fmt: skip
CLOCKS: Final = {"now", "utcnow", "today", "now_in_system_tz"}
CHANCE: Final = {"uuid1", "uuid4", "uuid6", "uuid7"}


def test_the_layers_hold() -> None:
    linter = Path(sys.executable).parent / "lint-imports"
    outcome = subprocess.run([linter, "--no-cache"], cwd=TOP, capture_output=True, text=True, check=False)
    assert outcome.returncode == 0, outcome.stdout + outcome.stderr
    assert "2 kept, 0 broken" in outcome.stdout


def impurities(source: str) -> Iterator[str]:
    """What in a module of the domain reaches for the world outside."""
    for node in ast.walk(ast.parse(source)):
        match node:
            case ast.Import(names=names):
                yield from (f"import {name.name}" for name in names if not _is_pure(name.name))
            case ast.ImportFrom(module=str(module), names=names):
                if not _is_pure(module):
                    yield f"from {module} import"
                yield from (f"from {module} import {name.name}" for name in names if name.name in CHANCE)
            case ast.Attribute(value=ast.Name(id=receiver), attr=attribute):
                # `clock.now()` asks what was handed in; `datetime.now()` asks the machine.
                if (attribute in CLOCKS and receiver[0].isupper()) or receiver in ("datetime", "date"):
                    if attribute in CLOCKS:
                        yield f"{receiver}.{attribute}"
                elif receiver == "uuid" and attribute in CHANCE:
                    yield f"uuid.{attribute}"
            case ast.Call(func=ast.Name(id="open" | "input" | "print" as name)):
                yield f"{name}()"
            case _:
                pass


def _is_pure(module: str) -> bool:
    top = module.partition(".")[0]
    return top in LIBRARIES or (top in sys.stdlib_module_names and top not in WORLD_OUTSIDE)


@pytest.mark.parametrize("module", MODULES, ids=lambda path: str(path.relative_to(TOP)))
def test_the_domain_is_handed_time_and_ids(module: Path) -> None:
    assert list(impurities(module.read_text())) == []


@pytest.mark.parametrize(
    "source",
    [
        "from datetime import datetime\ndatetime.now(UTC)",
        "date.today()",
        "Instant.now()",
        "from uuid import uuid4",
        "import uuid\nuuid.uuid4()",
        "import random",
        "import os.path",
        "from time import time",
        "import sqlalchemy",
        "from persistence import database",
        "print(1)",
        "open('x')",
    ],
)
def test_what_reaches_outside_is_found(source: str) -> None:
    assert list(impurities(source)) != []


def test_a_clock_that_was_handed_in_may_be_asked() -> None:
    assert list(impurities("import asyncio\nself._clock.now()\nclock.now()\nwork.now")) == []
