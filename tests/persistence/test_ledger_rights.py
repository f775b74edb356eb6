"""Who may do what with the ledger (INVARIANTS L4)."""

from __future__ import annotations

from typing import Any

import asyncpg
import pytest

from persistence.database import Database
from tests.support.books import (
    CARD,
    NOT_ENOUGH,
    Books,
    footprint,
)
from tests.support.databases import TestServer

NOBODY_MAY = [
    "insert into account (owner_id, purpose, unit) values (gen_random_uuid(), 'MONEY', 'SEK')",
    "update account set balance = balance + 1",
    "update bucket set remaining = initial",
    "update bucket set valid_until = null",
    "insert into bucket (account_id, transaction_id, origin, valid_from, initial, remaining)"
    " select account_id, transaction_id, origin, valid_from, initial, remaining from bucket",
    "update ledger_entry set amount = 1",
    "insert into ledger_entry (transaction_id, account_id, amount) select transaction_id, account_id, 1 from bucket",
    "update ledger_transaction set at = now()",
    "insert into ledger_transaction (id, kind, cause_id, at)"
    " values (gen_random_uuid(), 'USAGE', gen_random_uuid(), now())",
    "update draw set amount = 1",
    "update reservation set status = 'VOIDED'",
    "update reservation_hold set amount = 1",
    *[
        f"{verb} {table}"
        for table in (
            *("account", "bucket", "draw", "ledger_entry", "ledger_transaction", "reservation", "reservation_hold"),
            *("audit", "event"),
        )
        for verb in ("delete from", "truncate")
    ],
    "update audit set actor = ''",
    "update event set actor = ''",
    "update alembic_version set version_num = ''",
    "select ledger_lock(array[gen_random_uuid()], array['MONEY'], array['SEK'])",
    "select ledger_allocate(1, 1, now(), null, null)",
    "select ledger_draw(gen_random_uuid(), 1, 1, now(), null, null)",
    "select ledger_enter(gen_random_uuid(), '{null}', '{SALES}', '{SEK}', '{1}')",
    "alter table ledger_entry disable trigger all",
    "drop table ledger_entry",
    "create table mine ()",
    "create or replace function ledger_draw(uuid, bigint, bigint, timestamptz, text, bigint) returns void"
    " language sql as 'select'",
    "set session_replication_role = replica",
]


async def test_the_application_changes_the_ledger_by_its_functions_only(
    books: Books, server: TestServer, database_name: str, database: Database
) -> None:
    await books.give(CARD, 1_000)
    await books.reserve(CARD, 10)
    await books.take(CARD, 10)
    before = await footprint(database)
    application = await asyncpg.connect(server.server.application_url(database_name))
    try:
        statements = [*NOBODY_MAY, f"set role {server.server.owner.role}"]
        allowed = [statement for statement in statements if await _is_allowed(application, statement)]
    finally:
        await application.close()
    assert allowed == []
    assert await footprint(database) == before


async def _is_allowed(connection: asyncpg.Connection[Any], statement: str) -> bool:
    try:
        await connection.execute(statement)
    except asyncpg.InsufficientPrivilegeError:
        return False
    return True


async def test_nobody_slips_the_ledgers_functions_a_table_of_their_own(
    server: TestServer, database_name: str, books: Books, database: Database
) -> None:
    """They run with the owner's rights, so they look in one place only."""
    await books.give(CARD, 1_000)
    thief = await asyncpg.connect(server.server.application_url(database_name))
    try:
        await thief.execute("create temp table bucket as select * from public.bucket")
        await thief.execute("update bucket set initial = 9000, remaining = 9000")
        with pytest.raises(asyncpg.PostgresError) as refusal:
            await thief.execute(
                """select ledger_post(gen_random_uuid(), 'USAGE', gen_random_uuid(), now(), $1, array['MONEY','SALES'],
                   array['SEK','SEK'], array[-2000,2000], array[null,null], array[null,null]::timestamptz[],
                   array[null,null]::bigint[])""".replace("$1", f"array['{CARD}',null]::uuid[]")
            )
    finally:
        await thief.close()
    assert refusal.value.sqlstate == NOT_ENOUGH
