"""What `kontant run` says when it is ready: where to go, who is there, and how to sign in."""

from __future__ import annotations

from typing import Any

from domain.operators.operator import Operator
from kontant.settings import Settings


def facts(settings: Settings) -> dict[str, Any]:
    """The same for a script."""
    return {
        "environment": settings.environment,
        "operators": [
            {
                "slug": operator.slug,
                "url": f"{_address(settings, operator)}/graphql",
                "issuer": operator.issuer,
                "hosts": list(operator.hosts),
                "people": [{"phoneNumber": phone, "about": about} for phone, about in _people(settings, operator)],
            }
            for operator in settings.operators
        ],
        "identityProvider": _demo_provider(settings),
        "log": str(settings.log_file) if settings.log_file else None,
    }


def _demo_provider(settings: Settings) -> str | None:
    port = settings.demo_identities_port
    return f"http://localhost:{port}" if port is not None else None


def banner(settings: Settings, seconds: float) -> str:
    """A page for a person at a terminal."""
    lines = [f"Kontant is ready ({settings.environment}, {seconds:.1f} s).", ""]
    for operator in settings.operators:
        where = f"{_address(settings, operator)}/graphql"
        lines.append(f"  {operator.name} ({operator.country}, {operator.currency})  {where}")
        lines += [f"      {phone:<14} {about}" for phone, about in _people(settings, operator)]
        lines.append("")
    if settings.is_development:
        lines += [*_sign_in(settings), ""]
    if log := settings.log_file:
        lines.append(f"Log: {log}")
    lines.append("Stop with Ctrl-C.")
    return "\n".join(lines)


def _address(settings: Settings, operator: Operator) -> str:
    return f"http://localhost:{settings.port_of(operator)}" if settings.is_development else operator.issuer


def _people(settings: Settings, operator: Operator) -> list[tuple[str, str]]:
    if not settings.is_development:
        return []
    from kontant.demo import people

    return [(person.phone_number, f"{person.name}, {person.about}") for person in people(operator)]


def _identities(settings: Settings) -> list[str]:
    provider = _demo_provider(settings)
    if provider is None:
        return []
    return [
        "Staff sign in with OpenID Connect as the client demo-support, customers surely with",
        "  acr_values=urn:kontant:acr:electronic-id: both choose a name from a list at the demo's identity provider,",
        f"  {provider}",
    ]


def _sign_in(settings: Settings) -> list[str]:
    operator = settings.operators[0]
    phone = next((phone for phone, _ in _people(settings, operator)), "")
    address = _address(settings, operator)
    return [
        f"Open {address}/graphql in a browser (GraphiQL), or sign in from a shell:",
        f"  curl {address}/graphql -H 'Content-Type: application/json' -d \\",
        '    \'{"query": "mutation { requestSignInCode(input: {phoneNumber: \\"'
        + phone
        + '\\"}) { challengeId expiresAt } }"}\'',
        f"  curl -G {address}/dev/messages --data-urlencode 'to={phone}'       # the code",
        f"  curl {address}/oauth/token -d client_id=kontant-app -d challenge_id=... -d code=... \\",
        "    -d grant_type=urn:kontant:grant-type:sign-in-code",
        "and send the access token along: -H 'Authorization: Bearer ...'",
        *_identities(settings),
    ]
