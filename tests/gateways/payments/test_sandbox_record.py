"""The sandbox's record outlives its process, is shared by several, and holds up nobody's event loop."""

from __future__ import annotations

import asyncio
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Generator
from contextlib import closing, contextmanager
from pathlib import Path
from uuid import UUID, uuid4

import pytest

from domain.payments.ports import PaymentStatus, PaymentUnanswered
from gateways.payments.record import InvalidCharge
from gateways.payments.scripts import TestToken
from tests.gateways.payments.contract import HUNDRED, charge_of
from tests.gateways.payments.support import RealClock, sandbox, witness

# Charges the intents that it is told, and says of each when it has been answered.
CHARGE = """
import asyncio, os, signal, sys
from pathlib import Path
from uuid import UUID
from gateways.payments.record import SandboxRecord
from tests.gateways.payments.contract import charge_of
from tests.gateways.payments.support import sandbox

async def main(path: Path, token: str, intents: list[UUID], times: int) -> None:
    async with sandbox(path) as gateway:
        for intent in intents:
            await asyncio.gather(*(gateway.charge(charge_of(token, intent)) for _ in range(times)))
            print(intent, flush=True)

def start() -> None:
    path, token, times, *intents = sys.argv[1:]
    asyncio.run(main(Path(path), token, [UUID(i) for i in intents], int(times)))
"""

DIE_ONCE_COMMITTED = """
book = SandboxRecord.book
def book_and_die(*args, **kwargs):
    book(*args, **kwargs)
    os.kill(os.getpid(), signal.SIGKILL)
SandboxRecord.book = book_and_die
"""

ROOT = Path(__file__).parents[3]


def start(path: Path, *intents: UUID, token: str, times: int = 1, before: str = "") -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", CHARGE + before + "start()", path, token, str(times), *map(str, intents)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
    )


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "sandbox.sqlite3"


@contextmanager
def someone_writing(path: Path) -> Generator[None]:
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        yield
        other.execute("ROLLBACK")


def test_five_processes_that_begin_at_once_on_a_new_file_charge_once(path: Path) -> None:
    intent_id = uuid4()
    processes = [start(path, intent_id, token=TestToken.SUCCEEDS, times=10) for _ in range(5)]
    for process in processes:
        process.communicate(timeout=40)
    assert [process.returncode for process in processes] == [0] * 5
    with witness(path) as record:
        assert [p.intent_id for p in record.captures()] == [intent_id]
        assert record.charge_calls(intent_id) == record.charge_calls() == 50


@pytest.mark.parametrize(
    ("token", "status"),
    [
        (TestToken.SUCCEEDS, PaymentStatus.CAPTURED),
        (TestToken.TIMES_OUT_THEN_SUCCEEDS, PaymentStatus.PENDING),
        (TestToken.NEEDS_ACTION, PaymentStatus.REQUIRES_ACTION),
        (TestToken.DECLINES, PaymentStatus.DECLINED),
    ],
)
async def test_a_payment_survives_a_kill_between_its_commit_and_its_answer(
    path: Path, token: str, status: PaymentStatus
) -> None:
    intent_id = uuid4()
    process = start(path, intent_id, token=token, before=DIE_ONCE_COMMITTED)
    answered, _ = await asyncio.to_thread(process.communicate, timeout=20)
    assert process.returncode == -signal.SIGKILL
    assert answered == ""
    with witness(path) as record:
        payment = record.payment(intent_id)
        assert payment is not None
        assert (payment.status, payment.amount, payment.token) == (status, HUNDRED, token)
        async with sandbox(path) as gateway:
            assert (await gateway.charge(charge_of(token, intent_id))).status is status
        assert len(record.captures()) == (status is PaymentStatus.CAPTURED)
        assert record.charge_calls(intent_id) == 2


def test_what_was_answered_before_a_kill_is_on_record(path: Path) -> None:
    intents = [uuid4() for _ in range(2_000)]
    process = start(path, *intents, token=TestToken.SUCCEEDS)
    assert process.stdout is not None
    answered = [process.stdout.readline() for _ in range(20)]
    process.kill()
    answered += process.communicate(timeout=20)[0].splitlines(keepends=True)
    assert 20 <= len(answered) < len(intents)
    with witness(path) as record:
        captured = [p.intent_id for p in record.captures()]
    assert {UUID(line.strip()) for line in answered if line.endswith("\n")} <= set(captured)
    assert len(set(captured)) == len(captured)


