"""How the sandbox delivers its webhooks: in the background, a few times, and only to this machine."""

from __future__ import annotations

import asyncio
import ipaddress
import logging
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Final
from uuid import UUID

import httpx2

from domain.kernel.time import Clock
from gateways.payments.record import WebhookSent
from gateways.payments.webhooks import SIGNATURE_HEADER, body_of, event_id_of, signature_of

BACK_OFF_SECONDS: Final = (0.5, 2.0, 8.0)
ANSWER_WITHIN_SECONDS: Final = 5.0

_log = logging.getLogger(__name__)


class WebhookDelivery:
    """Delivers to one URL. `written` is told of every attempt. What is under way dies with the process."""

    def __init__(
        self,
        url: str,
        *,
        secret: bytes,
        clock: Clock,
        written: Callable[[WebhookSent], Awaitable[None]],
        back_off_seconds: tuple[float, ...] = BACK_OFF_SECONDS,
    ) -> None:
        self._url, self._host = _on_this_machine(httpx2.URL(url))
        self._secret, self._clock, self._written = secret, clock, written
        self._waits = (0.0, *back_off_seconds)
        self._tasks = set[asyncio.Task[None]]()
        # Plain HTTP on the loopback: no certificates to load, and no proxy of the environment's in between.
        self._client = httpx2.AsyncClient(verify=False, trust_env=False, timeout=ANSWER_WITHIN_SECONDS)

    def tell(self, intent_id: UUID, *, after: timedelta, copies: int = 1) -> None:
        """Leaves it to the background to tell, `copies` times at once, of a payment that settles `after` from now."""
        for _ in range(copies):
            task = asyncio.create_task(self._tell(intent_id, after))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def aclose(self) -> None:
        """Gives up what is under way, and waits until it has stopped."""
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await self._client.aclose()

    async def _tell(self, intent_id: UUID, after: timedelta) -> None:
        await asyncio.sleep(after.total_seconds())
        for wait in self._waits:
            await asyncio.sleep(wait)
            if await self._post(intent_id):
                return
        _log.warning("A sandbox webhook was not accepted and is dropped; intent %s.", intent_id)

    async def _post(self, intent_id: UUID) -> bool:
        now, body = self._clock.now(), body_of(intent_id)
        headers = {
            "host": self._host,
            "content-type": "application/json",
            SIGNATURE_HEADER: signature_of(body, self._secret, now),
        }
        try:
            response = await self._client.post(self._url, content=body, headers=headers)
        except httpx2.HTTPError:
            response = None
        status = response and response.status_code
        await self._written(
            WebhookSent(event_id=event_id_of(intent_id), intent_id=intent_id, sent_at=now, http_status=status)
        )
        return response is not None and response.is_success


def _on_this_machine(url: httpx2.URL) -> tuple[httpx2.URL, str]:
    """Where to connect to, and the host to ask there for. Raises `ValueError` when that is not this machine.

    `localhost` and every name under it are this machine (RFC 6761), whether or not the resolver knows it.
    """
    host = url.netloc.decode()
    if url.scheme == "http" and (url.host == "localhost" or url.host.endswith(".localhost")):
        return url.copy_with(host="127.0.0.1"), host
    if url.scheme == "http" and _is_loopback(url.host):
        return url, host
    raise ValueError("The sandbox sends its webhooks to http:// on this machine only: localhost or 127.0.0.1.")


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
