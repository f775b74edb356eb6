"""The worker seals the audit log, tells when it cannot, and publishes heads, none of them twice."""

from __future__ import annotations

import asyncio
import json
import logging
import threading
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

import asyncpg
import pytest

import auth.heads
from auth.headers import headers_of
from auth.heads import SignedHeads
from auth.keys import KeyRing
from domain.audit.heads import MOST_SEALS, BrokenHeads, Head
from domain.audit.verification import BadRow, Fault, read_heads
from gateways.audit.heads_file import HeadsFileAppender
from persistence.audit import AuditChain
from tests.auth.support import SECRET
from tests.support.auditing import Auditing, publisher
from tests.support.operators import BALTIKA
from tests.support.world import World
from tests.worker.support import eventually, running
from worker.audit import Sealer


@pytest.fixture
def auditing(world: World, tmp_path: Path) -> Auditing:
    return Auditing(world, tmp_path)


@pytest.fixture
def sealer(auditing: Auditing) -> Sealer:
    return Sealer(auditing.chain, auditing.world.clock)


async def heads_of(auditing: Auditing) -> list[Head]:
    return [head async for head in read_heads(auditing.heads, auditing.signer)]


def lines_of(auditing: Auditing) -> list[str]:
    return auditing.heads.path.read_text().splitlines()


def rewrite(auditing: Auditing, change: Callable[[list[str]], list[str]]) -> None:
    auditing.heads.path.write_text("".join(f"{line}\n" for line in change(lines_of(auditing))))


async def is_all_sealed(auditing: Auditing) -> bool:
    return (await auditing.chain.unsealed()).rows == 0


# -- sealing


async def test_rows_are_sealed_within_a_second(auditing: Auditing, sealer: Sealer) -> None:
    async with running(sealer.run()):
        for _ in range(5):
            await auditing.write(3)
            await eventually(lambda: is_all_sealed(auditing), within_seconds=1)


async def test_more_than_one_batch_is_sealed_without_a_pause(auditing: Auditing, sealer: Sealer) -> None:
    await auditing.world.database.execute(
        """insert into audit (id, at, actor, operation, details)
           select gen_random_uuid(), $1, 'test', 'test', '{}' from generate_series(1, 3000)""",
        auditing.world.clock.now(),
    )
    async with running(sealer.run()):
        await eventually(lambda: is_all_sealed(auditing), within_seconds=2.5)


async def test_unsealed_for_more_than_ten_seconds_is_an_alarm_and_told_once(
    auditing: Auditing, sealer: Sealer, owner: asyncpg.Connection[Any], caplog: pytest.LogCaptureFixture
) -> None:
    def alarms() -> int:
        return sum(record.levelno == logging.ERROR for record in caplog.records)

    async with running(sealer.run()):
        for told in (1, 2):
            async with owner.transaction():  # holds the sealer back
                await owner.fetchval("select pg_current_xact_id()")
                await auditing.write(2)
                auditing.world.clock.advance(timedelta(seconds=10))
                await sealer.look()
                assert alarms() == told - 1
                auditing.world.clock.advance(timedelta(seconds=1))
                await sealer.look()
                await sealer.look()
                assert alarms() == told
                assert "2, since" in caplog.records[-1].message
            await eventually(lambda: is_all_sealed(auditing))
            await sealer.look()


