"""The application over one world, asked through HTTP."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from dataclasses import dataclass
from datetime import timedelta
from typing import Final
from uuid import UUID

import pytest

from api.schema.ids import global_id
from domain.kernel.access import system
from domain.kernel.quantities import UsageType
from domain.ledger.usecases import RecordUsage
from domain.loyalty.bonus import BonusCode, GrantBonus
from tests.support.client import Client, a_client
from tests.support.world import World

SANDBOX_SECRET: Final = b"a secret of the sandbox's"
"""The one that the world's sandbox has."""


@pytest.fixture
async def client(world: World) -> AsyncGenerator[Client]:
    async with a_client(world) as client:
        yield client


@dataclass(frozen=True)
class Person:
    """Somebody with a card and something to pay with."""

    id: UUID
    card: UUID
    method: UUID

    @property
    def card_id(self) -> str:
        return global_id("card", self.card)

    @property
    def method_id(self) -> str:
        return global_id("method", self.method)


async def a_person(world: World, token: str = "sandbox_succeeds") -> Person:
    person = await world.person()
    return Person(person, await world.card(person), await world.payment_method(person, token))


@pytest.fixture
async def karin(world: World) -> Person:
    return await a_person(world)


async def grant(
    world: World, person: UUID, card: UUID, usage: UsageType = UsageType.DATA, quantity: int = 10**9
) -> None:
    """A bonus on a card, good for 30 days."""
    command = GrantBonus(
        customer_id=person,
        card_id=card,
        code=BonusCode.WELCOME,
        usage_type=usage,
        quantity=quantity,
        valid_until=world.clock.now() + timedelta(days=30),
    )
    await world.executor.execute(command, system("test"))


async def use(world: World, card: UUID, quantity: int, usage: UsageType = UsageType.MONEY) -> None:
    """Something is used of a card."""
    command = RecordUsage(record_id=world.ids.new(), card_id=card, usage_type=usage, quantity=quantity)
    await world.executor.execute(command, system("test"))
