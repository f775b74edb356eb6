"""SQLAlchemy Core statements, compiled once to the driver's text. They are built at import; none is built by a request.

`in_()` expands to its length and cannot be compiled once: write `column == one_of("ids", column)`.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Sequence
from typing import Any, Generic, Protocol, TypeVar, cast

from sqlalchemy import ARRAY, ColumnElement, any_, bindparam, literal_column
from sqlalchemy.dialects.postgresql import asyncpg as dialect
from sqlalchemy.types import TypeEngine

Row = TypeVar("Row", bound=tuple[Any, ...])
Item = TypeVar("Item")

_DIALECT: Any = dialect.dialect()  # pyright: ignore[reportUnknownMemberType]  # SQLAlchemy leaves it untyped


class Driver(Protocol):
    """What a connection and a pool of asyncpg both do, as far as it is used here."""

    async def fetch(self, query: str, /, *args: Any) -> list[Any]: ...
    async def fetchrow(self, query: str, /, *args: Any) -> Any: ...
    async def fetchval(self, query: str, /, *args: Any) -> Any: ...
    async def execute(self, query: str, /, *args: Any) -> str: ...


def col(attribute: Any) -> Any:
    """A table's column as Core takes it. To a type checker it stands on the class as the value that a row has there."""
    return attribute


def number(value: int) -> Any:
    """A whole number, written into the statement."""
    return cast("Any", literal_column)(str(int(value)))


def parameter(name: str, like: Any) -> Any:
    """A parameter with the type of a column, so that it is bound as the column's value would be."""
    return bindparam(name, type_=cast("Any", like) if isinstance(like, TypeEngine) else like.type)


def one_of(name: str, like: Any) -> ColumnElement[Any]:
    """`column == one_of("ids", column)`: one parameter, an array, whatever its length."""
    return any_(bindparam(name, type_=ARRAY(like.type)))


class Statement:
    """A statement's text, and its parameters in the driver's order."""

    def __init__(self, statement: Any) -> None:
        compiled = statement.compile(dialect=_DIALECT)
        self.text = str(compiled)
        if "POSTCOMPILE" in self.text:
            raise TypeError(f"its text depends on a value; use one_of(): {self.text}")
        names: list[str] = list(compiled.positiontup or ())
        self._parameters = [self._parameter(compiled, name) for name in names]

    @staticmethod
    def _parameter(compiled: Any, name: str) -> tuple[str, Any, Callable[[Any], Any] | None]:
        bind = compiled.binds[name]
        if not bind.required and bind.value is None:
            raise TypeError(f"a literal NULL would be lost; write null() for: {name}")
        to_driver: Callable[[Any], Any] | None = compiled._bind_processors.get(name)
        fixed = None if bind.required else (to_driver(bind.value) if to_driver else bind.value)
        return name, fixed, to_driver if bind.required else None

    def arguments(self, values: dict[str, Any]) -> list[Any]:
        """The values in the driver's order. A missing one is a KeyError."""
        return [
            fixed if fixed is not None else (values[name] if to_driver is None else to_driver(values[name]))
            for name, fixed, to_driver in self._parameters
        ]

    async def fetch(self, on: Driver, **values: Any) -> list[Any]:
        return await on.fetch(self.text, *self.arguments(values))

    async def fetchrow(self, on: Driver, **values: Any) -> Any:
        return await on.fetchrow(self.text, *self.arguments(values))

    async def execute(self, on: Driver, **values: Any) -> str:
        return await on.execute(self.text, *self.arguments(values))


class Query(Generic[Row]):
    """A select whose rows become `row`, a NamedTuple with the same names in the same order, checked here, once.

    Values come as the driver gives them: a closed set is its text, not its enum's member.
    """

    def __init__(self, row: type[Row], statement: Any) -> None:
        self.statement = Statement(statement)
        self._make: Callable[[Iterable[Any]], Row] = cast("Any", row)._make
        selected = tuple(column.key for column in statement.selected_columns)
        named = cast("Any", row)._fields
        if selected != named:
            raise TypeError(f"{row.__name__} names {named}, the select gives {selected}")

    async def all(self, on: Driver, **values: Any) -> list[Row]:
        make = self._make
        return [make(record) for record in await self.statement.fetch(on, **values)]

    async def first(self, on: Driver, **values: Any) -> Row | None:
        record = await self.statement.fetchrow(on, **values)
        return None if record is None else self._make(record)


def beside(keys: Sequence[Hashable], items: Iterable[Item], key: Callable[[Item], Hashable]) -> list[list[Item]]:
    """The items of each key, in the keys' order: how a batch of parents is answered with their lists."""
    found: dict[Hashable, list[Item]] = {k: [] for k in keys}
    for item in items:
        found[key(item)].append(item)
    return [found[k] for k in keys]
