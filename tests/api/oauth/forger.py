"""An identity provider that can be made to say anything, and the browser that goes there."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable, Mapping
from typing import Any, Final
from urllib.parse import parse_qs, parse_qsl, urlencode, urlsplit

import httpx2
from joserfc import jws, jwt
from joserfc.jwk import ECKey, OctKey, RSAKey

from auth.providers import ClaimNames, IdentityProvider, ProviderKind
from domain.kernel.access import StaffRole
from tests.support.time import TestClock

HIGH: Final = "urn:broker:high"
SECRET: Final = "the broker's and ours"
BROKER: Final = IdentityProvider(
    kind=ProviderKind.ELECTRONIC_ID,
    name="BankID",
    issuer="https://broker.example",
    client_id="norrsken",
    client_secret=SECRET,
    acr_values=(HIGH,),
    accepted_acr=frozenset({HIGH}),
    parameters={"ui": "same-device"},
    claims=ClaimNames(identity_number="pnr"),
)
EMPLOYER: Final = IdentityProvider(
    kind=ProviderKind.STAFF,
    name="staff",
    issuer="https://employer.example",
    client_id="norrsken",
    client_secret=SECRET,
    roles={"support": frozenset({StaffRole.AGENT}), "chiefs": frozenset({StaffRole.LEAD, StaffRole.ANALYST})},
)
KARIN: Final = {
    "sub": "karin",
    "given_name": "Karin",
    "family_name": "Lindqvist",
    "birthdate": "1985-07-12",
    "pnr": "19850712-9805",
    "acr": HIGH,
}


class Forger:
    """Answers for every provider. What it says can be changed before somebody comes; `None` leaves a claim out."""

    def __init__(self, clock: TestClock) -> None:
        self.clock = clock
        self.key: Any = ECKey.generate_key("P-256", {"kid": "first", "use": "sig", "alg": "ES256"})
        self.published: list[Any] = [self.key]
        self.forget()

    def forget(self) -> None:
        """Honest again."""
        self.published = [self.published[0]]
        self.key = self.published[0]
        self.who: dict[str, Any] = dict(KARIN)
        self.claims: dict[str, Any] = {}
        self.metadata: dict[str, Any] = {}
        self.token: dict[str, Any] = {}
        self.header: dict[str, Any] = {}
        self.failing: dict[str, Callable[[httpx2.Request], httpx2.Response]] = {}
        self.asked: dict[str, str] = {}
        self.redeemed: list[dict[str, str]] = []

    def transport(self) -> httpx2.AsyncBaseTransport:
        return httpx2.MockTransport(self._answer)

    def _answer(self, request: httpx2.Request) -> httpx2.Response:
        issuer, path = f"https://{request.url.host}", request.url.path
        for name, failing in self.failing.items():
            if path.endswith(name):
                return failing(request)
        if path.endswith("/openid-configuration"):
            addresses = {
                name: f"{issuer}/{path}"
                for name, path in (("authorization_endpoint", "go"), ("token_endpoint", "token"), ("jwks_uri", "jwks"))
            }
            return httpx2.Response(200, json={"issuer": issuer, **addresses, **self.metadata})
        if path == "/jwks":
            return httpx2.Response(200, json={"keys": [key.as_dict(private=False) for key in self.published]})
        assert path == "/token"
        return self._redeem(issuer, request)

    def _redeem(self, issuer: str, request: httpx2.Request) -> httpx2.Response:
        form = dict(parse_qsl(request.content.decode()))
        self.redeemed.append(form)
        challenge = base64.urlsafe_b64encode(hashlib.sha256(form["code_verifier"].encode()).digest()).rstrip(b"=")
        basic = base64.b64encode(f"norrsken:{SECRET}".encode()).decode()
        is_right = challenge.decode() == self.asked["code_challenge"] and form["code"] == "a-code"
        if not is_right or request.headers["authorization"] != f"Basic {basic}":
            return httpx2.Response(400, json={"error": "invalid_grant"})
        body = {"access_token": "at", "token_type": "Bearer", "id_token": self._id_token(issuer), **self.token}
        return httpx2.Response(200, json={name: value for name, value in body.items() if value is not None})

    def _id_token(self, issuer: str) -> str:
        now = int(self.clock.now().timestamp())
        claims = {
            "iss": issuer,
            "aud": "norrsken",
            "iat": now,
            "exp": now + 300,
            "auth_time": now,
            "nonce": self.asked["nonce"],
            **self.who,
            **self.claims,
        }
        header: dict[str, Any] = {"alg": "ES256", "kid": self.key.kid, **self.header}
        header = {name: value for name, value in header.items() if value is not None}
        said = {name: value for name, value in claims.items() if value is not None}
        if header["alg"] == "none":
            parts = (str(header).replace("'", '"'), str(said).replace("'", '"'))
            return ".".join(base64.urlsafe_b64encode(each.encode()).rstrip(b"=").decode() for each in parts) + "."
        registry = jws.JWSRegistry(algorithms=["ES256", "HS256", "RS256"])
        return jwt.encode(header, said, self.key, registry=registry)

    def went(self, response: httpx2.Response) -> dict[str, str]:
        """Follows somebody there, and says with what they come back if all is well."""
        assert response.status_code == 303, response.text
        address = urlsplit(response.headers["location"])
        assert address.path == "/go", response.headers["location"]
        self.asked = {name: value for name, [value] in parse_qs(address.query).items()}
        return {"code": "a-code", "state": self.asked["state"]}


async def come_back(http: httpx2.AsyncClient, answer: Mapping[str, str]) -> httpx2.Response:
    """The browser arrives at our address again."""
    return await http.get(f"/oauth/callback?{urlencode(answer)}")


def symmetric() -> OctKey:
    """A key of what both sides know, to pass for one of the provider's."""
    return OctKey.import_key(SECRET.encode().ljust(32, b"!"), {"kid": "first"})


def rsa() -> RSAKey:
    """A key that nobody has published."""
    return RSAKey.generate_key(2048, {"kid": "first"})
