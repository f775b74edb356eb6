"""ID tokens (OpenID Connect Core): what an app is told of who has signed in. They open nothing."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from joserfc import jws, jwt
from joserfc.errors import JoseError

from auth.assurance import acr_of, amr_of
from auth.headers import ALGORITHM, headers_of
from auth.keys import KeyRing
from auth.tokens import LIFETIME, LONGEST, subject_of
from domain.identity.session import Session
from domain.operators.operator import Operator

TYPE: Final = "JWT"
# As access tokens have them; only the type differs, so that neither passes for the other.
_HEADERS: Final = headers_of(TYPE)


@dataclass(frozen=True, slots=True)
class IdTokenHint:
    """Which session an ID token was about, and whose client it was for."""

    session_id: UUID
    client_id: str


class IdTokens:
    """Makes one operator's ID tokens, and reads them when they come back as a hint."""

    def __init__(self, operator: Operator, keys: KeyRing) -> None:
        self._issuer, self._keys = operator.issuer, keys

    def issue(self, session: Session, *, nonce: str | None, now: datetime) -> str:
        """A token for the session's client."""
        issued_at = int(now.timestamp())
        claims: dict[str, Any] = {
            "iss": self._issuer,
            "sub": subject_of(session.person),
            "aud": session.client_id,
            "iat": issued_at,
            "exp": issued_at + int(LIFETIME.total_seconds()),
            "auth_time": int(session.started_at.timestamp()),
            "acr": acr_of(session.method),
            "sid": str(session.id),
        }
        if amr := amr_of(session.method):
            claims["amr"] = list(amr)
        if nonce is not None:
            claims["nonce"] = nonce
        key = self._keys.signing_key
        return jwt.encode({"alg": ALGORITHM, "typ": TYPE, "kid": key.kid}, claims, key, registry=_HEADERS)

    def read_hint(self, token: str) -> IdTokenHint | None:
        """What a token of ours says, be it expired; None for any other."""
        if len(token) > LONGEST:
            return None
        try:
            verified = jws.deserialize_compact(token, self._key_of, registry=_HEADERS)
            claims = json.loads(verified.payload)
            if claims["iss"] != self._issuer:
                return None
            return IdTokenHint(UUID(claims["sid"]), str(claims["aud"]))
        except (JoseError, ValueError, TypeError, KeyError, AttributeError, RecursionError):
            return None

    def _key_of(self, token: Any) -> Any:
        key = self._keys.find(token.headers()["kid"])
        if key is None:
            raise ValueError("The key is not known, or gone.")
        return key
