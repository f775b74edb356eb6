"""What the tests of the ledger and of the unit of work share."""

from __future__ import annotations

import pytest

from domain.kernel.executor import Executor
from persistence.unit_of_work import PostgresUnit
from tests.support.books import Books
from tests.support.executions import MakeExecutor
from tests.support.time import TestClock, TestIds


@pytest.fixture
def books(unit: PostgresUnit, ids: TestIds, clock: TestClock) -> Books:
    return Books(unit, ids, clock)


@pytest.fixture
def executor_of(unit: PostgresUnit, ids: TestIds) -> MakeExecutor:
    return lambda case: Executor([case], unit, ids)