async def test_a_busy_record_delays_a_charge_and_not_the_event_loop(path: Path) -> None:
    async with sandbox(path) as gateway:
        await gateway.charge(charge_of(TestToken.SUCCEEDS))
        with someone_writing(path):
            charging = asyncio.create_task(gateway.charge(charge_of(TestToken.SUCCEEDS)))
            longest_gap, last = 0.0, time.monotonic()
            for _ in range(40):
                await asyncio.sleep(0.01)
                longest_gap, last = max(longest_gap, time.monotonic() - last), time.monotonic()
            assert not charging.done()
        assert (await charging).status is PaymentStatus.CAPTURED
    assert longest_gap < 0.25


async def test_a_record_that_another_is_just_making_is_waited_for(path: Path) -> None:
    async with sandbox(path) as gateway:
        with someone_writing(path):
            charging = asyncio.create_task(gateway.charge(charge_of(TestToken.SUCCEEDS)))
            done, _ = await asyncio.wait([charging], timeout=0.3)
            assert not done
        assert (await charging).status is PaymentStatus.CAPTURED


async def test_a_record_that_stays_busy_is_a_provider_that_does_not_answer(path: Path) -> None:
    charge = charge_of(TestToken.SUCCEEDS)
    async with sandbox(path, busy_seconds=0.1) as gateway:
        await gateway.charge(charge_of(TestToken.SUCCEEDS))
        with someone_writing(path):
            with pytest.raises(PaymentUnanswered):
                await gateway.charge(charge)
            assert (await gateway.look_up(charge.intent_id)).status is PaymentStatus.NOT_FOUND
        assert (await gateway.charge(charge)).status is PaymentStatus.CAPTURED


@pytest.fixture
def spoilt(path: Path) -> Path:
    path.write_bytes(b"this is no database " * 100)
    return path


async def test_a_spoilt_record_is_a_provider_that_does_not_answer(spoilt: Path) -> None:
    async with sandbox(spoilt) as gateway:
        with pytest.raises(PaymentUnanswered) as raised:
            await gateway.charge(charge_of(TestToken.SUCCEEDS))
    assert str(raised.value) == "The sandbox's record does not answer."


async def test_a_record_that_cannot_be_made_is_a_provider_that_does_not_answer(spoilt: Path) -> None:
    async with sandbox(spoilt / "in a file" / "sandbox.sqlite3") as gateway:
        with pytest.raises(PaymentUnanswered):
            await gateway.charge(charge_of(TestToken.SUCCEEDS))


async def test_a_charge_at_odds_with_an_earlier_one_is_counted_as_a_call(path: Path) -> None:
    charge = charge_of(TestToken.SUCCEEDS)
    async with sandbox(path) as gateway:
        await gateway.charge(charge)
        with pytest.raises(InvalidCharge) as raised:
            await gateway.charge(charge_of(TestToken.DECLINES, charge.intent_id))
    assert TestToken.DECLINES not in str(raised.value)
    with witness(path) as record:
        assert record.charge_calls(charge.intent_id) == 2
        assert record.charge_calls(uuid4()) == 0


async def test_the_record_says_what_was_paid_by_what_and_when(path: Path) -> None:
    charge, before = charge_of(TestToken.SUCCEEDS), RealClock().now()
    async with sandbox(path) as gateway:
        result = await gateway.charge(charge)
    with witness(path) as record:
        payment = record.payment(charge.intent_id)
        assert payment is not None
        assert record.captures() == [payment]
        assert record.payment(uuid4()) is None
    assert (payment.intent_id, payment.token, payment.amount) == (charge.intent_id, charge.method_token, charge.amount)
    assert (payment.reference, payment.status) == (result.reference, PaymentStatus.CAPTURED)
    assert payment.settled_at == payment.received_at
    assert before <= payment.received_at <= RealClock().now()


def test_every_commit_is_on_the_disk_before_it_counts(path: Path) -> None:
    with witness(path) as record:
        connection = record._connection  # pyright: ignore[reportPrivateUsage] - nothing outside can tell
        assert connection.execute("PRAGMA journal_mode").fetchone()[0] == "wal"
        assert connection.execute("PRAGMA synchronous").fetchone()[0] == 2
