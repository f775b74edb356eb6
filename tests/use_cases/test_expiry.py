"""What ends by itself: cards, lots and reservations. What people are shown does not wait for the worker."""

from __future__ import annotations

import asyncio
from datetime import date, timedelta
from typing import Any
from uuid import UUID

import pytest

from domain.cards.card import CardStatus
from domain.cards.errors import CardClosed
from domain.kernel.access import system
from domain.kernel.chores import Chore, NothingDue
from domain.kernel.quantities import UsageType
from domain.ledger.expiry import ExpireBuckets, ExpireReservations
from domain.ledger.ledger import Purpose
from domain.loyalty.bonus import BonusCode, GrantBonus
from domain.topups.topup import Outcome, TopUpStatus
from domain.topups.usecases import SettleTopUp
from persistence.checks import ledger_breaks
from tests.support.world import World

GRANTED = 3_750


async def chore(world: World, chore: Chore) -> int:
    try:
        return await world.executor.execute(chore, system("test"))
    except NothingDue:
        return 0


async def a_card_with_a_grant(world: World, lots: int = 1) -> tuple[UUID, UUID]:
    karin = await world.person()
    card = await world.card(karin)
    await world.top_up(karin, card, await world.payment_method(karin))
    grant = GrantBonus(
        customer_id=karin,
        card_id=card,
        code=BonusCode.BIRTHDAY,
        usage_type=UsageType.MONEY,
        quantity=GRANTED,
        valid_until=world.clock.now() + timedelta(days=10),
    )
    for _ in range(lots):
        await world.executor.execute(grant, system("test"))
    return karin, card


async def statement(world: World, card: UUID) -> list[Any]:
    rows = await world.database.fetch(
        """select t.kind, e.amount, e.before + e.amount as balance from ledger_entry e
             join ledger_transaction t on t.id = e.transaction_id join account a on a.id = e.account_id
            where a.owner_id = $1 order by e.version""",
        card,
    )
    return [tuple(row) for row in rows]


async def test_what_has_expired_leaves_the_account_once_and_is_told(world: World) -> None:
    karin, card = await a_card_with_a_grant(world)
    assert await chore(world, ExpireBuckets()) == 0
    world.clock.advance(timedelta(days=10))
    assert await chore(world, ExpireBuckets()) == 1
    assert await chore(world, ExpireBuckets()) == 0
    assert await statement(world, card) == [
        ("TOP_UP", 10_000, 10_000),
        ("BONUS", GRANTED, 10_000 + GRANTED),
        ("EXPIRY", -GRANTED, 10_000),
    ]
    [event] = await world.database.fetch("select subject_id from event where type = 'bucket.expired'")
    assert event["subject_id"] == karin
    assert await ledger_breaks(world.database) == []


async def test_two_workers_let_it_expire_once(world: World) -> None:
    _, card = await a_card_with_a_grant(world, lots=20)
    world.clock.advance(timedelta(days=10))
    done = await asyncio.gather(*[chore(world, ExpireBuckets()) for _ in range(12)])
    assert sum(done) == 20
    assert await world.balance_minor(card) == 10_000


async def test_what_is_reserved_expires_when_its_reservation_has(world: World) -> None:
    _, card = await a_card_with_a_grant(world)
    reservation, until = world.ids.new(), world.clock.now() + timedelta(days=20)
    async with world.unit(system("test"), world.ids.new()) as work:
        await work.ledger.reserve(reservation, card, Purpose.MONEY, "SEK", 1_000, until)
    world.clock.advance(timedelta(days=10))
    assert await chore(world, ExpireBuckets()) == 1
    assert await world.balance_minor(card) == 11_000
    assert await chore(world, ExpireReservations()) == 0
    world.clock.advance(timedelta(days=10))
    assert await chore(world, ExpireReservations()) == 1
    assert await chore(world, ExpireReservations()) == 0
    assert await world.database.fetchval("select status from reservation") == "EXPIRED"
    assert await chore(world, ExpireBuckets()) == 1
    assert await world.balance_minor(card) == 10_000
    assert await ledger_breaks(world.database) == []


async def test_a_card_that_the_calendar_has_closed_cannot_be_topped_up(world: World) -> None:
    """Whether or not a worker has come by."""
    karin = await world.person()
    card = await world.card(karin, active_until=date(2025, 1, 31), grace_until=date(2025, 4, 30))
    method = await world.payment_method(karin)
    with pytest.raises(CardClosed):
        await world.top_up(karin, card, method)
    assert await world.database.fetchval("select status from card") == "ACTIVE"


async def test_a_card_that_closes_while_it_is_paid_is_credited_and_stays_closed(world: World) -> None:
    karin = await world.person()
    last_day = world.clock.now().date()
    card = await world.card(karin, status=CardStatus.GRACE, active_until=date(2025, 1, 31), grace_until=last_day)
    method = await world.payment_method(karin)
    top_up = await world.executor.execute(world.top_up_command(card, method), world.actor(karin))
    world.clock.advance(timedelta(days=2))
    outcome = Outcome(status=TopUpStatus.COMPLETED, reference="late")
    await world.executor.execute(SettleTopUp(top_up_id=top_up.id, outcome=outcome), system("test"))
    assert await world.balance_minor(card) == 10_000
    assert await world.database.fetchval("select status from card") == "CLOSED"
