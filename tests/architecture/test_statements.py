"""How many SQL statements a screen costs: as many for a large family as for a small one."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from datetime import timedelta
from pathlib import Path
from typing import Any, Final
from uuid import UUID

import pytest

from api.schema.ids import global_id
from domain.families.family import FamilyRole
from domain.kernel.access import system
from domain.kernel.quantities import UsageType
from domain.loyalty.bonus import BonusCode, GrantBonus
from tests.support.client import Client, a_client
from tests.support.world import World

HOME: Final = (Path(__file__).parents[2] / "bench/documents/home.graphql").read_text()
MOST_OF_HOME: Final = 8


@pytest.fixture
async def client(world: World) -> AsyncGenerator[Client]:
    async with a_client(world) as client:
        yield client


async def a_card(world: World, holder: UUID) -> UUID:
    """A card with money, data and a bonus."""
    card = await world.card(holder)
    await world.top_up(holder, card, await world.payment_method(holder), key=str(card))
    grant = GrantBonus(
        customer_id=holder,
        card_id=card,
        code=BonusCode.WELCOME,
        usage_type=UsageType.DATA,
        quantity=10**9,
        valid_until=world.clock.now() + timedelta(days=30),
    )
    await world.executor.execute(grant, system("test"))
    return card


async def a_family(world: World, size: int) -> UUID:
    """Its owner. Everyone has a card with something on it."""
    people = [await world.person(f"Person {n}") for n in range(size)]
    for person in people:
        await a_card(world, person)
    owner, *others = people
    await world.family(owner, dict.fromkeys(others, FamilyRole.MEMBER))
    return owner


async def statements_of(client: Client, document: str, variables: dict[str, Any] | None = None, *, by: UUID) -> int:
    """What a document costs. What earlier work still tells its listeners is waited for first."""
    database, before = client.worlds[0].database, -1
    while before != database.statements:
        before = database.statements
        await asyncio.sleep(0.05)
    assert (await client.ask(document, variables, by=by)).data["viewer"] is not None
    return database.statements - before


@pytest.mark.parametrize("size", [2, 4, 12])
async def test_home_costs_at_most_eight_statements(client: Client, size: int) -> None:
    owner = await a_family(client.worlds[0], size)
    home = (await client.ask(HOME, by=owner)).data["viewer"]
    assert [len(member["cards"]) for member in home["family"]["members"]] == [1] * size
    assert len(home["bonuses"]["nodes"]) == len(home["topUps"]["nodes"]) == 1
    assert await statements_of(client, HOME, by=owner) <= MOST_OF_HOME


async def test_home_costs_the_same_for_every_family(client: Client) -> None:
    world = client.worlds[0]
    costs = {size: await statements_of(client, HOME, by=await a_family(world, size)) for size in (2, 4, 12)}
    assert len(set(costs.values())) == 1, costs


async def test_cards_with_statement_holder_and_user_cost_the_same_however_many(client: Client) -> None:
    document = """{ viewer { cards(first: 100) { nodes {
        holder { name contactPoints { value } } user { name } balance { amount } buckets { remaining }
        accumulatedBalances { remaining } statement(first: 2) { nodes { balance { amount } } }
    } } } }"""
    world, costs = client.worlds[0], list[int]()
    for cards in (1, 6):
        person = await world.person(phone_number=f"+4670174063{cards}")
        for _ in range(cards):
            await a_card(world, person)
        costs.append(await statements_of(client, document, by=person))
    assert costs == [6, 6]  # cards; holders and users; their contact points; buckets for three fields; statements


async def test_nodes_cost_one_statement_a_kind(client: Client) -> None:
    document = """query($ids: [ID!]!) { viewer { actor { kind } } nodes(ids: $ids) {
        ... on Card { balance { amount } holder { name } } ... on Customer { name locale }
        ... on TopUp { status card { phoneNumber } paymentMethod { brand } } ... on Bonus { name card { status } }
    } }"""
    world, costs = client.worlds[0], list[int]()
    for cards in (1, 5):
        owner = await a_family(world, 2)
        ids = [global_id("customer", owner)]
        for _ in range(cards):
            card = await a_card(world, owner)
            top_up = await world.database.fetchval("select id from top_up where card_id = $1", card)
            bonus = await world.database.fetchval("select id from bonus where card_id = $1", card)
            ids += [global_id("card", card), global_id("topup", top_up), global_id("bonus", bonus)]
        assert None not in (await client.ask(document, {"ids": ids}, by=owner)).data["nodes"]
        costs.append(await statements_of(client, document, {"ids": ids}, by=owner))
    assert costs[0] == costs[1] <= 9  # four kinds of nodes, buckets, holders, cards twice, payment methods


async def test_two_fields_of_one_loader_share_its_statement(client: Client) -> None:
    owner = await a_family(client.worlds[0], 2)
    one = "{ viewer { cards { nodes { buckets { remaining } } } } }"
    three = "{ viewer { cards { nodes { buckets { remaining } balance { amount } accumulatedBalances { unit } } } } }"
    assert await statements_of(client, one, by=owner) == await statements_of(client, three, by=owner) == 2
