"""Which operator a request is for: the one whose host it names; on a developer's machine, also by the port."""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence
from typing import Any, Final

from starlette.requests import HTTPConnection
from starlette.types import ASGIApp, Receive, Scope, Send

from api.problem_details import OAUTH, oauth_error, problem
from api.services import Services

EVERY_HOST: Final = frozenset({"/healthz", "/readyz", "/metrics"})
"""Asked by whoever watches the process, not by an operator's customers."""


class Hosts:
    """Middleware that finds the operator, and refuses a request that is addressed to none."""

    def __init__(self, app: ASGIApp, *, services: Sequence[Services], first_port: int | None) -> None:
        self._app = app
        self._by_host = {host: each for each in services for host in each.operator.hosts}
        self._by_port = {first_port + n: each for n, each in enumerate(services)} if first_port is not None else {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"] in EVERY_HOST:
            await self._app(scope, receive, send)
            return
        services = self._services(scope)
        if services is None:
            detail = "No operator is served under this host name."
            is_oauth = scope["path"].startswith(OAUTH)
            answer = oauth_error(421, detail) if is_oauth else problem(421, detail=detail, code="UNKNOWN_HOST")
            await answer(scope, receive, send)
            return
        scope["services"] = services
        await self._app(scope, receive, send)

    def _services(self, scope: Scope) -> Services | None:
        named = next((value for name, value in scope["headers"] if name == b"host"), b"").decode("latin-1").lower()
        host = _without_port(named)
        found = self._by_host.get(host)
        if found is None and self._by_port and _is_this_machine(host):
            server: Any = scope.get("server")
            return self._by_port.get(server[1]) if server else None
        return found


def services_of(request: HTTPConnection) -> Services:
    """What the routes of the request's operator work with."""
    return request.scope["services"]


def _without_port(named: str) -> str:
    if named.startswith("["):
        return named.partition("]")[0].removeprefix("[")
    return named.partition(":")[0]


def _is_this_machine(host: str) -> bool:
    """A name that only this machine has for itself; any other may be a stranger's page that points here."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
