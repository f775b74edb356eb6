"""Access tokens, and what people try with them."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import AsyncGenerator, Callable
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from joserfc import jws
from joserfc.jwk import ECKey, RSAKey

from auth.keys import KeyRing
from auth.tokens import LONGEST, AccessTokens
from domain.identity.session import AuthenticationMethod, Person, Session
from domain.kernel.errors import Unauthenticated
from domain.operators.operator import Operator
from persistence.database import Database, open_database
from tests.auth.support import SECRET
from tests.support.databases import TestServer
from tests.support.operators import BALTIKA, NORRSKEN
from tests.support.time import START, TestClock

KARIN, SESSION = uuid4(), uuid4()


class Issuer:
    """Signs what it is told to, with the operator's own key unless told otherwise."""

    def __init__(self, operator: Operator, ring: KeyRing, clock: TestClock) -> None:
        self.tokens, self.ring, self._clock = AccessTokens(operator, ring), ring, clock

    def good(self) -> str:
        session = Session(
            id=SESSION,
            person=Person.customer(KARIN),
            method=AuthenticationMethod.SMS_CODE,
            client_id="kontant-app",
            started_at=START,
            generation_at=START,
        )
        return self.tokens.issue(session, id="1", now=self._clock.now())

    def made(
        self,
        header: dict[str, Any] | None = None,
        claims: dict[str, Any] | None = None,
        *,
        key: Any = None,
        without: tuple[str, ...] = (),
    ) -> str:
        """A good token but for these changes; `without` drops header parameters and claims."""
        first, second, _ = self.good().split(".")
        new_header = {n: v for n, v in (read(first) | (header or {})).items() if n not in without}
        new_claims = {n: v for n, v in (read(second) | (claims or {})).items() if n not in without}
        return signed(new_header, json.dumps(new_claims).encode(), key or self.ring.signing_key)

    def read(self, token: str) -> UUID:
        subject = self.tokens.read(token, now=self._clock.now()).actor.subject
        assert subject is not None
        return subject


def read(part: str) -> dict[str, Any]:
    return json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))


def encoded(value: Any) -> str:
    text = value if isinstance(value, bytes) else json.dumps(value).encode()
    return base64.urlsafe_b64encode(text).rstrip(b"=").decode()


def signed(header: dict[str, Any], payload: bytes, key: Any) -> str:
    """Signed without a look at what it is: a forger's tool has no scruples."""
    text = f"{encoded(header)}.{encoded(payload)}"
    algorithm = jws.JWSRegistry.algorithms[header.get("alg", "ES256")]
    return f"{text}.{encoded(algorithm.sign(text.encode(), key))}"


@pytest.fixture(scope="module")
def foreign_key() -> ECKey:
    return ECKey.generate_key("P-256", auto_kid=True)


@pytest.fixture
async def issuer(norrsken: Operator, database: Database, clock: TestClock) -> Issuer:
    ring = KeyRing(norrsken, database, SECRET, clock)
    await ring.load()
    return Issuer(norrsken, ring, clock)


async def test_a_good_token_says_whose_it_is(issuer: Issuer, norrsken: Operator) -> None:
    header, claims, _ = issuer.good().split(".")
    assert read(header) == {"alg": "ES256", "typ": "at+jwt", "kid": issuer.ring.signing_key.kid}
    now = int(START.timestamp())
    assert read(claims) == {
        "iss": norrsken.issuer,
        "sub": str(KARIN),
        "aud": f"{norrsken.issuer}/graphql",
        "iat": now,
        "exp": now + 600,
        "jti": "1",
        "sid": str(SESSION),
        "client_id": "kontant-app",
        "auth_time": now,
        "acr": "urn:kontant:acr:sign-in-code",
    }
    assert issuer.read(issuer.good()) == KARIN


async def test_a_forgers_tool_makes_good_tokens_when_it_changes_nothing(issuer: Issuer) -> None:
    """Else the attacks below would fail for another reason than the one they are about."""
    assert issuer.read(issuer.made()) == KARIN


