"""The operator's signing keys: made once, encrypted where they are kept."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import asyncpg
import pytest

from auth.keys import KeyRing, WrongSecret
from domain.kernel.errors import Unavailable
from domain.operators.operator import Operator
from persistence.database import Database
from tests.auth.support import SECRET, MortalDatabase
from tests.support.operators import BALTIKA
from tests.support.time import TestClock


@pytest.fixture
def ring(norrsken: Operator, database: Database, clock: TestClock) -> KeyRing:
    return KeyRing(norrsken, database, SECRET, clock)


async def test_processes_that_start_at_once_go_on_with_one_key(
    norrsken: Operator, database: Database, clock: TestClock
) -> None:
    rings = [KeyRing(norrsken, database, SECRET, clock) for _ in range(8)]
    await asyncio.gather(*[ring.load() for ring in rings])
    assert await database.fetchval("select count(*) from signing_key") == 1
    assert len({ring.signing_key.kid for ring in rings}) == 1


async def test_two_who_need_the_keys_at_once_read_them_once(ring: KeyRing, database: Database) -> None:
    await ring.load()
    before = database.statements
    again = KeyRing(BALTIKA, database, SECRET, TestClock())
    results = await asyncio.gather(ring.load(), ring.load(), again.load(), return_exceptions=True)
    assert [type(result) for result in results] == [type(None), type(None), WrongSecret]
    assert database.statements == before + 1


async def test_the_next_start_finds_the_same_key(
    ring: KeyRing, norrsken: Operator, database: Database, clock: TestClock
) -> None:
    await ring.load()
    later = KeyRing(norrsken, database, SECRET, clock)
    await later.load()
    assert later.signing_key.as_dict(private=True) == ring.signing_key.as_dict(private=True)


async def test_the_private_half_cannot_be_read_out_of_the_database(
    ring: KeyRing, owner: asyncpg.Connection[Any]
) -> None:
    await ring.load()
    row = await owner.fetchrow("select public_jwk::text, private_jwk from signing_key")
    secret_part: str = str(ring.signing_key.as_dict(private=True)["d"])
    assert row is not None
    assert "d" not in json.loads(row["public_jwk"])
    assert secret_part not in row["public_jwk"]
    assert secret_part.encode() not in row["private_jwk"]
    assert b'"d"' not in row["private_jwk"]


async def test_what_is_published_is_public(ring: KeyRing) -> None:
    await ring.load()
    (key,) = ring.public()["keys"]
    assert set(key) == {"kty", "crv", "x", "y", "use", "alg", "kid"}
    assert (key["kty"], key["crv"], key["alg"], key["use"]) == ("EC", "P-256", "ES256", "sig")


async def test_another_secret_is_told_so(
    ring: KeyRing, norrsken: Operator, database: Database, clock: TestClock
) -> None:
    await ring.load()
    with pytest.raises(WrongSecret, match="norrsken were encrypted with another secret"):
        await KeyRing(norrsken, database, b"another secret, as long as the first", clock).load()


async def test_one_keys_private_half_cannot_stand_in_for_anothers(
    ring: KeyRing, norrsken: Operator, database: Database, clock: TestClock, owner: asyncpg.Connection[Any]
) -> None:
    await ring.load()
    await owner.execute("update signing_key set id = 'another'")
    with pytest.raises(WrongSecret):
        await KeyRing(norrsken, database, SECRET, clock).load()


async def test_a_database_that_comes_back_is_asked_again(
    norrsken: Operator, database: Database, clock: TestClock
) -> None:
    mortal = MortalDatabase.over(database)
    ring = KeyRing(norrsken, mortal, SECRET, clock)
    mortal.is_down = True
    with pytest.raises(Unavailable):
        await ring.load()
    mortal.is_down = False
    await ring.load()
    assert ring.signing_key.kid
