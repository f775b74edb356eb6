"""Topping up a card, from the intent to the credit."""

from __future__ import annotations

import asyncio
from datetime import date, timedelta
from uuid import UUID

import pytest

from domain.cards.card import CardStatus
from domain.cards.errors import CardAwaitingRegistration, CardBlocked, CardClosed, CardConverted, CardNotFound
from domain.families.family import FamilyRole
from domain.kernel.access import ANONYMOUS
from domain.kernel.errors import IdempotencyKeyReused, Rejection, Unauthenticated
from domain.kernel.quantities import Money
from domain.payments.method import PaymentMethodExpired, PaymentMethodNotFound
from domain.payments.ports import DeclineReason
from domain.topups.errors import AmountNotOffered, CurrencyNotOffered
from domain.topups.topup import TopUpStatus
from domain.topups.usecases import TopUpCard
from gateways.payments.sandbox import SandboxPayments
from tests.support.world import World


async def a_customer(world: World, token: str = "sandbox_succeeds") -> tuple[UUID, UUID, UUID]:
    """A person, their card, and what they pay with."""
    person = await world.person()
    return person, await world.card(person), await world.payment_method(person, token)


async def test_a_top_up_credits_the_card_and_keeps_it_active_for_a_year(world: World) -> None:
    person, card, method = await a_customer(world)
    top_up = await world.top_up(person, card, method)
    assert top_up.status is TopUpStatus.COMPLETED
    assert await world.balance_minor(card) == 10_000
    row = await world.database.fetchrow("select status, active_until, grace_until from card where id = $1", card)
    assert tuple(row) == ("ACTIVE", date(2027, 3, 2), date(2027, 6, 2))


async def test_a_card_in_grace_comes_back_to_life(world: World) -> None:
    person, _, method = await a_customer(world)
    card = await world.card(person, status=CardStatus.GRACE, active_until=date(2026, 2, 1))
    await world.top_up(person, card, method)
    assert await world.database.fetchval("select status from card where id = $1", card) == "ACTIVE"


async def test_the_same_key_is_the_same_top_up(world: World, sandbox: SandboxPayments) -> None:
    person, card, method = await a_customer(world)
    first = await world.top_up(person, card, method)
    again = await world.top_up(person, card, method)
    assert again.id == first.id
    assert await world.balance_minor(card) == 10_000


async def test_the_same_key_with_another_input_is_refused_without_effect(world: World) -> None:
    person, card, method = await a_customer(world)
    await world.top_up(person, card, method)
    with pytest.raises(IdempotencyKeyReused):
        await world.top_up(person, card, method, amount_minor=20_000)
    assert await world.balance_minor(card) == 10_000


async def test_a_refusal_leaves_the_key_free(world: World) -> None:
    person, card, method = await a_customer(world)
    with pytest.raises(AmountNotOffered) as refusal:
        await world.top_up(person, card, method, amount_minor=12_345)
    assert (refusal.value.minimum, refusal.value.maximum) == (world.money(5_000), world.money(100_000))
    assert (await world.top_up(person, card, method)).status is TopUpStatus.COMPLETED
    assert await world.database.fetchval("select count(*) from top_up") == 1


async def test_fifty_at_once_with_one_key_charge_once(world: World) -> None:
    person, card, method = await a_customer(world)
    answers = await asyncio.gather(*[world.top_up(person, card, method) for _ in range(50)])
    assert len({top_up.id for top_up in answers}) == 1
    assert await world.balance_minor(card) == 10_000


async def test_fifty_at_once_with_different_keys_all_land(world: World) -> None:
    person, card, method = await a_customer(world)
    answers = await asyncio.gather(*[world.top_up(person, card, method, key=str(n)) for n in range(50)])
    assert len({top_up.id for top_up in answers}) == 50
    assert {top_up.status for top_up in answers} == {TopUpStatus.COMPLETED}
    assert await world.balance_minor(card) == 500_000


async def test_a_decline_is_a_settled_top_up_without_credit(world: World) -> None:
    person, card, method = await a_customer(world, "sandbox_declines")
    top_up = await world.top_up(person, card, method)
    assert top_up.status is TopUpStatus.DECLINED
    assert top_up.decline_reason is DeclineReason.INSUFFICIENT_FUNDS
    assert await world.balance_minor(card) == 0


