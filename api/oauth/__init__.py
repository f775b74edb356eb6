"""The OAuth routes: how requests become parameters. What is granted, and to whom, is the authorization server's."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from starlette.routing import Route

from api.oauth.endpoints import Endpoints, rate_limited
from api.oauth.forms import LARGEST_BODY_BYTES
from api.oauth.page import SignInPage
from api.oauth.parts import PartsOf

__all__ = ["LARGEST_BODY_BYTES", "PATHS", "rate_limited", "routes"]

_EVERY_METHOD: Final = ["POST", "GET", "HEAD", "PUT", "PATCH", "DELETE", "OPTIONS"]
"""So that a wrong one is answered in the words of OAuth too."""

PATHS: Final = (
    "/.well-known/openid-configuration",
    "/.well-known/oauth-authorization-server",
    "/oauth/authorize",
    "/oauth/sign-in",
    "/oauth/callback",
    "/oauth/token",
    "/oauth/jwks",
    "/oauth/userinfo",
    "/oauth/revoke",
    "/oauth/introspect",
    "/oauth/logout",
)


def routes(parts_of: PartsOf) -> Sequence[Route]:
    """Everything under `/oauth`, and the metadata. Errors are JSON by RFC 6749, but for the pages that people see."""
    endpoints, page = Endpoints(parts_of), SignInPage(parts_of)
    return [
        Route("/.well-known/openid-configuration", endpoints.metadata, methods=["GET"]),
        Route("/.well-known/oauth-authorization-server", endpoints.metadata, methods=["GET"]),
        Route("/oauth/authorize", page.authorize, methods=["GET", "POST"]),
        Route("/oauth/sign-in", page.sign_in, methods=["POST"]),
        Route("/oauth/callback", page.come_back, methods=["GET"]),
        Route("/oauth/token", endpoints.token, methods=_EVERY_METHOD),
        Route("/oauth/jwks", endpoints.jwks, methods=["GET"]),
        Route("/oauth/userinfo", endpoints.userinfo, methods=["GET", "POST"]),
        Route("/oauth/revoke", endpoints.revoke, methods=_EVERY_METHOD),
        Route("/oauth/introspect", endpoints.introspect, methods=_EVERY_METHOD),
        Route("/oauth/logout", page.log_out, methods=["GET", "POST"]),
    ]
