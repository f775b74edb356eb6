"""The sandbox keeps the contract of every provider, and its test tokens do what they say."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID, uuid4

import pytest

from domain.kernel.quantities import Money
from domain.payments.ports import DeclineReason, PaymentGateway, PaymentResult, PaymentStatus
from gateways.payments.sandbox import SandboxPayments
from gateways.payments.scripts import TestToken
from tests.gateways.payments.contract import HUNDRED, PaymentGatewayContract, Tokens, charge_of
from tests.gateways.payments.support import SECRET, RealClock, SetClock, action_url, sandbox, witness

Decide = Callable[[SandboxPayments, UUID], Awaitable[PaymentResult]]

TOKENS = Tokens(
    succeeds=TestToken.SUCCEEDS,
    declines=TestToken.DECLINES,
    needs_action=TestToken.NEEDS_ACTION,
    is_slow=TestToken.TIMES_OUT_THEN_SUCCEEDS,
)


@dataclass(frozen=True)
class Sandbox:
    path: Path
    tokens: Tokens = TOKENS

    def connect(self) -> AbstractAsyncContextManager[PaymentGateway]:
        return sandbox(self.path)

    def captures(self, intent_id: UUID) -> list[Money]:
        with witness(self.path) as record:
            return [p.amount for p in record.captures() if p.intent_id == intent_id]


class TestSandboxKeepsTheContract(PaymentGatewayContract):
    @pytest.fixture
    def provider(self, tmp_path: Path) -> Sandbox:
        return Sandbox(tmp_path / "sandbox.sqlite3")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "not" / "yet" / "there" / "sandbox.sqlite3"


async def test_the_declining_token_lacks_funds(path: Path) -> None:
    async with sandbox(path) as gateway:
        result = await gateway.charge(charge_of(TestToken.DECLINES))
    assert result.decline_reason is DeclineReason.INSUFFICIENT_FUNDS


@pytest.mark.parametrize("token", ["", "tok_visa", "sandbox_succeeds ", "SUCCEEDS"])
async def test_an_unknown_token_is_refused(path: Path, token: str) -> None:
    async with sandbox(path) as gateway:
        result = await gateway.charge(charge_of(token))
    assert (result.status, result.decline_reason) == (PaymentStatus.DECLINED, DeclineReason.REFUSED)


@pytest.mark.parametrize(
    ("token", "status", "reason"),
    [
        (TestToken.TIMES_OUT_THEN_SUCCEEDS, PaymentStatus.CAPTURED, None),
        (TestToken.TIMES_OUT_THEN_FAILS, PaymentStatus.DECLINED, DeclineReason.REFUSED),
    ],
)
async def test_a_late_payment_is_pending_and_settles_by_the_clock(
    path: Path, token: str, status: PaymentStatus, reason: DeclineReason | None
) -> None:
    clock, charge = SetClock(), charge_of(token)
    async with sandbox(path, clock) as gateway:
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(gateway.charge(charge), timeout=0.5)
        clock.pass_seconds(19.999)
        assert (await gateway.look_up(charge.intent_id)).status is PaymentStatus.PENDING
        assert (await gateway.look_up(charge.intent_id)).decline_reason is None
        with witness(path, clock) as record:
            assert record.captures() == []
        clock.pass_seconds(0.001)
        result = await gateway.look_up(charge.intent_id)
    assert (result.status, result.decline_reason) == (status, reason)
    with witness(path, clock) as record:
        assert [p.amount for p in record.captures()] == ([HUNDRED] if status is PaymentStatus.CAPTURED else [])
        settled = record.payment(charge.intent_id)
    assert settled is not None
    assert settled.settled_at == clock.now()


async def test_a_repeat_during_the_stall_answers_at_once_that_it_is_pending(path: Path) -> None:
    charge = charge_of(TestToken.TIMES_OUT_THEN_SUCCEEDS)
    async with sandbox(path) as gateway:
        stalled = asyncio.create_task(gateway.charge(charge))
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(asyncio.shield(stalled), timeout=0.5)
        assert (await asyncio.wait_for(gateway.charge(charge), timeout=5)).status is PaymentStatus.PENDING
        stalled.cancel()


async def test_whoever_waits_out_the_stall_is_told_how_it_stands_then(path: Path) -> None:
    async with sandbox(path, stall_seconds=0.3, settles_after_seconds=0.1) as gateway:
        assert (await gateway.charge(charge_of(TestToken.TIMES_OUT_THEN_SUCCEEDS))).status is PaymentStatus.CAPTURED


async def test_the_customer_approves_and_then_the_money_is_taken(path: Path) -> None:
    charge = charge_of(TestToken.NEEDS_ACTION)
    async with sandbox(path) as gateway:
        assert (await gateway.charge(charge)).action_url == action_url(charge.intent_id)
        result = await gateway.approve(charge.intent_id)
        assert (result.status, result.amount, result.action_url) == (PaymentStatus.CAPTURED, HUNDRED, None)
        assert await gateway.look_up(charge.intent_id) == await gateway.charge(charge) == result
    with witness(path) as record:
        assert [p.intent_id for p in record.captures()] == [charge.intent_id]


async def test_the_customer_refuses_and_nothing_is_taken(path: Path) -> None:
    charge = charge_of(TestToken.NEEDS_ACTION)
    async with sandbox(path) as gateway:
        await gateway.charge(charge)
        result = await gateway.refuse(charge.intent_id)
    assert (result.status, result.decline_reason) == (PaymentStatus.DECLINED, DeclineReason.NOT_AUTHENTICATED)
    with witness(path) as record:
        assert record.captures() == []


async def test_the_customers_first_decision_counts(path: Path) -> None:
    charge = charge_of(TestToken.NEEDS_ACTION)
    async with sandbox(path) as gateway:
        await gateway.charge(charge)
        approved = await gateway.approve(charge.intent_id)
        assert await gateway.refuse(charge.intent_id) == approved


async def test_a_late_payment_is_not_the_customers_to_decide(path: Path) -> None:
    clock, charge = SetClock(), charge_of(TestToken.TIMES_OUT_THEN_FAILS)
    async with sandbox(path, clock, stall_seconds=0) as gateway:
        await gateway.charge(charge)
        assert (await gateway.approve(charge.intent_id)).status is PaymentStatus.PENDING
        clock.pass_seconds(20)
        assert (await gateway.look_up(charge.intent_id)).status is PaymentStatus.DECLINED


@pytest.mark.parametrize("decide", [SandboxPayments.approve, SandboxPayments.refuse])
async def test_deciding_on_nothing_makes_no_payment(path: Path, decide: Decide) -> None:
    intent_id = uuid4()
    async with sandbox(path) as gateway:
        assert (await decide(gateway, intent_id)).status is PaymentStatus.NOT_FOUND
        assert (await gateway.look_up(intent_id)).status is PaymentStatus.NOT_FOUND


def test_a_short_secret_is_refused(path: Path) -> None:
    with pytest.raises(ValueError, match="fewer than 16 bytes"):
        SandboxPayments(path, clock=RealClock(), webhook_url=None, secret=SECRET[:15], action_url=action_url)