async def test_a_sealer_goes_on_when_it_has_failed(
    auditing: Auditing, sealer: Sealer, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fail(self: AuditChain) -> int:
        raise OSError

    with monkeypatch.context() as failing:
        failing.setattr(AuditChain, "seal_next", fail)
        task = asyncio.create_task(sealer.run())
        await auditing.write(1)
        await asyncio.sleep(0.1)
    await eventually(lambda: is_all_sealed(auditing))
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


# -- publishing


async def test_a_head_is_published_once_and_only_when_the_chain_has_moved(auditing: Auditing) -> None:
    assert not await auditing.publisher.publish()
    assert lines_of(auditing) == []
    await auditing.publish(3)
    assert await auditing.publisher.publish()
    assert await publisher(auditing.world, auditing.heads.path).publish()
    await auditing.publish(2)
    [last] = await auditing.chain.seals_from(5, most=5)
    assert [(head.after, head.sequence) for head in await heads_of(auditing)] == [(0, 3), (3, 5)]
    assert (await heads_of(auditing))[-1].hash == last.hash


async def test_publishers_that_are_at_it_at_once_publish_no_head_twice(auditing: Auditing) -> None:
    async def publish() -> None:
        for _ in range(10):
            await publisher(auditing.world, auditing.heads.path).publish()

    for _ in range(3):
        await auditing.write(2)
        await asyncio.gather(auditing.seal(), publish(), publish())
    await publish()
    heads = await heads_of(auditing)
    assert [head.after for head in heads] == [0, *[head.sequence for head in heads[:-1]]]
    assert heads[-1].sequence == 6


async def test_heads_are_published_at_intervals_and_the_first_at_once(auditing: Auditing) -> None:
    async with running(publisher(auditing.world, auditing.heads.path, every_seconds=0.2).run()):
        for count in (1, 2, 3):
            await auditing.write(1)
            await auditing.seal()
            await eventually(lambda n=count: len(lines_of(auditing)) == n)


async def test_no_head_vouches_for_more_than_a_thousand_seals(auditing: Auditing) -> None:
    await auditing.world.database.execute(
        """insert into audit (id, at, actor, operation, details)
           select gen_random_uuid(), now(), 'test', 'test', '{}' from generate_series(1, 2001)"""
    )
    await auditing.seal()
    await auditing.publisher.publish()
    assert [head.sequence for head in await heads_of(auditing)] == [MOST_SEALS, 2 * MOST_SEALS, 2 * MOST_SEALS + 1]
    assert max(map(len, lines_of(auditing))) < 8_192
    assert await auditing.bad() is None


@pytest.mark.parametrize("torn_at", [0.5, 1])
async def test_a_head_that_a_crash_has_torn_is_published_again(auditing: Auditing, torn_at: float) -> None:
    """Or not torn: only the end of the line is missing, and the head was published."""
    await auditing.publish(3)
    await auditing.publish(2)
    first, second = lines_of(auditing)
    auditing.heads.path.write_text(f"{first}\n{second[: int(len(second) * torn_at)]}")
    await auditing.publisher.publish()
    await auditing.publish(1)
    assert [head.sequence for head in await heads_of(auditing)] == [3, 5, 6]
    assert await auditing.bad() is None


async def test_nothing_is_published_over_a_chain_that_disagrees(
    auditing: Auditing, owner: asyncpg.Connection[Any], caplog: pytest.LogCaptureFixture
) -> None:
    await auditing.publish(3)
    for change in ("update audit_seal set hash = sha256(hash) where sequence = 3", "delete from audit_seal"):
        await owner.execute(change)
        with pytest.raises(BrokenHeads):
            await auditing.publisher.publish()
    async with running(publisher(auditing.world, auditing.heads.path, every_seconds=0.05).run()):
        await eventually(lambda: "disagree" in caplog.text)
        await asyncio.sleep(0.2)
    assert len(caplog.records) == 1
    assert len(lines_of(auditing)) == 1


async def test_a_place_that_cannot_be_written_to_is_told_once(
    auditing: Auditing, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    await auditing.write(1)
    await auditing.seal()
    path = tmp_path / "mount" / "heads.jsonl"
    async with running(publisher(auditing.world, path, every_seconds=0.05).run()):
        await eventually(lambda: "could not be published: FileNotFoundError" in caplog.text)
        await asyncio.sleep(0.2)
        assert len(caplog.records) == 1
        path.parent.mkdir()
        await eventually(path.exists)


async def test_a_publisher_that_is_stopped_finishes_its_line(
    auditing: Auditing, monkeypatch: pytest.MonkeyPatch
) -> None:
    is_writing, append = threading.Event(), HeadsFileAppender.append

    def slowly(self: HeadsFileAppender, line: str) -> None:
        is_writing.set()
        time.sleep(0.2)
        append(self, line)

    await auditing.write(1)
    await auditing.seal()
    monkeypatch.setattr(HeadsFileAppender, "append", slowly)
    task = asyncio.create_task(auditing.publisher.run())
    await asyncio.to_thread(is_writing.wait, 5)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert len(await heads_of(auditing)) == 1


# -- heads that somebody has changed


def _with_another_payload(line: str) -> str:
    other = json.loads(line)
    return json.dumps(other | {"payload": other["payload"][:-4] + "AAAA"})


CHANGES: Final[dict[str, Callable[[list[str]], list[str]]]] = {
    "missing": lambda lines: [lines[0], lines[2]],
    "emptied": lambda lines: [lines[0], "{}", lines[2]],
    "garbled": lambda lines: [lines[0], "torn", lines[2]],
    "reordered": lambda lines: [lines[0], lines[2], lines[1]],
    "repeated": lambda lines: [lines[0], lines[0], *lines[1:]],
    "edited": lambda lines: [lines[0], _with_another_payload(lines[1]), lines[2]],
}


@pytest.mark.parametrize("change", CHANGES)
async def test_heads_that_were_changed_are_found(auditing: Auditing, change: str) -> None:
    _, second, _ = [(await auditing.publish(2))[0] for _ in range(3)]
    rewrite(auditing, CHANGES[change])
    assert await auditing.bad() == BadRow(fault=Fault.HEADS_BROKEN, sequence=3, audit_id=second)


async def test_heads_signed_by_somebody_else_or_for_something_else_are_refused(
    auditing: Auditing, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = auditing.world
    head = Head(1, bytes(32), world.clock.now(), bytes(4))
    assert await auditing.signer.read(await auditing.signer.sign(head)) == head
    keys = KeyRing(world.operator, world.database, SECRET, world.clock)
    another = SignedHeads(BALTIKA, keys)
    with monkeypatch.context() as otherwise:
        otherwise.setattr(auth.heads, "TYPE", "something-else")
        otherwise.setattr(auth.heads, "_HEADERS", headers_of("something-else"))
        something_else = await auditing.signer.sign(head)
    for line in (
        await another.sign(head),
        something_else,
        "[]",
        '"text"',
        '{"payload":"","protected":"","signature":""}',
    ):
        with pytest.raises(BrokenHeads):
            await auditing.signer.read(line)
