"""The API of all operators, until it is told to stop."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AsyncExitStack, suppress
from typing import Final

import uvicorn
from starlette.applications import Starlette

from api.app import Protection, build_app
from api.development import Development
from api.graphql.registered import ManifestError, read_manifests
from api.rates import Policies, Policy
from api.services import Services
from domain.kernel.errors import Unavailable
from kontant.demo import people
from kontant.http_servers import Server, together
from kontant.machine import fault_id
from kontant.settings import Settings, SettingsError
from kontant.wiring import Parts, parts_of

GRACE_SECONDS: Final = 10


async def serve(settings: Settings) -> None:
    """Serves until SIGTERM or SIGINT, and lets requests under way finish."""
    async with AsyncExitStack() as stack:
        parts = [await stack.enter_async_context(parts_of(settings, operator)) for operator in settings.operators]
        for each in parts:
            with suppress(Unavailable):  # it comes later, and then they are read; a wrong secret never becomes right
                await each.identity.key_set()
        try:
            app = _app(settings, parts)
        except ManifestError as wrong:
            raise SettingsError([f"documents.folder: {problem}" for problem in wrong.problems]) from None
        ports = sorted({settings.port_of(operator) for operator in settings.operators})
        servers = [Server(_config(app, settings.host, port)) for port in ports]
        await together(servers)


def _app(settings: Settings, parts: Sequence[Parts]) -> Starlette:
    services = [
        Services(
            operator=each.operator,
            database=each.database,
            executor=each.executor,
            identity=each.identity,
            top_ups=each.top_ups,
            payments=each.payments,
            words=each.words,
            clock=each.clock,
        )
        for each in parts
    ]
    protection = _protection(settings)
    if not settings.is_development:
        return build_app(services, new_id=fault_id, protection=protection)
    development = Development(
        {each.operator.slug: each.outbox for each in parts},
        {each.operator.slug: each.payments for each in parts},
        {each.operator.slug: cast[0].phone_number for each in parts if (cast := people(each.operator))},
    )
    return build_app(
        services, new_id=fault_id, development=development, first_port=settings.port, protection=protection
    )


def _protection(settings: Settings) -> Protection:
    """What is decided about strangers. Raises `ManifestError`."""
    folder, rates = settings.documents.folder, settings.rates
    return Protection(
        policies=Policies(
            address=Policy(rates.address_per_minute),
            client=Policy(rates.client_per_minute),
            customer=Policy(rates.customer_per_minute),
        ),
        trusted_proxies=settings.trusted_proxies,
        origins=settings.web_origins,
        registered=read_manifests(folder) if folder else (),
        registered_only=settings.documents.registered_only,
    )


def _config(app: Starlette, host: str, port: int) -> uvicorn.Config:
    return uvicorn.Config(
        app,
        host=host,
        port=port,
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,  # the application finds the sender behind the proxies that are trusted
        timeout_graceful_shutdown=GRACE_SECONDS,
    )
