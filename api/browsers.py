"""What a browser is told: which pages of others may ask here, and what it must not do with the answers.

No answer depends on cookies, so no request of a foreign page has anybody's authority. All that is left is who may read
what is answered, and that a page cannot make its visitors' browsers work for it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from starlette.middleware.cors import CORSMiddleware
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.services import Services

LOCAL_ORIGINS: Final = r"https?://(localhost|127\.0\.0\.1|\[::1\]|[a-z0-9-]+\.localhost)(:\d{1,5})?"
"""Pages on a developer's own machine."""

CORS: Final[Mapping[str, Any]] = {
    "allow_methods": ("GET", "POST"),
    "allow_headers": ("Authorization", "Content-Type", "GraphQL-Require-Preflight", "traceparent", "tracestate"),
    "expose_headers": ("RateLimit", "RateLimit-Policy", "Retry-After", "WWW-Authenticate"),
    "max_age": 600,
}
_OPEN_PATHS: Final = ("/graphql", "/oauth/", "/.well-known/")

CONTENT_SECURITY_POLICY: Final = "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
"""For answers that are no pages. A page brings its own."""

_ALWAYS: Final = (
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"content-security-policy", CONTENT_SECURITY_POLICY.encode()),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"cache-control", b"no-store"),
)
_OVER_HTTPS: Final = (b"strict-transport-security", b"max-age=31536000")


class SecurityHeaders:
    """Middleware that says in every answer what a browser must not do. What a route says for itself stands."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                said = list(message.get("headers", ()))
                names = {name for name, _ in said}
                said += [header for header in _ALWAYS if header[0] not in names]
                if _is_https(scope):
                    said.append(_OVER_HTTPS)
                message["headers"] = said
            await send(message)

        await self._app(scope, receive, send_with_headers)


class Origins:
    """Middleware that lets pages of each operator's own origins read its answers, and no others.

    It stands behind the one that finds the operator. Credentials are never allowed: there are none but the token that a
    script sends itself.
    """

    def __init__(self, app: ASGIApp, *, origins: Mapping[str, Iterable[str]], development: bool) -> None:
        self._app = app
        self._origins = origins
        self._regex = LOCAL_ORIGINS if development else None
        self._by_operator: dict[str, CORSMiddleware] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        cors = self._cors(scope)
        if cors is None:
            await self._app(scope, receive, send)
            return
        origin = _origin(scope)
        scope["origin_allowed"] = origin is not None and cors.is_allowed_origin(origin)
        # Answers of GraphQL are never kept, so without an origin there is nothing to say of it.
        app = self._app if origin is None and scope["path"] == "/graphql" else cors
        await app(scope, receive, send)

    def _cors(self, scope: Scope) -> CORSMiddleware | None:
        services: Services | None = scope.get("services")
        if services is None or not scope["path"].startswith(_OPEN_PATHS):
            return None
        slug = services.operator.slug
        cors = self._by_operator.get(slug)
        if cors is None:
            origins = tuple(self._origins.get(slug, ()))
            cors = CORSMiddleware(self._app, allow_origins=origins, allow_origin_regex=self._regex, **CORS)
            self._by_operator[slug] = cors
        return cors


def _origin(scope: Scope) -> str | None:
    return next((value.decode("latin-1") for name, value in scope["headers"] if name == b"origin"), None)


def _is_https(scope: Scope) -> bool:
    services: Services | None = scope.get("services")
    return services is not None and services.operator.issuer.startswith("https://")
