"""Databases and roles: made where they are missing, by however many at once, and the application's role is small."""

from __future__ import annotations

import asyncio
import secrets
import shutil
from collections.abc import Iterator
from pathlib import Path

import asyncpg
import pytest

from persistence.embedded import EmbeddedPostgres
from persistence.places import data_folder
from persistence.servers import DatabaseServer, DatabaseServerError, is_pooled

CHECKOUT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def server() -> Iterator[DatabaseServer]:
    """A server with nothing in it."""
    root = data_folder(CHECKOUT) / f"test-servers-{secrets.token_hex(4)}"
    with EmbeddedPostgres(root, durable=False) as postgres:
        yield DatabaseServer.embedded(postgres)
    shutil.rmtree(root)


async def test_many_that_provision_at_once_make_one_database_each(server: DatabaseServer) -> None:
    names = ["kontant_a", "kontant_b"] * 4
    await asyncio.gather(*(server.provision(name) for name in names))
    owner = await asyncpg.connect(server.owner_url("kontant_a"))
    try:
        rows = await owner.fetch("select datname, pg_get_userbyid(datdba) from pg_database where datname ~ 'kontant_'")
        assert sorted(tuple(row) for row in rows) == [("kontant_a", "kontant_owner"), ("kontant_b", "kontant_owner")]
        assert not await owner.fetchval("select rolsuper from pg_roles where rolname = 'kontant_owner'")
    finally:
        await owner.close()


async def test_the_application_can_make_no_table_and_waits_for_nothing_long(server: DatabaseServer) -> None:
    await server.provision("kontant_a")
    application = await asyncpg.connect(server.application_url("kontant_a"))
    try:
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await application.execute("create table mine (id int)")
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await application.execute("create temporary table mine (id int)")
        waits = [await application.fetchval(f"show {name}_timeout") for name in ("lock", "statement")]
        assert waits == ["2s", "30s"]
        assert await application.fetchval("show idle_in_transaction_session_timeout") == "30s"
        assert not await is_pooled(application)
    finally:
        await application.close()


async def test_a_url_serves_as_well_as_the_embedded_server(server: DatabaseServer) -> None:
    administrator = server.administrator
    url = f"postgresql://{administrator.role}:{administrator.password}@127.0.0.1:{server.port}"
    external = DatabaseServer.at(url, application_password=server.application.password)
    await external.provision("kontant_external")
    application = await asyncpg.connect(external.application_url("kontant_external"))
    try:
        assert await application.fetchval("select current_user::text") == "kontant_app"
    finally:
        await application.close()


@pytest.mark.parametrize(
    "url",
    ["", "db.example", "mysql://u:p@db", "postgresql://db", "postgresql://u:hushhush@db:99999", "postgresql://u@"],
)
def test_a_url_that_names_no_server_is_refused_and_not_repeated(url: str) -> None:
    with pytest.raises(DatabaseServerError) as refused:
        DatabaseServer.at(url)
    assert "hushhush" not in str(refused.value)


def test_a_url_keeps_what_else_it_says() -> None:
    server = DatabaseServer.at("postgresql://me:p%40ss@[::1]:6432/postgres?sslmode=require")
    assert server.owner_url("kontant_a") == "postgresql://me:p%40ss@[::1]:6432/kontant_a?sslmode=require"
    assert server.application_url("kontant_a") == "postgresql://kontant_app:p%40ss@[::1]:6432/kontant_a?sslmode=require"


def test_the_application_cannot_be_the_owner() -> None:
    with pytest.raises(DatabaseServerError, match="must not own"):
        DatabaseServer.at("postgresql://kontant_app:secret@db")


def test_passwords_are_not_shown_when_a_server_is_printed() -> None:
    assert "hushhush" not in repr(DatabaseServer.at("postgresql://me:hushhush@db"))
