"""The operator's signing keys (ES256): made on first use, kept with their private half encrypted."""

from __future__ import annotations

import asyncio
import json
import os
from typing import Any, Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from joserfc.jwk import ECKey

from auth.derivation import derived_key
from domain.kernel.time import Clock
from domain.operators.operator import Operator
from persistence.database import Database
from persistence.repositories.identity import KeptKey, SigningKeys

NONCE_BYTES: Final = 12


class WrongSecret(Exception):
    """The signing keys were encrypted with another deployment secret than this one."""


class KeyRing:
    """One operator's keys, read once. Until that has worked, whoever needs them tries again."""

    def __init__(self, operator: Operator, database: Database, secret: bytes, clock: Clock) -> None:
        self._operator, self._clock = operator, clock
        self._kept = SigningKeys(database)
        self._cipher = AESGCM(derived_key(secret, operator=operator.slug, purpose="signing-keys"))
        self._keys: dict[str, ECKey] = {}
        self._loading = asyncio.Lock()

    async def load(self) -> None:
        """Reads the keys, and makes the first one if there is none. Does nothing the second time.

        Raises `Unavailable`, and `WrongSecret`.
        """
        if self._keys:
            return
        async with self._loading:
            if self._keys:
                return
            kept = await self._kept.all()
            if not kept:
                # Of several processes that come here at once one is first, and all go on with its key.
                await self._kept.add(self._new_key(number=1), self._clock.now())
                kept = await self._kept.all()
            self._keys = {key.id: self._opened(key) for key in kept}

    @property
    def signing_key(self) -> ECKey:
        """The newest key. `load` comes first."""
        return next(reversed(self._keys.values()))

    def find(self, id: str) -> ECKey | None:
        """The key that tokens call by this `kid`."""
        return self._keys.get(id)

    def public(self) -> dict[str, Any]:
        """The public halves as a JWK Set (RFC 7517)."""
        return {"keys": [key.as_dict(private=False) for key in self._keys.values()]}

    def _new_key(self, *, number: int) -> KeptKey:
        key = ECKey.generate_key("P-256", {"use": "sig", "alg": "ES256"}, auto_kid=True)
        assert key.kid is not None
        nonce = os.urandom(NONCE_BYTES)
        private = json.dumps(key.as_dict(private=True)).encode()
        return KeptKey(
            number=number,
            id=key.kid,
            public_jwk=key.as_dict(private=False),
            private_jwk=nonce + self._cipher.encrypt(nonce, private, self._context(key.kid)),
        )

    def _opened(self, kept: KeptKey) -> ECKey:
        nonce, encrypted = kept.private_jwk[:NONCE_BYTES], kept.private_jwk[NONCE_BYTES:]
        try:
            private = self._cipher.decrypt(nonce, encrypted, self._context(kept.id))
        except InvalidTag:
            raise WrongSecret(
                f"The signing keys of {self._operator.slug} were encrypted with another secret than this deployment's."
            ) from None
        return ECKey.import_key(json.loads(private))

    def _context(self, key_id: str) -> bytes:
        """Bound into the encryption, so that a row cannot stand in for another key's."""
        return key_id.encode()
