"""Identity numbers under lock: encrypted for one customer, and hashed with a key, so that they can be searched by.

Each version of the key follows from the deployment's secret, so that no key is kept anywhere
(docs/adr/0010-identity-numbers-are-sealed.md).
"""

from __future__ import annotations

import hashlib
import hmac
import os
from collections.abc import Callable
from dataclasses import replace
from typing import Final
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from auth.derivation import derived_key
from domain.registration.identity_numbers import IdentityNumber
from domain.registration.ports import Unreadable
from domain.registration.registration import SealedNumber

NONCE_BYTES: Final = 12


class SealedIdentityNumbers:
    """`IdentityNumbers` with keys of one operator's. `random` gives so many bytes that nobody can foresee."""

    def __init__(self, secret: bytes, operator: str, random: Callable[[int], bytes] = os.urandom) -> None:
        self._secret, self._operator, self._random = secret, operator, random
        self._digest_key = derived_key(secret, operator=operator, purpose="identity-number-digests")
        self._ciphers: dict[int, AESGCM] = {}

    def seal(self, number: IdentityNumber, *, customer_id: UUID, key_version: int) -> SealedNumber:
        """The number as it is kept: of use only as this customer's."""
        return SealedNumber(
            sealed=self._encrypted(number.value.encode(), customer_id, key_version),
            key_version=key_version,
            digest=self.digest(number),
            masked=number.masked,
        )

    def reseal(self, number: SealedNumber, *, customer_id: UUID, key_version: int) -> SealedNumber:
        """The same number by another version of the key. Raises `Unreadable`."""
        opened = self.open(number, customer_id=customer_id).encode()
        return replace(number, sealed=self._encrypted(opened, customer_id, key_version), key_version=key_version)

    def open(self, number: SealedNumber, *, customer_id: UUID) -> str:
        """The number itself. Raises `Unreadable`."""
        nonce, encrypted = number.sealed[:NONCE_BYTES], number.sealed[NONCE_BYTES:]
        try:
            return self._cipher(number.key_version).decrypt(nonce, encrypted, _context(customer_id)).decode()
        except (InvalidTag, ValueError):
            raise Unreadable from None

    def digest(self, number: IdentityNumber, /) -> bytes:
        """Without the key, a hash of something with so few possibilities could simply be searched for."""
        return hmac.digest(self._digest_key, f"{number.country}:{number.value}".encode(), hashlib.sha256)

    def _encrypted(self, number: bytes, customer_id: UUID, key_version: int) -> bytes:
        nonce = self._random(NONCE_BYTES)
        return nonce + self._cipher(key_version).encrypt(nonce, number, _context(customer_id))

    def _cipher(self, version: int) -> AESGCM:
        if version not in self._ciphers:
            key = derived_key(self._secret, operator=self._operator, purpose=f"identity-numbers/{version}")
            self._ciphers[version] = AESGCM(key)
        return self._ciphers[version]


def _context(customer_id: UUID) -> bytes:
    """Bound into the encryption, so that one customer's number cannot stand in for another's."""
    return b"identity-number/" + customer_id.bytes
