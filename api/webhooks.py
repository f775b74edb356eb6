"""What payment providers call. A webhook is a hint: it is verified, and then the provider is asked (INVARIANTS P5)."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from api.hosts import services_of
from api.problem_details import problem
from domain.kernel.errors import NotFound
from domain.payments.ports import WebhookRejected

MOST_BYTES = 64_000


async def payment_webhook(request: Request) -> Response:
    """Takes the top-up further that it hints at. What is settled or not known is answered 2xx: no more is wanted."""
    services = services_of(request)
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > MOST_BYTES:
            return problem(413, detail="A webhook has at most 64 kB.", code="PAYLOAD_TOO_LARGE")
    try:
        intent_id = services.payments.read_webhook(bytes(body), dict(request.headers))
    except WebhookRejected:
        return problem(400, detail="The signature is missing, wrong or too old.", code="WEBHOOK_REJECTED")
    try:
        await services.top_ups.resume(intent_id)
    except NotFound:
        return Response(status_code=202)
    return Response(status_code=204)


ROUTES = [Route("/webhooks/sandbox", payment_webhook, methods=["POST"])]
