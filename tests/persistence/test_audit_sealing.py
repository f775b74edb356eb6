"""The audit log is sealed in commit order, once, and in nobody's way (INVARIANTS A5)."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import asyncpg
import pytest

from domain.audit.chain import BEFORE_ALL, AuditRow, canonical, seal
from domain.kernel.access import system
from domain.kernel.errors import Unavailable
from persistence import audit
from persistence.audit import AuditChain, TransactionIdsBehind
from persistence.tables.kernel import AuditTable
from tests.support.auditing import Auditing
from tests.support.connections import cut
from tests.support.databases import TestServer
from tests.support.time import START
from tests.support.world import World

ROW = AuditRow(UUID(int=1), 7, START, "customer:1", UUID(int=2), "top_up_card", '{"amount_minor": 100}')
WRITE = """insert into audit (id, at, actor, operation, details) values ($1, now(), 'test', 'test', '{}')"""


@pytest.fixture
def auditing(world: World, tmp_path: Path) -> Auditing:
    return Auditing(world, tmp_path)


async def order(auditing: Auditing) -> list[UUID]:
    """What is sealed, in the order of the chain, whose sequence has no gap."""
    seals = await auditing.chain.seals_from(1, most=10_000)
    assert [each.sequence for each in seals] == list(range(1, len(seals) + 1))
    return [each.audit_id for each in seals]


def test_every_column_of_the_log_is_sealed() -> None:
    assert {column.key for column in AuditTable.__table__.columns} == set(AuditRow._fields)  # pyright: ignore[reportAttributeAccessIssue, reportUnknownMemberType, reportUnknownVariableType]  # SQLAlchemy sets it
    changed = [
        ROW._replace(id=UUID(int=9)),
        ROW._replace(xid=8),
        ROW._replace(at=START + timedelta(microseconds=1)),
        ROW._replace(actor="customer:10"),
        ROW._replace(subject_id=None),
        ROW._replace(operation="top_up_card2"),
        ROW._replace(details='{"amount_minor": 101}'),
    ]
    after = [BEFORE_ALL._replace(sequence=1), BEFORE_ALL._replace(hash=bytes(31) + b"\1")]
    seals = [*[seal(row, after=BEFORE_ALL) for row in (ROW, *changed)], *[seal(ROW, after=other) for other in after]]
    assert len({each.hash for each in seals}) == len(seals)


def test_what_is_hashed_can_be_written_down_by_hand() -> None:
    assert canonical(ROW, after=BEFORE_ALL._replace(sequence=2)) == (
        '["1","' + 64 * "0" + '","3","00000000-0000-0000-0000-000000000001","7","2026-03-02T09:00:00.000000+00:00",'
        '"customer:1","00000000-0000-0000-0000-000000000002","top_up_card","{\\"amount_minor\\": 100}"]'
    )


async def test_a_transaction_that_is_open_for_long_neither_loses_nor_reorders_rows(
    auditing: Auditing, owner: asyncpg.Connection[Any]
) -> None:
    first = await auditing.write(2)
    early = auditing.world.ids.new()
    async with owner.transaction():
        await owner.execute(WRITE, early)
        late = await auditing.write(3)
        assert await auditing.seal() == 2
        assert await order(auditing) == first
    assert await auditing.seal() == 4
    assert await order(auditing) == [*first, early, *late]
    await auditing.publisher.publish()
    assert await auditing.bad() is None


async def test_sealers_that_are_at_it_at_once_never_fork_the_chain(
    auditing: Auditing, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(audit, "NEXT", audit.NEXT.replace("limit 500", "limit 3"))
    written: list[UUID] = []

    async def write() -> None:
        for _ in range(8):
            written.extend(await auditing.write(2))

    async def keep_sealing() -> int:
        chain, sealed = AuditChain(auditing.world.database), 0
        while len(written) < 32 or (await chain.unsealed()).rows:
            sealed += await chain.seal_next()
        return sealed

    sealing = asyncio.gather(*[keep_sealing() for _ in range(3)])
    await asyncio.gather(write(), write())
    assert sum(await sealing) == 32
    assert sorted(await order(auditing)) == sorted(written)
    await auditing.publisher.publish()
    assert await auditing.bad() is None


async def test_even_without_its_lock_a_second_sealer_cannot_fork_the_chain(
    auditing: Auditing, monkeypatch: pytest.MonkeyPatch
) -> None:
    await auditing.write(20)
    monkeypatch.setattr(audit, "LOCK", "select $1::bigint is not null")
    outcomes = await asyncio.gather(*[auditing.chain.seal_next() for _ in range(4)], return_exceptions=True)
    assert outcomes.count(20) == 1
    assert len(await order(auditing)) == 20


async def test_a_sealer_that_is_killed_between_or_within_batches_is_followed_by_another(
    auditing: Auditing, monkeypatch: pytest.MonkeyPatch, server: TestServer, database_name: str
) -> None:
    ids = await auditing.write(10)
    monkeypatch.setattr(audit, "NEXT", audit.NEXT.replace("limit 500", "limit 4"))
    assert await auditing.chain.seal_next() == 4
    add = audit.ADD
    with monkeypatch.context() as dying:
        dying.setattr(audit, "ADD", f"with added as ({add} returning 1) select pg_sleep(10) from added")
        sealing = asyncio.create_task(auditing.chain.seal_next())
        await asyncio.sleep(0.2)
        await cut(server, database_name)
        with pytest.raises(Unavailable):
            await sealing
    assert await AuditChain(auditing.world.database).seal_next() == 4
    assert await AuditChain(auditing.world.database).seal_next() == 2
    assert await order(auditing) == ids


async def test_who_writes_does_not_wait_for_the_sealer(auditing: Auditing, owner: asyncpg.Connection[Any]) -> None:
    await auditing.write(3)
    async with owner.transaction():
        await owner.fetchval(audit.LOCK, audit.SEALING_LOCK)
        await owner.execute("insert into audit_seal select 1, id, xid, '' from audit order by xid limit 1")
        async with asyncio.timeout(1):
            await auditing.write(3)


async def test_the_application_cannot_write_a_row_into_another_transactions_place(auditing: Auditing) -> None:
    async with auditing.world.unit(system("test"), auditing.world.ids.new()) as work:
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await work._driver.execute(WRITE.replace("(id,", "(xid, id,").replace("($1", "('5', $1"), work.id)  # pyright: ignore[reportPrivateUsage]


async def test_a_long_log_costs_no_more_to_seal_than_a_short_one(
    auditing: Auditing, owner: asyncpg.Connection[Any]
) -> None:
    await owner.execute(
        """insert into audit (id, at, actor, operation, details)
           select gen_random_uuid(), now(), 'test', 'test', '{}' from generate_series(1, 10000)"""
    )
    await auditing.seal()
    await owner.execute("analyze audit, audit_seal")
    last = (await auditing.chain.seals_from(10_000, most=1))[0]
    await auditing.write(1)
    for statement, *args in (
        (audit.IS_WAITING, BEFORE_ALL.audit_id),
        (audit.NEXT, last.xid, last.audit_id),
        (audit.LAG, BEFORE_ALL.audit_id),
    ):
        for mode in ("force_generic_plan", "force_custom_plan"):
            await owner.execute(f"set plan_cache_mode = {mode}")
            told = await owner.fetch(f"explain (analyze, buffers, format text) {statement}", *args)
            assert not [row[0] for row in told if "Seq Scan on audit" in row[0]]


async def test_a_server_whose_transaction_ids_began_anew_is_refused(
    auditing: Auditing, owner: asyncpg.Connection[Any]
) -> None:
    """As after restoring a dump: what is written now would stand before what is sealed."""
    await auditing.write(1)
    await owner.execute("insert into audit_seal values (1, gen_random_uuid(), '99999999', '')")
    with pytest.raises(TransactionIdsBehind):
        await auditing.chain.seal_next()
