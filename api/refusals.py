"""What is answered before a request comes to its route, in the words of that route."""

from __future__ import annotations

from starlette.types import ASGIApp, Scope

from api import oauth
from api.graphql.endpoint import refusal
from api.problem_details import fault_problem
from domain.kernel.errors import RateLimited


def refuse(scope: Scope, limited: RateLimited) -> ASGIApp:
    """The answer to who asks too often: an error of GraphQL, of OAuth, or a problem document."""
    path: str = scope["path"]
    if path == "/graphql":
        return refusal(scope, limited)
    if path.startswith("/oauth/"):
        return oauth.rate_limited(limited)
    answer = fault_problem(limited)
    assert answer is not None
    return answer
