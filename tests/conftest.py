"""Fixtures that every layer's tests share. The database is real, and each test has its own."""

from __future__ import annotations

import os
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from domain.operators.operator import Operator
from gateways.payments.sandbox import SandboxPayments
from persistence.database import Database, open_database
from persistence.unit_of_work import PostgresUnit
from tests.support.databases import TestServer, a_server
from tests.support.operators import NORRSKEN
from tests.support.time import TestClock, TestIds
from tests.support.world import World, a_sandbox


@pytest.fixture(scope="session")
async def server() -> AsyncGenerator[TestServer]:
    with a_server(os.environ.get("PYTEST_XDIST_WORKER", "main")) as server:
        await server.prepare()
        yield server


@pytest.fixture
async def database_name(server: TestServer) -> AsyncGenerator[str]:
    name = await server.new_database()
    yield name
    await server.drop(name)


@pytest.fixture
async def database(server: TestServer, database_name: str) -> AsyncGenerator[Database]:
    """As the application sees it."""
    database = await open_database(server.server.application_url(database_name), connections=10)
    yield database
    await database.close()


@pytest.fixture
async def owner(server: TestServer, database_name: str) -> AsyncGenerator[asyncpg.Connection[Any]]:
    """As the owner sees it: whoever migrates, and no part of the running application."""
    connection = await asyncpg.connect(server.server.owner_url(database_name))
    yield connection
    await connection.close()


@pytest.fixture
def norrsken() -> Operator:
    return NORRSKEN


@pytest.fixture
def clock() -> TestClock:
    return TestClock()


@pytest.fixture
def ids(clock: TestClock) -> TestIds:
    return TestIds(clock)


@pytest.fixture
def unit(database: Database, norrsken: Operator, ids: TestIds, clock: TestClock) -> PostgresUnit:
    return PostgresUnit(database, norrsken, ids, clock)


@pytest.fixture
async def sandbox(tmp_path: Path, clock: TestClock) -> AsyncGenerator[SandboxPayments]:
    sandbox = a_sandbox(tmp_path / "sandbox.sqlite", clock)
    yield sandbox
    await sandbox.aclose()


@pytest.fixture
def world(database: Database, norrsken: Operator, clock: TestClock, ids: TestIds, sandbox: SandboxPayments) -> World:
    return World(database, norrsken, clock, ids, sandbox)
