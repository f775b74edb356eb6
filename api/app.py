"""The application: every route, and what stands around them."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.routing import BaseRoute, Route

from api import oauth, webhooks
from api.context import Context
from api.development import Development
from api.examples import EXAMPLES
from api.graphql.endpoint import GraphQLEndpoint
from api.graphql.errors import log_fault
from api.graphql.graphiql import graphiql_assets, graphiql_page
from api.hosts import Hosts, services_of
from api.operations import Measured, Metrics, operations_routes
from api.problem_details import MaskedFaults, NewId, exception_handlers
from api.schema import build_schema
from api.services import Services
from domain.support.usecases import RecordSupportRequest
from gateways.words.negotiation import negotiate

ASSETS = "/dev/graphiql"


def build_app(
    services: Sequence[Services],
    *,
    new_id: NewId,
    development: Development | None = None,
    first_port: int | None = None,
) -> Starlette:
    """The application of all operators. `development` and `first_port` are given on a developer's machine only."""
    metrics = Metrics()
    graphql = GraphQLEndpoint(
        build_schema(),
        context=context_of,
        on_operation=record_request,
        development=development is not None,
        on_fault=log_fault,
        new_id=new_id,
        page=graphiql_page(EXAMPLES, title="Kontant", assets_path=ASSETS) if development else None,
    )
    routes: list[BaseRoute] = [
        Route("/graphql", graphql),
        *oauth.routes(lambda request: services_of(request).identity),
        *webhooks.ROUTES,
        *operations_routes(services, metrics),
    ]
    if development is not None:
        routes += [*development.routes, *graphiql_assets(ASSETS)]
    return Starlette(
        routes=routes,
        middleware=[
            Middleware(Measured, metrics=metrics),
            Middleware(MaskedFaults, new_id=new_id, on_fault=log_fault),
            Middleware(Hosts, services=services, first_port=first_port),
        ],
        exception_handlers=exception_handlers(new_id=new_id, on_fault=log_fault),
    )


async def record_request(context: Context, fields: Callable[[], tuple[str, ...]]) -> None:
    """Keeps on record what staff ask for on a customer's behalf, before they get it (A4)."""
    if context.actor.is_impersonating:
        await context.services.executor.execute(RecordSupportRequest(fields=fields()), context.actor)


async def context_of(request: Request) -> Context:
    """Who asks, of which operator, in what language. Raises `Unauthenticated` for a token that is not good."""
    services = services_of(request)
    actor = await services.identity.authenticator.actor(request.headers.get("authorization"))
    locale = negotiate(request.headers.get("accept-language"), None, offered=services.operator.locales)
    return Context(services=services, actor=actor, locale=locale)
