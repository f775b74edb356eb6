"""What may stand in `kontant.toml` about identity providers: who is asked, and what the answers mean.

`docs/IDENTITY_PROVIDERS.md` explains each setting.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Final
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, SecretStr

from auth.providers import ClaimNames, IdentityProvider, ProviderKind
from domain.kernel.access import StaffRole
from kontant.settings.values import Section, is_safe

_OURS: Final = frozenset(
    {
        "acr_values", "client_id", "code_challenge", "code_challenge_method", "max_age", "nonce", "prompt",
        "redirect_uri", "request", "request_uri", "response_mode", "response_type", "scope", "state",
    }
)  # fmt: skip
"""Parameters that the flow itself decides."""
_STANDARD: Final = ClaimNames()


def _issuer(url: str) -> str:
    parts = urlsplit(url)
    if parts.scheme not in ("https", "http") or not parts.hostname or parts.query or parts.fragment or "@" in url:
        raise ValueError(f"{url!r} is not an issuer such as https://broker.example")
    if not is_safe(url):
        raise ValueError(f"{url!r} must begin with https://")
    return url


def _parameters(given: Mapping[str, str]) -> Mapping[str, str]:
    if taken := sorted(_OURS & given.keys()):
        raise ValueError(f"{', '.join(taken)} cannot be given here: the flow decides that itself")
    return given


Text = Annotated[str, Field(min_length=1, max_length=255)]


class ClaimsSection(Section):
    """`claims`: what the provider calls what is needed of it."""

    subject: Text = _STANDARD.subject
    name: Text = _STANDARD.name
    given_name: Text = _STANDARD.given_name
    family_name: Text = _STANDARD.family_name
    birth_date: Text = _STANDARD.birth_date
    identity_number: Text | None = None
    groups: Text = _STANDARD.groups


class _ProviderSection(Section):
    issuer: Annotated[str, AfterValidator(_issuer)]
    client_id: Text
    client_secret: SecretStr | None = None
    scopes: tuple[Text, ...] = ("openid", "profile")
    acr_values: tuple[Text, ...] = ()
    parameters: Annotated[dict[str, str], AfterValidator(_parameters)] = Field(default_factory=dict[str, str])
    claims: ClaimsSection = ClaimsSection()

    def problems(self, name: str) -> Iterator[str]:
        """What is wrong although each setting is right by itself."""
        if self.client_secret is None:
            yield f"{name}.client_secret: is missing; it is given in the environment only"
        if "openid" not in self.scopes:
            yield f"{name}.scopes: must have openid"

    def _common(self, accepted_acr: tuple[str, ...]) -> dict[str, Any]:
        return {
            "accepted_acr": frozenset(accepted_acr),
            "issuer": self.issuer,
            "client_id": self.client_id,
            "client_secret": self.client_secret.get_secret_value() if self.client_secret else "",
            "scopes": self.scopes,
            "acr_values": self.acr_values,
            "parameters": self.parameters,
            "claims": ClaimNames(**self.claims.model_dump()),
        }


class ElectronicIdSection(_ProviderSection):
    """`[operators.….electronic_id]`"""

    name: Annotated[str, Field(min_length=1, max_length=40)]
    accepted_acr: Annotated[tuple[Text, ...], Field(min_length=1)]

    def to_provider(self) -> IdentityProvider:
        return IdentityProvider(kind=ProviderKind.ELECTRONIC_ID, name=self.name, **self._common(self.accepted_acr))


class StaffSignInSection(_ProviderSection):
    """`[operators.….staff_sign_in]`"""

    accepted_acr: tuple[Text, ...] = ()
    roles: Annotated[dict[Text, Annotated[tuple[StaffRole, ...], Field(min_length=1)]], Field(min_length=1)]

    def to_provider(self) -> IdentityProvider:
        roles = {group: frozenset(roles) for group, roles in self.roles.items()}
        common = self._common(self.accepted_acr)
        return IdentityProvider(kind=ProviderKind.STAFF, name="staff", roles=roles, **common)


DEMO_PORTS_ON: Final = 90
"""The demo's provider is served so many ports after the first operator."""
DEMO_CLIENT_ID: Final = "kontant"
DEMO_CLIENT_SECRET: Final = "a secret of the demo's provider, and no secret"
DEMO_ACR: Final = "urn:demo:acr:high"
DEMO_GROUPS: Final = {f"demo-{role.lower().replace('_', '-')}s": role for role in StaffRole}


def demo_providers(base: str) -> tuple[IdentityProvider, ...]:
    """Two that stand in on a developer's machine: one for customers and one for staff, under this address."""
    return (
        IdentityProvider(
            kind=ProviderKind.ELECTRONIC_ID,
            name="Demo-ID",
            issuer=f"{base}/{ProviderKind.ELECTRONIC_ID}",
            client_id=DEMO_CLIENT_ID,
            client_secret=DEMO_CLIENT_SECRET,
            acr_values=(DEMO_ACR,),
            accepted_acr=frozenset({DEMO_ACR}),
            claims=ClaimNames(identity_number="identity_number"),
        ),
        IdentityProvider(
            kind=ProviderKind.STAFF,
            name="staff",
            issuer=f"{base}/{ProviderKind.STAFF}",
            client_id=DEMO_CLIENT_ID,
            client_secret=DEMO_CLIENT_SECRET,
            roles={group: frozenset({role}) for group, role in DEMO_GROUPS.items()},
        ),
    )
