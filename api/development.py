"""What only a developer's machine has: the outbox of messages, and the page on which a payment is confirmed."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping
from datetime import timedelta
from html import escape
from typing import Final, Protocol
from uuid import UUID

from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from api.hosts import services_of
from api.problem_details import problem
from domain.kernel.errors import NotFound
from domain.payments.ports import PaymentResult, PaymentStatus
from gateways.messaging.outbox import Outbox
from persistence.queries.operations import MESSAGES_WAITING

RECENT: Final = timedelta(seconds=10)
PATIENCE_SECONDS: Final = 3.0
PAUSE_SECONDS: Final = 0.02

_PAGE: Final = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Confirm a payment</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<style>body{{font:16px/1.5 system-ui;margin:3rem auto;max-width:30rem}}button{{font:inherit}}</style>
</head><body><main><h1>Sandbox payment</h1><p>Payment <code>{id}</code> is <strong>{status}</strong>.</p>
<form method="post"><button name="decision" value="approve">Approve</button>
<button name="decision" value="refuse">Refuse</button></form></main></body></html>"""

_PAGE_POLICY: Final = (
    "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)


class Confirmable(Protocol):
    """A payment provider whose customer's part can be played here."""

    async def look_up(self, intent_id: UUID, /) -> PaymentResult: ...
    async def approve(self, intent_id: UUID) -> PaymentResult: ...
    async def refuse(self, intent_id: UUID) -> PaymentResult: ...


class Development:
    """The routes, over each operator's outbox and sandbox."""

    def __init__(
        self,
        outboxes: Mapping[str, Outbox],
        sandboxes: Mapping[str, Confirmable],
        newcomers: Mapping[str, str] | None = None,
    ) -> None:
        self._outboxes, self._sandboxes = outboxes, sandboxes
        self.newcomers = newcomers or {}
        """By which phone number a newcomer begins, at each operator that has demo people."""

    @property
    def routes(self) -> list[Route]:
        return [
            Route("/", self.home, methods=["GET"]),
            Route("/dev/messages", self.messages, methods=["GET"]),
            Route("/dev/payments/{intent_id:uuid}", self.payment, methods=["GET"]),
            Route("/dev/payments/{intent_id:uuid}", self.decide, methods=["POST"]),
        ]

    async def home(self, request: Request) -> Response:
        """A browser that comes to the address finds GraphiQL."""
        return RedirectResponse("/graphql", status_code=307)

    async def messages(self, request: Request) -> Response:
        """What was told to an address, newest first. Waits a moment for what is on its way."""
        # A plus that was not escaped arrives as a space.
        to = re.sub(r"^ (?=[0-9])", "+", request.query_params.get("to", "")).strip()
        if not to:
            return problem(400, detail="Say whose messages: /dev/messages?to=%2B46701740605", code="BAD_USER_INPUT")
        services = services_of(request)
        loop = asyncio.get_running_loop()
        until, since = loop.time() + PATIENCE_SECONDS, services.clock.now() - RECENT
        # The worker is another process: there is no event of its to wait for.
        while await MESSAGES_WAITING.first(services.database, address=to, since=since) and loop.time() < until:  # noqa: ASYNC110
            await asyncio.sleep(PAUSE_SECONDS)
        sent = await self._outboxes[services.operator.slug].messages(to)
        return JSONResponse(
            [
                {
                    "to": each.to,
                    "channel": each.channel,
                    "text": each.text,
                    "sentAt": each.sent_at.isoformat(),
                    **({"subject": each.subject} if each.subject else {}),
                }
                for each in sent
            ]
        )

    async def payment(self, request: Request) -> Response:
        """The page that a bank would show."""
        intent_id: UUID = request.path_params["intent_id"]
        found = await self._sandboxes[services_of(request).operator.slug].look_up(intent_id)
        return _page(intent_id, found)

    async def decide(self, request: Request) -> Response:
        """What the customer decides there."""
        intent_id: UUID = request.path_params["intent_id"]
        services = services_of(request)
        sandbox = self._sandboxes[services.operator.slug]
        async with request.form() as form:
            decision = form.get("decision")
        if decision not in ("approve", "refuse"):
            return problem(400, detail="Send decision=approve or decision=refuse.", code="BAD_USER_INPUT")
        result = await (sandbox.approve(intent_id) if decision == "approve" else sandbox.refuse(intent_id))
        return _page(intent_id, result)


def _page(intent_id: UUID, found: PaymentResult) -> Response:
    if found.status is PaymentStatus.NOT_FOUND:
        raise NotFound
    page = _PAGE.format(id=escape(str(intent_id)), status=found.status)
    return HTMLResponse(page, headers={"Content-Security-Policy": _PAGE_POLICY})
