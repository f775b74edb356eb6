"""The built-in payment provider: a stand-in for a real one, with a record of its own and tokens for every outcome."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Final, TypeVar
from uuid import UUID

from domain.kernel.time import Clock
from domain.payments.ports import Charge, DeclineReason, PaymentResult, PaymentStatus, PaymentUnanswered
from gateways.payments.delivery import WebhookDelivery
from gateways.payments.record import SandboxPayment, SandboxRecord, WebhookSent
from gateways.payments.scripts import Outcome, script_of
from gateways.payments.webhooks import intent_of

T = TypeVar("T")

SHORTEST_SECRET_BYTES: Final = 16


class SandboxPayments:
    """A `PaymentGateway` that takes no money. `TestToken` says which method token does what.

    The record at `path` is committed before a call answers, stalls or sends anything. It is kept on a thread of its
    own, so the event loop never waits for a disk. When a payment settles, `webhook_url` is told.

    Raises `ValueError` for a `webhook_url` that is not on this machine, or a `secret` under 16 bytes.
    """

    def __init__(
        self,
        path: Path,
        *,
        clock: Clock,
        webhook_url: str | None,
        secret: bytes,
        action_url: Callable[[UUID], str],
        stall_seconds: float = 30,
        settles_after_seconds: float = 20,
        busy_seconds: float = 5,
    ) -> None:
        if len(secret) < SHORTEST_SECRET_BYTES:
            raise ValueError(f"The sandbox's webhook secret has fewer than {SHORTEST_SECRET_BYTES} bytes.")
        self._clock, self._secret, self._action_url = clock, secret, action_url
        self._stall_seconds, self._settles_after = stall_seconds, timedelta(seconds=settles_after_seconds)
        self._record = SandboxRecord(path, clock, busy_seconds=busy_seconds)
        self._delivery: WebhookDelivery | None = None
        if webhook_url is not None:
            self._delivery = WebhookDelivery(webhook_url, secret=secret, clock=clock, written=self._write_webhook)
        # One thread is one SQLite connection; more would only queue for the same lock.
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="sandbox-payments")

    async def charge(self, charge: Charge, /) -> PaymentResult:
        """Takes the money, as the token's script has it. Asked again with the same intent, answers as it now stands.

        Raises `PaymentUnanswered`, and `InvalidCharge` when the intent was charged before with other parameters.
        """
        script = script_of(charge.method_token)
        settles_after = self._settles_after if script.is_late else timedelta(0)
        payment, is_new = await self._on_record(
            partial(
                self._record.book,
                charge,
                outcome=script.outcome,
                decline_reason=script.decline_reason,
                settles_after=settles_after,
            )
        )
        if is_new and script.outcome is not None:
            self._tell(charge.intent_id, settles_after, copies=script.webhook_copies)
        if is_new and script.is_late:
            await asyncio.sleep(self._stall_seconds)
            return await self.look_up(charge.intent_id)
        return self._result(payment)

    async def look_up(self, intent_id: UUID, /) -> PaymentResult:
        """What became of an intent. Never starts a payment. Raises `PaymentUnanswered`."""
        return self._result(await self._on_record(partial(self._record.payment, intent_id)))

    def read_webhook(self, body: bytes, headers: Mapping[str, str], /) -> UUID:
        """The intent that a webhook hints at, once its signature has been verified. Raises `WebhookRejected`."""
        return intent_of(body, headers, secret=self._secret, now=self._clock.now())

    async def approve(self, intent_id: UUID) -> PaymentResult:
        """The customer confirms at `action_url`. What is settled stays so; an unknown intent stays NOT_FOUND."""
        return await self._decide(intent_id, PaymentStatus.CAPTURED, None)

    async def refuse(self, intent_id: UUID) -> PaymentResult:
        """The customer fails or refuses to confirm at `action_url`. Otherwise as `approve`."""
        return await self._decide(intent_id, PaymentStatus.DECLINED, DeclineReason.NOT_AUTHENTICATED)

    async def aclose(self) -> None:
        """Gives up webhooks under way, and lets go of the record."""
        if self._delivery:
            await self._delivery.aclose()
        await self._on_record(self._record.close)
        self._thread.shutdown(wait=False)

    async def _decide(self, intent_id: UUID, outcome: Outcome, reason: DeclineReason | None) -> PaymentResult:
        payment, has_decided = await self._on_record(partial(self._record.decide, intent_id, outcome, reason))
        if has_decided:
            self._tell(intent_id)
        return self._result(payment)

    def _tell(self, intent_id: UUID, after: timedelta = timedelta(0), *, copies: int = 1) -> None:
        if self._delivery:
            self._delivery.tell(intent_id, after=after, copies=copies)

    async def _write_webhook(self, sent: WebhookSent) -> None:
        # It has been sent: a file that is held for so long loses the note of it, and nothing else.
        with suppress(PaymentUnanswered):
            await self._on_record(partial(self._record.write_webhook, sent))

    def _result(self, payment: SandboxPayment | None) -> PaymentResult:
        if payment is None:
            return PaymentResult(status=PaymentStatus.NOT_FOUND)
        is_captured = payment.status is PaymentStatus.CAPTURED
        awaits_action = payment.status is PaymentStatus.REQUIRES_ACTION
        return PaymentResult(
            status=payment.status,
            reference=payment.reference,
            amount=payment.amount if is_captured else None,
            decline_reason=payment.decline_reason,
            action_url=self._action_url(payment.intent_id) if awaits_action else None,
        )

    async def _on_record(self, question: Callable[[], T]) -> T:
        try:
            return await asyncio.get_running_loop().run_in_executor(self._thread, question)
        except (sqlite3.Error, OSError) as error:
            raise PaymentUnanswered("The sandbox's record does not answer.") from error