async def test_a_token_is_good_for_ten_minutes(issuer: Issuer, clock: TestClock) -> None:
    token = issuer.good()
    clock.advance(timedelta(seconds=599))
    assert issuer.read(token) == KARIN
    clock.advance(timedelta(seconds=1))
    with pytest.raises(Unauthenticated):
        issuer.read(token)


async def test_a_clock_that_is_a_little_ahead_does_no_harm(issuer: Issuer) -> None:
    assert issuer.read(issuer.made(claims={"iat": START.timestamp() + 5})) == KARIN


Attack = Callable[[Issuer, ECKey], str]


def unsigned(header: dict[str, Any]) -> Attack:
    def attack(issuer: Issuer, _: ECKey) -> str:
        first, second, _third = issuer.good().split(".")
        return f"{encoded(read(first) | header)}.{second}."

    return attack


def mac_with_public_key(as_bytes: Callable[[ECKey], bytes]) -> Attack:
    """The public key is known to all; a careless verifier takes it for a shared secret."""

    def attack(issuer: Issuer, _: ECKey) -> str:
        first, second, _third = issuer.good().split(".")
        text = f"{encoded(read(first) | {'alg': 'HS256'})}.{second}"
        mac = hmac.digest(as_bytes(issuer.ring.signing_key), text.encode(), hashlib.sha256)
        return f"{text}.{encoded(mac)}"

    return attack


def header(*, without: tuple[str, ...] = (), **changes: Any) -> Attack:
    return lambda issuer, _: issuer.made(header=changes, without=without)


def claims(*, without: tuple[str, ...] = (), **changes: Any) -> Attack:
    return lambda issuer, _: issuer.made(claims=changes, without=without)


def own_key(**header: Any) -> Attack:
    """Signed with a key that the token brings along."""

    def attack(issuer: Issuer, foreign: ECKey) -> str:
        jwk = foreign.as_dict(private=False)
        return issuer.made(header={n: jwk if v == "JWK" else v for n, v in header.items()}, key=foreign)

    return attack


def rsa(issuer: Issuer, _: ECKey) -> str:
    return issuer.made(header={"alg": "RS256"}, key=RSAKey.generate_key(2048))


def changed_claims(issuer: Issuer, _: ECKey) -> str:
    first, second, third = issuer.good().split(".")
    return f"{first}.{encoded(read(second) | {'sub': str(uuid4())})}.{third}"


def changed_signature(issuer: Issuer, _: ECKey) -> str:
    token = issuer.good()
    return token[:-10] + ("A" if token[-10] != "A" else "B") + token[-9:]


def zero_signature(issuer: Issuer, _: ECKey) -> str:
    """Once accepted by a well-known library: r = s = 0."""
    return issuer.good().rpartition(".")[0] + "." + encoded(bytes(64))


def payload_that_is_no_object(issuer: Issuer, _: ECKey) -> str:
    head = {"alg": "ES256", "typ": "at+jwt", "kid": issuer.ring.signing_key.kid}
    return signed(head, b'["sub"]', issuer.ring.signing_key)


def encrypted_shape(issuer: Issuer, _: ECKey) -> str:
    return ".".join([issuer.good().split(".")[0]] * 5)


def nested_header(issuer: Issuer, _: ECKey) -> str:
    _first, second, third = issuer.good().split(".")
    return f"{encoded(b'[' * 380)}.{second}.{third}"