async def test_a_silent_provider_leaves_it_unknown_and_is_asked_until_it_is_known(world: World) -> None:
    person, card, method = await a_customer(world, "sandbox_times_out_then_succeeds")
    top_up = await world.top_up(person, card, method)
    assert top_up.status is TopUpStatus.UNKNOWN
    assert (await world.top_ups.resume(top_up.id)).status is TopUpStatus.UNKNOWN
    world.clock.advance(timedelta(seconds=21))
    assert (await world.top_ups.resume(top_up.id)).status is TopUpStatus.COMPLETED
    assert await world.balance_minor(card) == 10_000


async def test_a_payment_that_needs_the_customer_waits_for_them(world: World, sandbox: SandboxPayments) -> None:
    person, card, method = await a_customer(world, "sandbox_needs_action")
    top_up = await world.top_up(person, card, method)
    assert top_up.status is TopUpStatus.REQUIRES_ACTION
    await sandbox.approve(top_up.id)
    assert (await world.top_ups.resume(top_up.id)).status is TopUpStatus.COMPLETED
    assert await world.balance_minor(card) == 10_000


@pytest.mark.parametrize(
    ("status", "refusal"),
    [
        (CardStatus.AWAITING_REGISTRATION, CardAwaitingRegistration),
        (CardStatus.BLOCKED, CardBlocked),
        (CardStatus.CONVERTED, CardConverted),
        (CardStatus.CLOSED, CardClosed),
    ],
)
async def test_a_card_that_cannot_be_topped_up_says_why(
    world: World, status: CardStatus, refusal: type[Rejection]
) -> None:
    person, _, method = await a_customer(world)
    card = await world.card(person, status=status)
    with pytest.raises(refusal):
        await world.top_up(person, card, method)
    assert await world.database.fetchval("select count(*) from top_up") == 0


async def test_another_currency_is_refused(world: World) -> None:
    person, card, method = await a_customer(world)
    command = TopUpCard(card_id=card, amount=Money(10_000, "EUR"), payment_method_id=method, idempotency_key="key")
    with pytest.raises(CurrencyNotOffered):
        await world.top_ups.start(command, world.actor(person))


async def test_a_stranger_finds_no_card_and_no_payment_method(world: World) -> None:
    _, card, method = await a_customer(world)
    stranger, own_card, own_method = await a_customer(world)
    with pytest.raises(CardNotFound):
        await world.top_up(stranger, card, own_method)
    with pytest.raises(PaymentMethodNotFound):
        await world.top_up(stranger, own_card, method)


async def test_an_expired_payment_method_says_when(world: World) -> None:
    person, card, _ = await a_customer(world)
    method = await world.payment_method(person, expires_on=date(2026, 3, 1))
    with pytest.raises(PaymentMethodExpired) as refusal:
        await world.top_up(person, card, method)
    assert refusal.value.expired_on == date(2026, 3, 1)
    last_day = await world.payment_method(person, expires_on=date(2026, 3, 2))
    assert (await world.top_up(person, card, last_day)).status is TopUpStatus.COMPLETED


@pytest.mark.parametrize(
    ("role", "may"),
    [(FamilyRole.MANAGER, True), (FamilyRole.MEMBER, False), (FamilyRole.CHILD, False)],
)
async def test_in_a_family_owner_and_managers_top_up_for_all(world: World, role: FamilyRole, may: bool) -> None:
    owner, card, _ = await a_customer(world)
    relative, _, method = await a_customer(world)
    await world.family(owner, {relative: role})
    if may:
        assert (await world.top_up(relative, card, method)).status is TopUpStatus.COMPLETED
    else:
        with pytest.raises(CardNotFound):
            await world.top_up(relative, card, method)


async def test_a_replay_is_authorised_afresh(world: World) -> None:
    owner, card, _ = await a_customer(world)
    relative, _, method = await a_customer(world)
    await world.family(owner, {relative: FamilyRole.MANAGER})
    await world.top_up(relative, card, method)
    await world.database.execute("delete from family_member where customer_id = $1", relative)
    with pytest.raises(CardNotFound):
        await world.top_up(relative, card, method)


async def test_nobody_who_is_not_signed_in_tops_up(world: World) -> None:
    _, card, method = await a_customer(world)
    with pytest.raises(Unauthenticated):
        await world.top_ups.start(world.top_up_command(card, method), ANONYMOUS)
