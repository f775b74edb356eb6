"""What is deleted when its time has passed, and what is not."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import asyncpg
import pytest

from persistence.database import Database
from persistence.maintenance import CHUNK, delete_what_has_passed
from tests.support.time import START

ROWS = {
    "idempotency": """
        insert into idempotency (subject, actor, operation, key, fingerprint, resource_id, at)
        values ('', '', '', gen_random_uuid()::text, '', gen_random_uuid(), $1)""",
    "sign_in_challenge": """
        insert into sign_in_challenge
            (id, purpose, channel, contact_digest, lane, attempts_left, created_at, expires_at)
        values (gen_random_uuid(), 'SIGN_IN', 'SMS', '', '', 5, $1, $1)""",
    "known_device": "insert into known_device (digest, seen_at) values (uuid_send(gen_random_uuid()), $1)",
    "code_allowance": "insert into code_allowance (key, empty_until) values (uuid_send(gen_random_uuid()), $1)",
    "refresh_token": """
        with someone as (
            insert into customer (id, given_name, family_name, locale, created_at)
            values (gen_random_uuid(), '', '', 'en', $1) returning id
        ), device as (
            insert into session
                (id, customer_id, method, client_id, created_at, last_seen_at, generation, generation_at)
            select gen_random_uuid(), id, 'SMS_CODE', '', $1, $1, 1, $1 from someone returning id
        )
        insert into refresh_token (hash, session_id, generation, created_at, expires_at)
        select uuid_send(id), id, 1, $1, $1 from device""",
    "authorization_code": """
        with someone as (
            insert into customer (id, given_name, family_name, locale, created_at)
            values (gen_random_uuid(), '', '', 'en', $1) returning id
        )
        insert into authorization_code
            (hash, client_id, redirect_uri, code_challenge, scope, customer_id, method, created_at, expires_at)
        select uuid_send(id), '', '', '', '', id, 'SMS_CODE', $1, $1 from someone""",
    "pgqueuer_log": """
        insert into pgqueuer_log (job_id, status, entrypoint, priority, created)
        values (1, 'successful', 'polish', 0, $1)""",
}
KEPT_DAYS = {
    "idempotency": 30,
    "sign_in_challenge": 1,
    "known_device": 180,
    "code_allowance": 0,
    "refresh_token": 1,
    "authorization_code": 1,
    "pgqueuer_log": 7,
}


@pytest.mark.parametrize("table", ROWS)
async def test_what_is_older_than_it_is_kept_is_deleted(
    table: str, database: Database, owner: asyncpg.Connection[Any]
) -> None:
    long_ago = START - timedelta(days=KEPT_DAYS[table])
    await owner.execute(ROWS[table], long_ago - timedelta(seconds=1))
    await owner.execute(ROWS[table], long_ago)
    assert await delete_what_has_passed(database, START) == 1
    assert await database.fetchval(f"select count(*) from {table}") == 1
    assert await delete_what_has_passed(database, START) == 0


async def test_more_than_a_chunk_is_deleted_too(database: Database, owner: asyncpg.Connection[Any]) -> None:
    await owner.execute(
        """insert into idempotency (subject, actor, operation, key, fingerprint, resource_id, at)
           select '', '', '', n::text, '', gen_random_uuid(), $1 from generate_series(1, $2::int) n""",
        START - timedelta(days=31),
        2 * CHUNK + 1,
    )
    assert await delete_what_has_passed(database, START) == 2 * CHUNK + 1
