"""A toy schema that goes wrong in every way an endpoint must answer for."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from dataclasses import dataclass, field
from decimal import Decimal
from enum import Enum
from typing import Any, NewType

import strawberry
from graphql import GraphQLError
from starlette.requests import Request
from strawberry.schema.config import StrawberryConfig

from api.graphql.endpoint import GraphQLEndpoint
from domain.kernel.errors import Busy, Forbidden, Invalid, NotFound, Rejection, Unauthenticated, Unavailable, Undeclared

SECRET = "+46701740605"
"""Stands for whatever must never reach a stranger or a log."""


class Kind(Enum):
    GOOD = "good"
    BAD = "bad"


def _read_even(value: object) -> int:
    if value == "explode":
        raise KeyError(SECRET)
    if not isinstance(value, int) or value % 2:
        raise Invalid("An even number is divisible by two.")
    return value


Even = NewType("Even", int)
Odd = NewType("Odd", int)
SCALARS: dict[object, Any] = {
    Even: strawberry.scalar(name="Even", parse_value=_read_even, serialize=int),
    Odd: strawberry.scalar(name="Odd", serialize=lambda value: value),
}


class Refused(Rejection):
    code = "REFUSED"


@dataclass
class ToyContext:
    """What resolvers get, and what became of them."""

    request: Request
    done: list[str] = field(default_factory=list[str])
    slow: asyncio.Event = field(default_factory=asyncio.Event)


Info = strawberry.Info[ToyContext, None]

FAULTS: dict[str, Exception] = {
    "unauthenticated": Unauthenticated(),
    "forbidden": Forbidden(permission="SECRET_PERMISSION"),
    "notFound": NotFound(),
    "invalid": Invalid("Say it otherwise."),
    "busy": Busy(retry_after_seconds=3),
    "unavailable": Unavailable(retry_after_seconds=7),
    "undeclared": Undeclared(use_case="secret_use_case"),
    "rejection": Refused(),
    "key": KeyError(SECRET),
}


@strawberry.type
class Person:
    name: str = "Kim"
    kind: Kind = Kind.GOOD

    @strawberry.field
    def friend(self) -> Person:
        return Person()

    @strawberry.field
    async def friends(self) -> list[Person]:
        await asyncio.sleep(0)
        return [Person(), Person(), Person()]


@strawberry.type
class Query:
    @strawberry.field
    def hello(self) -> str:
        return "world"

    @strawberry.field
    def me(self) -> Person:
        return Person()

    @strawberry.field
    async def slow(self, info: Info) -> str:
        info.context.slow.set()
        await asyncio.sleep(30)
        return "late"

    @strawberry.field
    def echo(self, text: str, kind: Kind = Kind.GOOD, number: int = 0) -> str:
        return f"{text} {kind.value} {number}"

    @strawberry.field
    def required(self, number: int = 5) -> int:
        return number

    @strawberry.field
    def even(self, number: Even) -> int:
        return number

    @strawberry.field
    def price(self, amount: Decimal) -> Decimal:
        return amount

    @strawberry.field
    def fails(self, how: str) -> str | None:
        raise FAULTS[how]

    @strawberry.field
    def fails_often(self) -> list[str | None]:
        error = KeyError(SECRET)
        return [error, error]  # pyright: ignore[reportReturnType] -- graphql-core raises what it finds

    @strawberry.field
    def coded(self) -> str | None:
        raise GraphQLError("It is told as it is.", extensions={"code": "TOLD"})

    @strawberry.field
    def too_big(self) -> int | None:
        return 2**40

    @strawberry.field
    def not_a_kind(self) -> Kind | None:
        return SECRET  # pyright: ignore[reportReturnType] -- what an enum cannot serialise

    @strawberry.field
    def missing(self) -> str:
        return None  # pyright: ignore[reportReturnType] -- what a non-null field must not be

    @strawberry.field
    def unspeakable(self) -> Odd | None:
        return Odd(object())  # pyright: ignore[reportArgumentType] -- what JSON cannot hold


@strawberry.input
class TopUpInput:
    amount: int
    idempotency_key: str


@strawberry.input
class RenameInput:
    name: str
    within: RenameInput | None = None


@strawberry.type
class Mutation:
    @strawberry.mutation
    def top_up(self, info: Info, input: TopUpInput) -> int | None:
        info.context.done.append(input.idempotency_key)
        return input.amount

    @strawberry.mutation
    def rename(self, info: Info, input: RenameInput) -> str | None:
        info.context.done.append(input.name)
        return input.name


@strawberry.type
class Subscription:
    @strawberry.subscription
    async def ticks(self) -> AsyncGenerator[int, None]:
        yield 1


schema = strawberry.Schema(
    query=Query, mutation=Mutation, subscription=Subscription, config=StrawberryConfig(scalar_map=SCALARS)
)


@dataclass
class Toy:
    """The endpoint and what it was seen to do."""

    development: bool = True
    page: bytes | None = None
    faults: list[tuple[Exception, str]] = field(default_factory=list[tuple[Exception, str]])
    contexts: list[ToyContext] = field(default_factory=list[ToyContext])

    def endpoint(self, **more: Any) -> GraphQLEndpoint:
        return GraphQLEndpoint(
            schema,
            context=self.context,
            development=self.development,
            on_fault=lambda error, fault_id: self.faults.append((error, fault_id)),
            new_id=lambda: f"fault-{len(self.faults) + 1}",
            page=(lambda _: self.page or b"") if self.page is not None else None,
            **more,
        )

    async def context(self, request: Request) -> ToyContext:
        """Fails as the header `X-Fails` says, so that a fault of the whole request can be asked for."""
        how = request.headers.get("x-fails")
        if how:
            raise FAULTS[how]
        context = ToyContext(request)
        self.contexts.append(context)
        return context
