"""Access tokens: JWTs by RFC 9068, signed with ES256, verified strictly and without the database."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from uuid import UUID

from joserfc import jws, jwt
from joserfc.errors import JoseError
from joserfc.jwk import ECKey

from auth.assurance import acr_of, assurance_of
from auth.headers import ALGORITHM, headers_of
from auth.keys import KeyRing
from domain.identity.session import Person, Session
from domain.kernel.access import (
    STAFF,
    Actor,
    ActorKind,
    Authentication,
    Delegation,
    StaffRole,
    SupportAccess,
    customer,
    impersonating,
    staff,
)
from domain.kernel.errors import Unauthenticated
from domain.operators.operator import Operator
from domain.support.session import SupportSession

LIFETIME: Final = timedelta(minutes=10)
CLOCKS_DIFFER_SECONDS: Final = 5
"""How far another machine's clock may be ahead when a token is used where it was not made."""
LONGEST: Final = 2048
"""In characters. Ours have about 650."""
TYPE: Final = "at+jwt"


_HEADERS: Final = headers_of(TYPE)


@dataclass(frozen=True, slots=True)
class AccessToken:
    """What a good token says."""

    actor: Actor
    expires_at: float
    """In seconds since 1970."""
    issued_at: float
    client_id: str


class UnknownKey(Unauthenticated):
    """The token names a key that is not known here, or not yet: another process may have made it."""


class AccessTokens:
    """Makes and reads one operator's access tokens. Issuer, audience and keys are this operator's only."""

    def __init__(self, operator: Operator, keys: KeyRing) -> None:
        self._issuer, self._keys = operator.issuer, keys
        self.audience = f"{operator.issuer}/graphql"

    def issue(self, session: Session, *, id: str, now: datetime) -> str:
        """A token for this session, good for 10 minutes. `id` is its `jti`, which no other token has."""
        claims: dict[str, Any] = {
            "sub": subject_of(session.person),
            "sid": str(session.id),
            "client_id": session.client_id,
            "auth_time": int(session.started_at.timestamp()),
            "acr": acr_of(session.method),
        }
        if session.roles:
            claims["roles"] = sorted(session.roles)
        if session.scope:
            claims["scope"] = session.scope
        if session.locale:
            claims["locale"] = session.locale
        return self._signed(claims, id=id, now=now, until=now + LIFETIME)

    def issue_to_act(self, session: SupportSession, *, client_id: str, id: str, now: datetime) -> str:
        """A token with which staff act for a customer (RFC 8693): good as long as their support session, at most."""
        claims = {
            "sub": str(session.customer_id),
            "act": {"sub": f"{STAFF}{session.staff_id}"},
            "sid": str(session.id),
            "client_id": client_id,
            "support_access": session.access.value,
        }
        return self._signed(claims, id=id, now=now, until=session.expires_at)

    def _signed(self, claims: dict[str, Any], *, id: str, now: datetime, until: datetime) -> str:
        key = self._keys.signing_key
        always = {"iss": self._issuer, "aud": self.audience, "jti": id}
        times = {"iat": int(now.timestamp()), "exp": int(until.timestamp())}
        header = {"alg": ALGORITHM, "typ": TYPE, "kid": key.kid}
        return jwt.encode(header, {**always, **times, **claims}, key, registry=_HEADERS)

    async def verified(self, token: str, *, now: datetime) -> AccessToken:
        """What the token says. Raises `Unauthenticated` unless everything about it is right, and `Unavailable`.

        A key that is not known here is looked for, once: another process may have made it.
        """
        await self._keys.load()
        try:
            return self.read(token, now=now)
        except UnknownKey:
            await self._keys.search()
            return self.read(token, now=now)

    def read(self, token: str, *, now: datetime) -> AccessToken:
        """As `verified`, with the keys that are known here; `UnknownKey` when it is worth looking for another."""
        if len(token) > LONGEST:
            raise Unauthenticated
        try:
            verified = jws.deserialize_compact(token, self._key_of, registry=_HEADERS)
            claims = json.loads(verified.payload)
            self._rules(now).validate(claims)
            # The leeway is for a clock that is ahead, not for tokens that come late.
            if claims["exp"] <= now.timestamp():
                raise Unauthenticated
            return AccessToken(_actor_of(claims), claims["exp"], claims["iat"], str(claims["client_id"]))
        except (JoseError, LookupError, ValueError, TypeError, AttributeError, RecursionError):
            # Whatever is odd about it, it is not one of ours.
            raise Unauthenticated from None

    def _key_of(self, token: Any) -> ECKey:
        """The key that the header names. Which one it is decides the algorithm too, never the token by itself."""
        key = self._keys.find(token.headers()["kid"])
        if key is None:
            raise UnknownKey
        return key

    def _rules(self, now: datetime) -> jwt.JWTClaimsRegistry:
        must_be_there = jwt.ClaimsOption(essential=True)
        return jwt.JWTClaimsRegistry(
            now=int(now.timestamp()),
            leeway=CLOCKS_DIFFER_SECONDS,
            iss=jwt.ClaimsOption(essential=True, value=self._issuer),
            aud=jwt.ClaimsOption(essential=True, value=self.audience),
            sub=must_be_there,
            sid=must_be_there,
            iat=must_be_there,
            exp=must_be_there,
            jti=must_be_there,
            client_id=must_be_there,
        )


def subject_of(person: Person) -> str:
    """What tokens call somebody: a customer by their id alone, and staff so that nobody takes them for a customer."""
    return f"{STAFF}{person.id}" if person.kind is ActorKind.STAFF else str(person.id)


def _actor_of(claims: dict[str, Any]) -> Actor:
    """Who acts with these claims: staff for a customer when there is an `act`, or staff, or a customer."""
    session_id, client_id = UUID(claims["sid"]), str(claims["client_id"])
    if "act" in claims:
        delegation = Delegation(session_id, SupportAccess(claims["support_access"]))
        staff_id = UUID(claims["act"]["sub"].removeprefix(STAFF))
        return impersonating(staff_id, UUID(claims["sub"]), delegation, client_id)
    authentication = Authentication(datetime.fromtimestamp(claims["auth_time"], UTC), assurance_of(claims["acr"]))
    if claims["sub"].startswith(STAFF):
        staff_id = UUID(claims["sub"].removeprefix(STAFF))
        return staff(staff_id, map(StaffRole, claims.get("roles", ())), session_id, client_id, authentication)
    return customer(UUID(claims["sub"]), session_id, client_id, claims.get("locale"), authentication)
