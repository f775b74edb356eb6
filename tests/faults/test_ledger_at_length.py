"""The ledger's machine once more: longer, and at random."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import Phase, settings

from tests.properties.test_ledger_machine import BRIEFLY, play
from tests.support.databases import TestServer

pytestmark = pytest.mark.faults

AT_LENGTH = settings(
    BRIEFLY,
    max_examples=100,
    stateful_step_count=40,
    derandomize=False,
    print_blob=True,
    phases=[Phase.generate, Phase.shrink],
)


@pytest.mark.timeout(900)
def test_the_ledger_does_what_its_model_does(server: TestServer, database_name: str, tmp_path: Path) -> None:
    play(server, database_name, tmp_path, AT_LENGTH)
