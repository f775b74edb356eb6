"""Column types, each explicit where SQLModel's default would surprise."""

from __future__ import annotations

from enum import StrEnum
from typing import Any

from sqlalchemy import ARRAY, BigInteger, DateTime, Enum, Text, Uuid
from sqlalchemy.types import UserDefinedType

TIME: Any = DateTime(timezone=True)
BIG: Any = BigInteger
TEXT: Any = Text
TEXTS: Any = ARRAY(Text)
UUIDS: Any = ARRAY(Uuid)


def words(kind: type[StrEnum]) -> Any:
    """A closed set kept as text with a check. SQLModel's own choice is a native type that stores member *names*."""
    values = [member.value for member in kind]

    def values_of(_: object) -> list[str]:
        return values

    name = "".join("_" + c.lower() if c.isupper() else c for c in kind.__name__).lstrip("_")
    return Enum(kind, native_enum=False, create_constraint=True, name=name, length=None, values_callable=values_of)


class Xid8(UserDefinedType[int]):
    """PostgreSQL's 64-bit transaction id, read as an integer."""

    cache_ok = True

    def get_col_spec(self, **_: Any) -> str:
        return "xid8"
