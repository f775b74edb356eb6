"""Statements that are compiled once: what they bind, and what they refuse to be."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import NamedTuple
from uuid import UUID

import pytest
from sqlalchemy import insert, null
from sqlmodel import col, select

from domain.ledger.ledger import Purpose
from persistence.database import Database
from persistence.statement import Query, Statement, beside, one_of, parameter
from persistence.tables.cards import CardTable
from persistence.tables.customers import CustomerTable
from persistence.tables.kernel import IdempotencyTable
from persistence.tables.ledger import AccountTable

KEYS = ("subject", "actor", "operation", "key", "fingerprint", "resource_id", "at")


class KeyRow(NamedTuple):
    key: str
    resource_id: UUID


ADD_KEY = Statement(
    insert(IdempotencyTable).values({name: parameter(name, getattr(IdempotencyTable, name)) for name in KEYS})
)
OF_RESOURCES = Query(
    KeyRow,
    select(col(IdempotencyTable.key), col(IdempotencyTable.resource_id))
    .where(col(IdempotencyTable.resource_id) == one_of("ids", col(IdempotencyTable.resource_id)))
    .order_by(col(IdempotencyTable.key)),
)


async def add_key(database: Database, key: str, resource_id: UUID) -> None:
    await ADD_KEY.execute(
        database,
        at=datetime(2026, 3, 2, tzinfo=UTC),
        resource_id=resource_id,
        fingerprint=b"\x00",
        key=key,
        operation="o",
        actor="a",
        subject="s",
    )


async def test_values_are_given_by_name_and_bound_in_the_drivers_order(database: Database) -> None:
    await add_key(database, "k", UUID(int=1))
    row = await database.fetchrow(f"select {', '.join(KEYS)} from idempotency")
    assert tuple(row) == ("s", "a", "o", "k", b"\x00", UUID(int=1), datetime(2026, 3, 2, tzinfo=UTC))


async def test_one_of_takes_any_number_with_one_text(database: Database) -> None:
    for number in range(3):
        await add_key(database, f"k{number}", UUID(int=number))
    assert await OF_RESOURCES.all(database, ids=[]) == []
    assert await OF_RESOURCES.all(database, ids=[UUID(int=2), UUID(int=0), UUID(int=7)]) == [
        KeyRow("k0", UUID(int=0)),
        KeyRow("k2", UUID(int=2)),
    ]
    assert await OF_RESOURCES.first(database, ids=[UUID(int=1)]) == KeyRow("k1", UUID(int=1))
    assert await OF_RESOURCES.first(database, ids=[]) is None


def test_a_value_that_is_missing_is_an_error_and_never_null() -> None:
    with pytest.raises(KeyError, match="fingerprint"):
        ADD_KEY.arguments({name: "" for name in KEYS if name != "fingerprint"})


def test_a_value_that_is_part_of_the_statement_stays_what_it_is() -> None:
    purposes = Statement(
        select(col(AccountTable.id)).where(
            col(AccountTable.purpose) == Purpose.DATA,
            col(AccountTable.owner_id) == parameter("who", col(AccountTable.owner_id)),
        )
    )
    assert purposes.arguments({"who": UUID(int=1)}) == ["DATA", UUID(int=1)]


def test_a_text_that_depends_on_a_value_is_refused() -> None:
    with pytest.raises(TypeError, match="one_of"):
        Statement(select(col(CardTable.id)).where(col(CardTable.id).in_([UUID(int=1)])))


def test_a_literal_none_is_refused_since_it_would_be_lost() -> None:
    values = {"id": parameter("id", col(CustomerTable.id)), "birth_date": None}
    with pytest.raises(TypeError, match=r"null\(\)"):
        Statement(insert(CustomerTable).values(values))
    Statement(insert(CustomerTable).values(values | {"birth_date": null()}))


def test_a_row_must_be_named_as_it_is_selected() -> None:
    with pytest.raises(TypeError, match="KeyRow"):
        Query(KeyRow, select(col(IdempotencyTable.resource_id), col(IdempotencyTable.key)))


def test_a_batch_is_answered_in_the_order_of_its_keys() -> None:
    assert beside([3, 1, 2, 1], [10, 21, 11], lambda item: item // 10) == [[], [10, 11], [21], [10, 11]]
