"""How one operator's parts are put together. Every process that does something for it begins here."""

from __future__ import annotations

import hashlib
import hmac
import os
import signal
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Final

import asyncpg

from auth.identity import Identity
from auth.identity_numbers import SealedIdentityNumbers
from domain.kernel.executor import Executor
from domain.kernel.time import Clock
from domain.operators.operator import Operator
from domain.topups.processes import TopUpProcess
from gateways.messaging.outbox import Outbox
from gateways.payments.sandbox import SandboxPayments
from gateways.words.words import Words
from kontant.database import server_of
from kontant.machine import SystemClock, SystemIds
from kontant.settings import Settings
from kontant.usecases import USE_CASES
from persistence.database import Database, open_database
from persistence.servers import database_of, is_pooled
from persistence.unit_of_work import PostgresUnit

CONNECTIONS: Final = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """What one operator's API and worker are made of."""

    operator: Operator
    database: Database
    is_pooled: bool
    unit: PostgresUnit
    executor: Executor
    identity: Identity
    payments: SandboxPayments
    top_ups: TopUpProcess
    outbox: Outbox
    words: Words
    clock: Clock


@asynccontextmanager
async def parts_of(settings: Settings, operator: Operator) -> AsyncGenerator[Parts]:
    """An operator's parts, for as long as they are needed. Nothing is connected before it is used."""
    clock, ids = SystemClock(), SystemIds()
    url = server_of(settings).application_url(database_of(operator))
    pooled = await _is_pooled(url)
    database = await open_database(url, connections=CONNECTIONS, is_pooled=pooled)
    identity_numbers = SealedIdentityNumbers(settings.secret, operator.slug)
    unit = PostgresUnit(database, operator, ids, identity_numbers=identity_numbers)
    executor = Executor(USE_CASES, unit, ids, reached=_killed_at(settings))
    payments = SandboxPayments(
        settings.file_of(operator, "sandbox-payments.sqlite"),
        clock=clock,
        webhook_url=f"{_own_address(settings, operator)}/webhooks/sandbox" if settings.is_development else None,
        secret=derived(settings.secret, operator, "sandbox webhooks"),
        action_url=lambda intent: f"{operator.issuer}/dev/payments/{intent}",
    )
    identity = Identity(
        operator,
        database=database,
        executor=executor,
        secret=settings.secret,
        clock=clock,
        clients=settings.clients[operator.slug],
        key_rules=settings.key_rules,
        providers=settings.providers[operator.slug],
        code_rules=settings.code_rules[operator.slug],
    )
    try:
        yield Parts(
            operator=operator,
            database=database,
            is_pooled=pooled,
            unit=unit,
            executor=executor,
            identity=identity,
            payments=payments,
            top_ups=TopUpProcess(executor, payments, wait_seconds=settings.payment_wait_seconds),
            outbox=Outbox(settings.file_of(operator, "outbox.sqlite"), clock),
            words=Words(operator),
            clock=clock,
        )
    finally:
        await payments.aclose()
        await identity.aclose()
        await database.close()


def derived(secret: bytes, operator: Operator, purpose: str) -> bytes:
    """A key of its own for each operator and purpose, so that none opens another's door."""
    return hmac.digest(secret, f"{operator.slug}/{purpose}".encode(), hashlib.sha256)


def _own_address(settings: Settings, operator: Operator) -> str:
    return f"http://localhost:{settings.port_of(operator)}"


async def _is_pooled(url: str) -> bool:
    """Whether PgBouncer stands between. When nobody answers it is assumed, since that does no harm."""
    try:
        connection = await asyncpg.connect(url, statement_cache_size=0, timeout=5)
    except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError):
        return True
    try:
        return await is_pooled(connection)
    finally:
        await connection.close()


def _killed_at(settings: Settings) -> Callable[[str], None]:
    """For `make faults`: the process dies at the step that KONTANT_TEST_KILL_AT names, as if by `kill -9`."""
    step = os.environ.get("KONTANT_TEST_KILL_AT") if settings.is_development else None
    if step is None:
        return lambda _: None

    def reached(here: str) -> None:
        if here == step:
            os.kill(os.getpid(), signal.SIGKILL)

    return reached
