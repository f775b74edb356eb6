"""The top-up's three steps: intent (a transaction), gateway (none, nor a connection), settlement (a transaction)."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from uuid import UUID

from domain.kernel.access import Actor, system
from domain.kernel.errors import Rejection
from domain.kernel.executor import Executor
from domain.payments.ports import Charge, PaymentGateway, PaymentResult, PaymentStatus, PaymentUnanswered
from domain.topups.errors import PaymentDeclined
from domain.topups.topup import UNANSWERED, Outcome, TopUp, TopUpStatus, outcome_of
from domain.topups.usecases import LeaseTopUp, SettleTopUp, TopUpCard, top_up_card


class TopUpProcess:
    """Every way in (mutation, duplicate, webhook, return page, worker) ends in one `advance`."""

    rejects: frozenset[type[Rejection]] = top_up_card.rejects | {PaymentDeclined}

    def __init__(self, executor: Executor, payments: PaymentGateway, *, wait_seconds: float) -> None:
        self._executor, self._payments, self._wait_seconds = executor, payments, wait_seconds

    @property
    def _reached(self) -> Callable[[str], None]:
        return self._executor.reached

    async def start(self, command: TopUpCard, actor: Actor) -> TopUp:
        """Makes the intent, or finds it again by its key, and takes it as far as it goes now.

        Raises what `top_up_card` rejects. A decline is a state of the answer; so is `UNKNOWN`.
        """
        return await self._advance(await self._executor.execute(command, actor), is_look=False)

    async def resume(self, top_up_id: UUID) -> TopUp:
        """Takes an unfinished top-up further from where it stands, unless somebody else is at it."""
        leased = await self._executor.execute(LeaseTopUp(top_up_id=top_up_id), system("topups"))
        return await self._advance(leased, is_look=True)

    async def _advance(self, top_up: TopUp, *, is_look: bool) -> TopUp:
        if top_up.is_settled or not top_up.is_leased:
            return top_up
        outcome = await self._ask(top_up)
        self._reached("provider.answered")
        command = SettleTopUp(top_up_id=top_up.id, outcome=outcome, is_look=is_look)
        return await self._executor.execute(command, system("topups", top_up.customer_id))

    async def _ask(self, top_up: TopUp) -> Outcome:
        """Whatever is not an answer is UNKNOWN, and never a failure (P2)."""
        self._reached("provider.before_call")
        try:
            async with asyncio.timeout(self._wait_seconds):
                return outcome_of(await self._result(top_up), top_up.amount)
        except (TimeoutError, PaymentUnanswered):
            return UNANSWERED

    async def _result(self, top_up: TopUp) -> PaymentResult:
        """A first step charges. A later one asks, and charges only what the provider has never heard of.

        The intent's id is the provider's idempotency key: even a charge which was on its way is not taken twice.
        """
        if top_up.status is not TopUpStatus.CREATED:
            found = await self._payments.look_up(top_up.id)
            if found.status is not PaymentStatus.NOT_FOUND:
                return found
        charge = Charge(intent_id=top_up.id, amount=top_up.amount, method_token=top_up.method_token)
        return await self._payments.charge(charge)
