"""The checks of the ledger see what they are there to see: each kind of damage, done behind the ledger's back."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import asyncpg
import pytest

from domain.kernel.access import system
from domain.kernel.quantities import UsageType
from domain.ledger.ledger import Purpose
from domain.ledger.usecases import RecordUsage
from domain.loyalty.bonus import BonusCode, GrantBonus
from persistence.checks import cause_breaks, ledger_breaks
from tests.support.world import World

OWNED = "account_id in (select id from account where owner_id is not null)"
LEDGER_DAMAGE = {
    "L1: the entries": "update ledger_entry set amount = amount + 1 where version is null",
    "L1: a transaction has": "insert into ledger_transaction select id, 'USAGE', id, now() from card",
    "L2: a balance is the sum of its entries": "update account set balance = balance + 1 where owner_id is not null",
    "L2: a balance is the sum of what": "update bucket set initial = initial + 1, remaining = remaining + 1",
    "L3: an owned account's entry begins": "update ledger_entry set before = before + 1 where version = 2",
    "L3: an account's version": "update account set version = version + 1 where owner_id is not null",
    "L6": "update draw set amount = amount + 1",
    "L7": "delete from reservation_hold",
    "L9": f"update ledger_entry set before = 0, version = 1 where not ({OWNED}) and amount < 0",
    "an entry of an owned account": "delete from draw",
}
CAUSE_DAMAGE = {
    "P4": "update top_up set status = 'DECLINED'",
    "a bonus": "update bonus set quantity = quantity + 1",
}


@pytest.fixture
async def used(world: World) -> World:
    """A card that was topped up, given a bonus, used, and of which something is reserved."""
    karin = await world.person()
    card, method = await world.card(karin), await world.payment_method(karin)
    await world.top_up(karin, card, method)
    bonus = GrantBonus(
        customer_id=karin,
        card_id=card,
        code=BonusCode.WELCOME,
        usage_type=UsageType.DATA,
        quantity=1000,
        valid_until=None,
    )
    await world.executor.execute(bonus, system("test"))
    usage = RecordUsage(record_id=world.ids.new(), card_id=card, usage_type=UsageType.MONEY, quantity=300)
    await world.executor.execute(usage, system("test"))
    async with world.unit(system("test"), world.ids.new()) as work:
        until = world.clock.now() + timedelta(hours=1)
        await work.ledger.reserve(world.ids.new(), card, Purpose.DATA, "BYTE", 400, until)
    return world


async def test_nothing_breaks_where_nothing_was_damaged(used: World, owner: asyncpg.Connection[Any]) -> None:
    assert await ledger_breaks(owner) == []
    assert await cause_breaks(owner) == []


@pytest.mark.parametrize(("rule", "damage"), LEDGER_DAMAGE.items())
async def test_damage_to_the_ledger_is_seen(
    used: World, owner: asyncpg.Connection[Any], rule: str, damage: str
) -> None:
    await owner.execute(damage)
    assert [sentence for sentence in await ledger_breaks(owner) if sentence.startswith(rule)]


@pytest.mark.parametrize(("rule", "damage"), CAUSE_DAMAGE.items())
async def test_a_cause_without_its_effect_is_seen(
    used: World, owner: asyncpg.Connection[Any], rule: str, damage: str
) -> None:
    await owner.execute(damage)
    assert await ledger_breaks(owner) == []
    assert [sentence for sentence in await cause_breaks(owner) if sentence.startswith(rule)]
