"""Whatever the database's owner does to the log is found, and the first bad row is named (INVARIANTS A5)."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, TypeAlias
from uuid import UUID

import asyncpg
import pytest

from domain.audit.chain import BEFORE_ALL, AuditRow, seal
from domain.audit.verification import BadRow, Fault, verify
from persistence.audit import ADD, COLUMNS
from persistence.database import open_database
from persistence.queries.audit import PostgresAuditTrail
from tests.support.auditing import Auditing
from tests.support.databases import TestServer
from tests.support.operators import NORRSKEN
from tests.support.time import TestClock, TestIds
from tests.support.world import World, a_sandbox

Owner: TypeAlias = "asyncpg.Connection[Any]"


class Log:
    """Nine rows, sealed; heads over the first three, the next three, and the last three. And who may do anything."""

    def __init__(self, auditing: Auditing, owner: Owner) -> None:
        self.auditing, self.owner = auditing, owner
        self.ids: list[UUID] = []

    async def begin(self) -> Log:
        for _ in range(3):
            self.ids += await self.auditing.publish(3)
        return self

    def id(self, sequence: int) -> UUID:
        return self.ids[sequence - 1]

    async def tamper(self, statement: str, *args: Any) -> None:
        """Does it as the owner, and it must do something."""
        assert not (await self.owner.execute(statement, *args)).endswith(" 0")

    async def delete(self, sequence: int, *tables: str) -> None:
        for table in tables:
            column = "audit_id" if table == "audit_seal" else "id"
            await self.tamper(f"delete from {table} where {column} = $1", self.id(sequence))

    async def swap_rows(self, one: int, other: int) -> None:
        await self.tamper(
            """update audit a set xid = b.xid from audit b where a.id = any($1) and b.id = any($1) and a.id <> b.id""",
            [self.id(one), self.id(other)],
        )

    async def recompute(self) -> None:
        """A chain as it would be had the log always been as it is now."""
        await self.owner.execute("delete from audit_seal")
        seals = [BEFORE_ALL]
        for record in await self.owner.fetch(f"select {COLUMNS} from audit order by xid, id"):
            seals.append(seal(AuditRow(*record), after=seals[-1]))
        await self.owner.execute(ADD, *map(list, zip(*seals[1:], strict=True)))

    async def bad(self) -> BadRow | None:
        """The first bad row, as the log stands in the owner's transaction."""
        looking = self.owner.transaction()
        await looking.start()
        try:
            return (await verify(PostgresAuditTrail(self.owner), self.auditing.heads, self.auditing.signer)).bad
        finally:
            await looking.rollback()


def a_bad_row(fault: Fault, sequence: int, audit_id: UUID | None) -> BadRow:
    return BadRow(fault=fault, sequence=sequence, audit_id=audit_id)


@asynccontextmanager
async def a_log(server: TestServer, folder: Path) -> AsyncGenerator[Log]:
    name, clock = await server.new_database(), TestClock()
    database = await open_database(server.server.application_url(name), connections=3)
    owner = await asyncpg.connect(server.server.owner_url(name))
    world = World(database, NORRSKEN, clock, TestIds(clock), a_sandbox(folder / "sandbox.sqlite", clock))
    yield await Log(Auditing(world, folder), owner).begin()
    await owner.close()
    await database.close()
    await server.drop(name)


@pytest.fixture(scope="module")
async def shared(server: TestServer, tmp_path_factory: pytest.TempPathFactory) -> AsyncGenerator[Log]:
    async with a_log(server, tmp_path_factory.mktemp("audit")) as log:
        assert await log.bad() is None
        yield log


@pytest.fixture
async def log(shared: Log) -> AsyncGenerator[Log]:
    """What is done to it is undone afterwards."""
    transaction = shared.owner.transaction()
    await transaction.start()
    yield shared
    await transaction.rollback()


@pytest.fixture
async def own_log(server: TestServer, tmp_path: Path) -> AsyncGenerator[Log]:
    """For who goes on writing and sealing."""
    async with a_log(server, tmp_path) as log:
        yield log


async def test_a_log_that_nobody_touched_is_good(own_log: Log) -> None:
    await own_log.auditing.write(2)
    await own_log.auditing.seal()
    await own_log.auditing.write(1)
    report = await own_log.auditing.report()
    assert report.bad is None
    assert (report.sealed, report.published, report.heads, report.unsealed) == (11, 9, 3, 1)


@pytest.mark.parametrize(
    "change",
    [
        "at = at + interval '1 microsecond'",
        "actor = 'customer:somebody'",
        "subject_id = gen_random_uuid()",
        "operation = 'another'",
        "details = details || '{\"amount_minor\": 101}'",
    ],
)
async def test_an_edited_row_is_found(log: Log, change: str) -> None:
    for sequence in (8, 5):  # the first is named
        await log.tamper(f"update audit set {change} where id = $1", log.id(sequence))
    assert await log.bad() == a_bad_row(Fault.EDITED, 5, log.id(5))


async def test_an_edited_seal_is_found(log: Log) -> None:
    await log.tamper("update audit_seal set hash = sha256(hash) where sequence = 5")
    assert await log.bad() == a_bad_row(Fault.EDITED, 5, log.id(5))


