"""What every payment provider's adapter must do, whoever the provider is.

A test module subclasses `PaymentGatewayContract` and gives it a fixture `provider`.
"""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Protocol
from uuid import UUID, uuid4

import pytest

from domain.kernel.quantities import Money
from domain.payments.ports import (
    Charge,
    PaymentGateway,
    PaymentResult,
    PaymentStatus,
    PaymentUnanswered,
    WebhookRejected,
)
from gateways.payments.record import InvalidCharge

HUNDRED = Money(10_000, "SEK")


@dataclass(frozen=True, slots=True, kw_only=True)
class Tokens:
    """Method tokens that make the provider do something."""

    succeeds: str
    declines: str
    needs_action: str
    is_slow: str


class Provider(Protocol):
    """A provider and its witness. It may be used from several threads at once."""

    tokens: Tokens

    def connect(self) -> AbstractAsyncContextManager[PaymentGateway]:
        """An adapter of its own, for the running event loop."""
        ...

    def captures(self, intent_id: UUID) -> list[Money]:
        """Every amount the provider took for an intent, as it tells without the adapter."""
        ...


def charge_of(token: str, intent_id: UUID | None = None, amount: Money = HUNDRED) -> Charge:
    return Charge(intent_id=intent_id or uuid4(), amount=amount, method_token=token)


class PaymentGatewayContract:
    async def test_a_charge_takes_the_money_and_says_how_much(self, provider: Provider) -> None:
        charge = charge_of(provider.tokens.succeeds)
        async with provider.connect() as gateway:
            result = await gateway.charge(charge)
        assert result.status is PaymentStatus.CAPTURED
        assert result.amount == HUNDRED
        assert result.reference
        assert result.decline_reason is result.action_url is None
        assert provider.captures(charge.intent_id) == [HUNDRED]

    async def test_a_repeated_charge_gets_the_same_answer_and_takes_nothing_more(self, provider: Provider) -> None:
        charge = charge_of(provider.tokens.succeeds)
        async with provider.connect() as first, provider.connect() as second:
            answers = [await first.charge(charge), await first.charge(charge), await second.charge(charge)]
        assert answers == answers[:1] * 3
        assert provider.captures(charge.intent_id) == [HUNDRED]

    async def test_different_intents_are_different_payments(self, provider: Provider) -> None:
        one, other = charge_of(provider.tokens.succeeds), charge_of(provider.tokens.succeeds)
        async with provider.connect() as gateway:
            answers = [await gateway.charge(one), await gateway.charge(other)]
        assert answers[0].reference != answers[1].reference
        assert provider.captures(one.intent_id) == provider.captures(other.intent_id) == [HUNDRED]

    async def test_50_charges_at_once_for_one_intent_take_the_money_once(self, provider: Provider) -> None:
        charge = charge_of(provider.tokens.succeeds)

        async def five_times() -> list[PaymentResult]:
            async with provider.connect() as gateway:
                return await asyncio.gather(*(gateway.charge(charge) for _ in range(5)))

        loop = asyncio.get_running_loop()
        with ThreadPoolExecutor(10) as threads:
            runs = [loop.run_in_executor(threads, asyncio.run, five_times()) for _ in range(10)]
            answers = [answer for run in await asyncio.gather(*runs) for answer in run]
        assert len(answers) == 50
        assert {answer.status for answer in answers} == {PaymentStatus.CAPTURED}
        assert len({answer.reference for answer in answers}) == 1
        assert provider.captures(charge.intent_id) == [HUNDRED]

    @pytest.mark.parametrize("other", [Money(20_000, "SEK"), Money(10_000, "EUR"), None])
    async def test_an_intent_with_other_parameters_is_our_defect_and_changes_nothing(
        self, provider: Provider, other: Money | None
    ) -> None:
        charge = charge_of(provider.tokens.succeeds)
        changed = (
            charge_of(provider.tokens.succeeds, charge.intent_id, other)
            if other
            else charge_of(provider.tokens.declines, charge.intent_id)
        )
        async with provider.connect() as gateway:
            before = await gateway.charge(charge)
            with pytest.raises(InvalidCharge):
                await gateway.charge(changed)
            assert await gateway.look_up(charge.intent_id) == before
        assert provider.captures(charge.intent_id) == [HUNDRED]

    @pytest.mark.parametrize("amount_minor", [0, -1, 10**30])
    async def test_a_senseless_amount_is_our_defect_and_makes_no_payment(
        self, provider: Provider, amount_minor: int
    ) -> None:
        charge = charge_of(provider.tokens.succeeds, amount=Money(amount_minor, "SEK"))
        async with provider.connect() as gateway:
            with pytest.raises(InvalidCharge):
                await gateway.charge(charge)
            assert (await gateway.look_up(charge.intent_id)).status is PaymentStatus.NOT_FOUND

    async def test_a_payment_that_nobody_made_is_not_found(self, provider: Provider) -> None:
        async with provider.connect() as gateway:
            assert await gateway.look_up(uuid4()) == PaymentResult(status=PaymentStatus.NOT_FOUND)

    async def test_looking_up_starts_no_payment_and_spoils_none(self, provider: Provider) -> None:
        charge = charge_of(provider.tokens.succeeds)
        async with provider.connect() as gateway:
            await gateway.look_up(charge.intent_id)
            assert (await gateway.look_up(charge.intent_id)).status is PaymentStatus.NOT_FOUND
            assert provider.captures(charge.intent_id) == []
            assert (await gateway.charge(charge)).status is PaymentStatus.CAPTURED

    async def test_looking_up_answers_as_the_charge_did(self, provider: Provider) -> None:
        tokens = provider.tokens
        async with provider.connect() as gateway:
            for token in (tokens.succeeds, tokens.declines, tokens.needs_action):
                charge = charge_of(token)
                assert await gateway.charge(charge) == await gateway.look_up(charge.intent_id)

    async def test_a_declined_charge_says_why_and_takes_nothing(self, provider: Provider) -> None:
        charge = charge_of(provider.tokens.declines)
        async with provider.connect() as gateway:
            result = await gateway.charge(charge)
            assert await gateway.charge(charge) == result
        assert result.status is PaymentStatus.DECLINED
        assert result.decline_reason is not None
        assert result.amount is result.action_url is None
        assert provider.captures(charge.intent_id) == []

    async def test_a_charge_that_needs_the_customer_says_where_and_takes_nothing(self, provider: Provider) -> None:
        charge = charge_of(provider.tokens.needs_action)
        async with provider.connect() as gateway:
            result = await gateway.charge(charge)
        assert result.status is PaymentStatus.REQUIRES_ACTION
        assert result.action_url is not None
        assert result.action_url.startswith(("http://", "https://"))
        assert result.amount is result.decline_reason is None
        assert provider.captures(charge.intent_id) == []

    async def test_a_charge_whose_answer_was_not_awaited_is_still_there(self, provider: Provider) -> None:
        charge = charge_of(provider.tokens.is_slow)
        async with provider.connect() as gateway:
            with pytest.raises((TimeoutError, PaymentUnanswered)):
                await asyncio.wait_for(gateway.charge(charge), timeout=1)
            assert (await gateway.look_up(charge.intent_id)).status is not PaymentStatus.NOT_FOUND
            assert (await gateway.charge(charge)).status is not PaymentStatus.NOT_FOUND
        assert len(provider.captures(charge.intent_id)) <= 1

    async def test_a_webhook_without_a_signature_is_rejected(self, provider: Provider) -> None:
        async with provider.connect() as gateway:
            with pytest.raises(WebhookRejected):
                gateway.read_webhook(b"{}", {})