NOW = int(START.timestamp())
ATTACKS: dict[str, Attack] = {
    "alg none": unsigned({"alg": "none"}),
    "alg None, spelt otherwise": unsigned({"alg": "nOnE"}),
    "alg none with a signature": lambda i, _: i.made().replace(i.made().split(".")[0], encoded({"alg": "none"}), 1),
    "no signature": unsigned({}),
    "HS256 with the public key as PEM": mac_with_public_key(lambda key: key.as_pem(private=False)),
    "HS256 with the public key as DER": mac_with_public_key(lambda key: key.as_der(private=False)),
    "HS256 with the public key as JWK": mac_with_public_key(lambda k: json.dumps(k.as_dict(private=False)).encode()),
    "RS256 with a key of one's own": rsa,
    "ES256 with a key of one's own under our kid": lambda i, foreign: i.made(key=foreign),
    "a key of one's own in jwk": own_key(jwk="JWK"),
    "a key of one's own in jwk under its kid": own_key(jwk="JWK", kid="mine"),
    "a key set of one's own in jku": own_key(jku="https://attacker.example/jwks"),
    "a certificate of one's own in x5c": own_key(x5c=["MIIB"]),
    "a certificate of one's own in x5u": own_key(x5u="https://attacker.example/cert"),
    "jwk, though signed by us": header(jwk={"kty": "EC"}),
    "crit": header(crit=["exp"], exp=NOW + 60),
    "crit that is not understood": lambda i, _: i.made(
        {"crit": ["https://example.com/x"], "https://example.com/x": True}
    ),
    "crit that is no list": header(crit=1),
    "payload not encoded (b64)": header(b64=False, crit=["b64"]),
    "an unknown header parameter": header(zip="DEF"),
    "kid missing": header(without=("kid",)),
    "kid unknown": header(kid="unknown"),
    "kid as a path": header(kid="../../../../dev/null"),
    "kid as SQL": header(kid="x' union select 'key"),
    "kid that is no text": lambda i, _: ".".join(
        [encoded({"alg": "ES256", "typ": "at+jwt", "kid": ["a"]}), "e30", "e30"]
    ),
    "typ missing": header(without=("typ",)),
    "typ of an ID token": header(typ="JWT"),
    "typ of a log-out token": header(typ="logout+jwt"),
    "iss of another": claims(iss="https://attacker.example"),
    "iss of the other operator": claims(iss=BALTIKA.issuer),
    "iss with a slash": claims(iss="http://norrsken.localhost/"),
    "iss missing": claims(without=("iss",)),
    "iss that is a list": claims(iss=["http://norrsken.localhost"]),
    "aud of another": claims(aud="https://other.example/graphql"),
    "aud of the app, as an ID token has": claims(aud="kontant-app"),
    "aud missing": claims(without=("aud",)),
    "expired": claims(exp=NOW),
    "exp missing": claims(without=("exp",)),
    "exp that is text": claims(exp=str(NOW + 600)),
    "exp that never comes": claims(exp=float("inf")),
    "exp that is no number": claims(exp=float("nan")),
    "iat in the future": claims(iat=NOW + 6),
    "iat missing": claims(without=("iat",)),
    "nbf in the future": claims(nbf=NOW + 6),
    "sub missing": claims(without=("sub",)),
    "sub that is no id": claims(sub="admin"),
    "sid missing": claims(without=("sid",)),
    "sid that is no id": claims(sid=7),
    "jti missing": claims(without=("jti",)),
    "client_id missing": claims(without=("client_id",)),
    "claims changed after signing": changed_claims,
    "signature changed": changed_signature,
    "signature of zeros": zero_signature,
    "claims that are no object": payload_that_is_no_object,
    "oversized, though signed by us": claims(extra="x" * LONGEST),
    "two megabytes": lambda i, _: i.good() + "A" * 2_000_000,
    "five parts": encrypted_shape,
    "a header of brackets": nested_header,
    "nothing": lambda i, _: "",
    "dots": lambda i, _: "..",
    "no base64": lambda i, _: "!.!.!",
    "not even ASCII": lambda i, _: "é.\ud800.\x00",
}


@pytest.fixture(scope="module")
async def one_issuer(server: TestServer) -> AsyncGenerator[Issuer]:
    """One database for all attacks: none of them touches it."""
    name = await server.new_database()
    database = await open_database(server.server.application_url(name), connections=1)
    clock = TestClock()
    ring = KeyRing(NORRSKEN, database, SECRET, clock)
    await ring.load()
    yield Issuer(NORRSKEN, ring, clock)
    await database.close()
    await server.drop(name)


@pytest.mark.parametrize("name", ATTACKS)
def test_a_forged_token_is_refused(one_issuer: Issuer, foreign_key: ECKey, name: str) -> None:
    forged = ATTACKS[name](one_issuer, foreign_key)
    with pytest.raises(Unauthenticated):
        one_issuer.read(forged)