async def test_a_deleted_row_is_found(log: Log) -> None:
    await log.delete(9, "audit")
    assert await log.bad() == a_bad_row(Fault.DELETED, 9, log.id(9))
    await log.delete(5, "audit")
    assert await log.bad() == a_bad_row(Fault.DELETED, 5, log.id(5))


async def test_a_deleted_seal_is_found(log: Log) -> None:
    await log.delete(5, "audit_seal")
    assert await log.bad() == a_bad_row(Fault.DELETED, 5, log.id(5))


async def test_a_row_deleted_with_its_seal_is_found(log: Log) -> None:
    await log.delete(5, "audit", "audit_seal")
    assert await log.bad() == a_bad_row(Fault.DELETED, 5, None)


async def test_a_row_deleted_with_its_seal_and_the_rest_moved_up_is_found(log: Log) -> None:
    await log.delete(5, "audit", "audit_seal")
    for sequence in range(6, 10):
        await log.tamper("update audit_seal set sequence = $1 - 1 where sequence = $1::bigint", sequence)
    assert await log.bad() == a_bad_row(Fault.EDITED, 5, log.id(6))


async def test_an_inserted_row_is_found(log: Log) -> None:
    put_in = log.auditing.world.ids.new()
    await log.tamper(
        """insert into audit (id, xid, at, actor, operation, details)
           select $1, xid, at, actor, operation, details from audit where id = $2""",
        *(put_in, log.id(4)),
    )
    assert await log.bad() == a_bad_row(Fault.INSERTED, 5, put_in)


async def test_reordered_rows_are_found(log: Log) -> None:
    await log.swap_rows(5, 7)
    assert await log.bad() == a_bad_row(Fault.REORDERED, 5, log.id(5))


async def test_reordered_seals_are_found(log: Log) -> None:
    for old, new in ((5, 100), (7, 5), (100, 7)):
        await log.tamper("update audit_seal set sequence = $2 where sequence = $1", old, new)
    assert await log.bad() == a_bad_row(Fault.REORDERED, 5, log.id(7))


async def test_a_row_moved_with_its_seals_is_found(log: Log) -> None:
    await log.swap_rows(5, 7)
    await log.tamper("update audit_seal set sequence = -sequence where sequence in (5, 7)")
    await log.tamper("update audit_seal set sequence = 12 + sequence where sequence < 0")
    assert await log.bad() == a_bad_row(Fault.EDITED, 5, log.id(7))


@pytest.mark.parametrize("first", [9, 8, 7, 1])
async def test_a_cut_tail_is_found(log: Log, first: int) -> None:
    for sequence in range(first, 10):
        await log.delete(sequence, "audit", "audit_seal")
    assert await log.bad() == a_bad_row(Fault.TAIL_CUT, first, None)


async def test_a_tail_that_was_cut_and_grew_again_is_found(own_log: Log) -> None:
    for sequence in (8, 9):
        await own_log.delete(sequence, "audit", "audit_seal")
    instead = await own_log.auditing.write(2)
    await own_log.auditing.seal()
    assert await own_log.auditing.bad() == a_bad_row(Fault.RECOMPUTED, 8, instead[0])


async def test_seals_that_were_cut_off_are_found_until_they_are_made_anew(own_log: Log) -> None:
    """The rows are all there and as they were, and so become the seals: nothing is lost."""
    await own_log.tamper("delete from audit_seal where sequence > 7")
    assert await own_log.auditing.bad() == a_bad_row(Fault.TAIL_CUT, 8, own_log.id(8))
    await own_log.auditing.seal()
    assert await own_log.auditing.bad() is None


@pytest.mark.parametrize("sequence", [1, 5, 9])
async def test_a_chain_recomputed_after_an_edit_is_found_and_the_row_named(log: Log, sequence: int) -> None:
    await log.tamper("update audit set actor = 'another' where id = $1", log.id(sequence))
    await log.recompute()
    assert await log.bad() == a_bad_row(Fault.RECOMPUTED, sequence, log.id(sequence))


async def test_a_chain_recomputed_after_a_deletion_is_found_and_the_place_named(log: Log) -> None:
    await log.delete(5, "audit")
    await log.recompute()
    assert await log.bad() == a_bad_row(Fault.RECOMPUTED, 5, log.id(6))


async def test_a_chain_recomputed_after_reordering_is_found_and_the_place_named(log: Log) -> None:
    await log.swap_rows(5, 6)
    await log.recompute()
    assert await log.bad() == a_bad_row(Fault.RECOMPUTED, 5, log.id(6))


async def test_a_log_that_was_emptied_is_found(log: Log) -> None:
    await log.owner.execute("truncate audit, audit_seal")
    assert await log.bad() == a_bad_row(Fault.TAIL_CUT, 1, None)


async def test_a_chain_whose_heads_are_all_gone_is_not_called_good(log: Log) -> None:
    log.auditing.heads.path.rename(hidden := log.auditing.heads.path.with_suffix(".hidden"))
    assert await log.bad() == a_bad_row(Fault.UNPUBLISHED, 1, None)
    hidden.rename(log.auditing.heads.path)
