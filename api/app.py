"""The application: every route, and what stands around them."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, cast

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.routing import BaseRoute, Route
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

from api import oauth, webhooks
from api.browsers import Origins, SecurityHeaders
from api.context import Context
from api.development import Development
from api.examples import examples
from api.graphql.endpoint import GraphQLEndpoint
from api.graphql.errors import log_fault
from api.graphql.graphiql import graphiql_assets, graphiql_page
from api.graphql.registered import Registered
from api.hosts import Hosts, services_of
from api.operations import Measured, Metrics, operations_routes
from api.problem_details import MaskedFaults, NewId, exception_handlers
from api.rates import Policies, RateLimits, Rates, address_of, quota_of
from api.refusals import refuse
from api.schema import build_schema
from api.services import Services
from auth.identity import Identity
from domain.kernel.access import Actor, ActorKind
from domain.support.usecases import RecordSupportRequest
from gateways.words.negotiation import negotiate

ASSETS = "/dev/graphiql"


@dataclass(frozen=True, slots=True, kw_only=True)
class Protection:
    """What a deployment decides about strangers. See `docs/LIMITS.md`."""

    policies: Policies = field(default_factory=Policies)
    trusted_proxies: Sequence[str] = ()
    """Addresses and networks whose `X-Forwarded-For` is believed."""
    origins: Mapping[str, Sequence[str]] = field(default_factory=dict[str, Sequence[str]])
    """Of the web apps of each operator, by its short name."""
    registered: Sequence[Registered] = ()
    registered_only: bool = False


def build_app(
    services: Sequence[Services],
    *,
    new_id: NewId,
    development: Development | None = None,
    first_port: int | None = None,
    protection: Protection | None = None,
) -> Starlette:
    """The application of all operators. `development` and `first_port` are given on a developer's machine only.

    Raises `ManifestError` when a registered document is not valid.
    """
    protection = protection or Protection()
    metrics = Metrics()
    graphql = GraphQLEndpoint(
        build_schema(),
        context=context_of,
        on_operation=record_request,
        development=development is not None,
        on_fault=log_fault,
        new_id=new_id,
        registered=protection.registered,
        registered_only=protection.registered_only,
        page=_pages(services, development) if development else None,
    )
    routes: list[BaseRoute] = [
        Route("/graphql", graphql),
        *oauth.routes(services_of),
        *webhooks.ROUTES,
        *operations_routes(services, metrics),
    ]
    if development is not None:
        routes += [*development.routes, *graphiql_assets(ASSETS)]
    return Starlette(
        routes=routes,
        middleware=[
            Middleware(Measured, metrics=metrics),
            Middleware(SecurityHeaders),
            Middleware(MaskedFaults, new_id=new_id, on_fault=log_fault),
            *_proxies(protection.trusted_proxies),
            Middleware(RateLimits, rates=Rates(protection.policies, now=time.monotonic), refuse=refuse),
            Middleware(Hosts, services=services, first_port=first_port),
            Middleware(Origins, origins=protection.origins, development=development is not None),
        ],
        exception_handlers=exception_handlers(new_id=new_id, on_fault=log_fault),
    )


async def record_request(context: Context, fields: Callable[[], tuple[str, ...]]) -> None:
    """Keeps on record what staff ask for on a customer's behalf, before they get it (A4)."""
    if context.actor.is_impersonating:
        await context.services.executor.execute(RecordSupportRequest(fields=fields()), context.actor)


def _pages(services: Sequence[Services], development: Development) -> Callable[[Request], bytes]:
    """GraphiQL, with examples for the operator at whose address it is opened."""
    pages = {
        (operator := each.operator).slug: graphiql_page(
            examples(operator, development.newcomers.get(operator.slug, "")), title=operator.name, assets_path=ASSETS
        )
        for each in services
    }
    return lambda request: pages[services_of(request).operator.slug]


async def context_of(request: Request) -> Context:
    """Who asks, of which operator, in what language.

    Raises `Unauthenticated` for a token that is not good, and `RateLimited` for who asks too often.
    """
    services = services_of(request)
    actor = await services.identity.authenticator.actor(request.headers.get("authorization"))
    _count(request, services.identity, actor)
    locale = negotiate(request.headers.get("accept-language"), actor.locale, offered=services.operator.locales)
    return Context(services=services, actor=actor, locale=locale, address=address_of(request.scope))


def _count(request: Request, identity: Identity, actor: Actor) -> None:
    # An operator has one identity service, so that it stands for the operator here.
    quota = quota_of(request)
    if actor.client_id is not None:
        quota.take("client", (identity, actor.client_id))
    if actor.kind is not ActorKind.ANONYMOUS:
        quota.take("customer", (identity, actor.id))


def _proxies(trusted: Sequence[str]) -> list[Middleware]:
    """Finds the sender behind the proxies that are trusted. Nobody else is believed."""
    return [Middleware(cast("Any", ProxyHeadersMiddleware), trusted_hosts=list(trusted))] if trusted else []
