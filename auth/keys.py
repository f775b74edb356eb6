"""The operator's signing keys (ES256): made when needed, one after the other, kept with their private half encrypted.

A key is published first and signs later (`signs_from`), when everybody's copy of the public keys has it. It signs
until the next one does, and stays published until the last token that it has signed has expired. What a key is at a
moment follows from the rows and the time, so that processes agree without asking each other.
"""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import zip_longest
from typing import Any, Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from joserfc.jwk import ECKey

from auth.derivation import derived_key
from auth.reading import SharedRead
from domain.kernel.errors import Unavailable
from domain.kernel.time import Clock
from domain.operators.operator import Operator
from persistence.database import Database
from persistence.repositories.signing_keys import KeptKey, SigningKeys

NONCE_BYTES: Final = 12

KEY_SET_GOOD_FOR: Final = timedelta(minutes=5)
"""How long anybody may keep a copy of the public keys."""
FRESH_FOR: Final = timedelta(minutes=1)
"""After this a process looks for new keys. Copies of the public keys begin no older than that."""
GOOD_FOR: Final = 2 * FRESH_FOR
"""After this nobody is answered before they are read anew: one of them may have been withdrawn."""
LEAST_LEAD: Final = KEY_SET_GOOD_FOR + 2 * FRESH_FOR
"""For this long a key is published before it signs, or somebody would meet a token and not know its key."""
LINGER: Final = timedelta(minutes=20)
"""For this long a key that signs no more can still verify: longer than any token lives, even where clocks differ."""
SEARCH_PAUSE: Final = timedelta(seconds=5)
"""Unknown keys are looked for no more often than this, however many tokens name one."""
LONGEST_READ_SECONDS: Final = 5.0


class WrongSecret(Exception):
    """The signing keys were encrypted with another deployment secret than this one."""


@dataclass(frozen=True, slots=True)
class SigningKey:
    """A key, and its time."""

    number: int
    key: ECKey
    created_at: datetime
    signs_from: datetime
    gone_at: datetime | None
    """Until when it verifies; None as long as no other is to follow it."""
    withdrawn_at: datetime | None = None
    """Since when it signs and verifies no more, because it may be in other hands."""

    @property
    def id(self) -> str:
        """What tokens call it (`kid`)."""
        assert self.key.kid is not None
        return self.key.kid


class KeyRing:
    """One operator's keys, read when first needed and looked after every minute."""

    def __init__(self, operator: Operator, database: Database, secret: bytes, clock: Clock) -> None:
        self._operator, self._clock = operator, clock
        self._kept = SigningKeys(database)
        self._cipher = AESGCM(derived_key(secret, operator=operator.slug, purpose="signing-keys"))
        self._keys: dict[str, SigningKey] = {}
        self._as_of: datetime | None = None
        self._searched_at: datetime | None = None
        self._reading = SharedRead(self._read)

    async def load(self) -> None:
        """Reads the keys, and makes one if none signs. Old ones are read anew behind the caller's back.

        Raises `Unavailable`, and `WrongSecret`.
        """
        age = self._clock.now() - self._as_of if self._as_of else None
        if age is None or age >= GOOD_FOR:
            await self._reading.done()
        elif age >= FRESH_FOR:
            self._reading.begin()

    async def refresh(self) -> None:
        """Reads the keys as they are now. Raises `Unavailable`, and `WrongSecret`."""
        await self._reading.done()

    async def search(self) -> None:
        """For a token whose key is not known: another process may have made it. Raises `Unavailable`."""
        now = self._clock.now()
        if self._searched_at is None or now - self._searched_at >= SEARCH_PAUSE:
            self._searched_at = now
            await self.refresh()

    @property
    def signing_key(self) -> ECKey:
        """The key whose time it is. `load` comes first."""
        now = self._clock.now()
        return next(each for each in reversed(self.all()) if each.signs_from <= now).key

    def find(self, id: str) -> ECKey | None:
        """The key that tokens call by this `kid`; also one that is yet to sign, for another's clock may be ahead."""
        found = self._keys.get(id)
        return found.key if found is not None and not self._is_gone(found) else None

    def find_of_any_age(self, id: str) -> ECKey | None:
        """Also one that verifies no tokens any more: what it has signed for ever, such as an audit head, is its own."""
        found = self._keys.get(id)
        return found.key if found is not None else None

    def public(self) -> dict[str, Any]:
        """The public halves as a JWK Set (RFC 7517)."""
        return {"keys": [each.key.as_dict(private=False) for each in self.all()]}

    def all(self) -> Sequence[SigningKey]:
        """Those that are published, the oldest first. `load` comes first."""
        return [each for each in self._keys.values() if not self._is_gone(each)]

    async def add(self, *, signs_from: datetime) -> None:
        """Makes the key that follows all that are known here, unless another process has done so.

        Raises `Unavailable`.
        """
        last = next(reversed(self._keys.values()))
        await self._kept.add(self._new_key(number=last.number + 1, signs_from=signs_from))
        await self.refresh()

    async def withdraw(self, id: str) -> None:
        """Takes a key away before its time, and makes one that signs at once if none is left that does.

        Raises `Unavailable`.
        """
        await self._kept.withdraw(id, self._clock.now())
        await self.refresh()

    async def forget_what_is_gone(self) -> None:
        """Erases the private halves of keys that verify no tokens any more. Raises `Unavailable`."""
        await self.refresh()
        for each in [each for each in self._keys.values() if self._is_gone(each) and each.key.is_private]:
            await self._kept.erase_private_half(each.number)

    async def aclose(self) -> None:
        """Waits for a read that is under way."""
        await self._reading.aclose()

    def _is_gone(self, key: SigningKey) -> bool:
        if key.withdrawn_at is not None:
            return True
        return key.gone_at is not None and key.gone_at <= self._clock.now()

    async def _read(self) -> None:
        as_of = self._clock.now()
        try:
            async with asyncio.timeout(LONGEST_READ_SECONDS):
                kept = await self._kept.all()
                if all(each.withdrawn_at is not None or each.signs_from > as_of for each in kept):
                    # Of several processes that come here at once one is first, and all go on with its key.
                    await self._kept.add(self._new_key(number=len(kept) + 1, signs_from=as_of))
                    kept = await self._kept.all()
        except TimeoutError:
            raise Unavailable from None
        known = {each.id: each.key for each in self._keys.values()}
        keys = [
            SigningKey(
                each.number,
                known.get(each.id) or self._opened(each),
                each.created_at,
                each.signs_from,
                following.signs_from + LINGER if following else None,
                each.withdrawn_at,
            )
            for each, following in zip_longest(kept, kept[1:])
        ]
        self._keys, self._as_of = {each.id: each for each in keys}, as_of

    def _new_key(self, *, number: int, signs_from: datetime) -> KeptKey:
        key = ECKey.generate_key("P-256", {"use": "sig", "alg": "ES256"}, auto_kid=True)
        assert key.kid is not None
        nonce = os.urandom(NONCE_BYTES)
        private = json.dumps(key.as_dict(private=True)).encode()
        return KeptKey(
            number=number,
            id=key.kid,
            public_jwk=key.as_dict(private=False),
            private_jwk=nonce + self._cipher.encrypt(nonce, private, self._context(key.kid)),
            created_at=self._clock.now(),
            signs_from=signs_from,
        )

    def _opened(self, kept: KeptKey) -> ECKey:
        if not kept.private_jwk:
            return ECKey.import_key(kept.public_jwk)
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
