"""Consents, as they are shown. Whoever asks has been given access to the customers before."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final, NamedTuple
from uuid import UUID

from sqlalchemy import ARRAY, Integer, Text, Uuid, bindparam, column, func, lateral, select, true

from persistence.statement import Query, col, parameter
from persistence.tables.consents import ConsentTable as T


class ConsentRow(NamedTuple):
    customer_id: UUID
    purpose: str
    number: int
    is_given: bool
    text_version: int
    at: datetime
    said_by: UUID
    client_id: str | None


_columns: Final[tuple[Any, ...]] = tuple(col(getattr(T, name)) for name in ConsentRow._fields)

_asked: Any = (
    func.unnest(bindparam("customers", type_=ARRAY(Uuid)), bindparam("purposes", type_=ARRAY(Text)))
    .table_valued(column("customer_id", Uuid), column("purpose", Text), name="asked")
    .render_derived()
)
_page = lateral(
    select(*_columns)
    .where(
        col(T.customer_id) == _asked.c.customer_id,
        col(T.purpose) == _asked.c.purpose,
        col(T.number) < parameter("before", Integer()),
    )
    .order_by(col(T.number).desc())
    .limit(parameter("most", Integer()))
).alias("page")

CONSENT_HISTORIES: Final = Query(
    ConsentRow,
    select(*[_page.c[name] for name in ConsentRow._fields])
    .select_from(_asked)
    .join(_page, true())
    .order_by(_page.c.number.desc()),
)
"""A page of what each customer (of `customers`) said about a purpose (in `purposes`, beside), newest first."""
