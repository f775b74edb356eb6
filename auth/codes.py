"""Sign-in codes. They are derived from the challenge's id, so they can be sent and compared and are kept nowhere."""

from __future__ import annotations

import hashlib
import hmac
import json
from typing import Final
from uuid import UUID

from auth.derivation import derived_key

DIGITS: Final = 6


class DerivedSignInCodes:
    """`SignInCodes` with keys of one operator's."""

    def __init__(self, secret: bytes, operator: str) -> None:
        self._code_key = derived_key(secret, operator=operator, purpose="sign-in-codes")
        self._digest_key = derived_key(secret, operator=operator, purpose="contacts")

    def code_of(self, challenge_id: UUID) -> str:
        """The challenge's code: an HMAC cut down as in RFC 4226, section 5.3, with SHA-256 in SHA-1's place."""
        digest = hmac.digest(self._code_key, challenge_id.bytes, hashlib.sha256)
        offset = digest[-1] & 0x0F
        number = int.from_bytes(digest[offset : offset + 4], "big") & 0x7FFF_FFFF
        return f"{number % 10**DIGITS:0{DIGITS}}"

    def matches(self, challenge_id: UUID, code: str, /) -> bool:
        """Compared in constant time, so that no digit can be found before the others."""
        return hmac.compare_digest(self.code_of(challenge_id).encode(), code.encode(errors="surrogatepass"))

    def digest_of(self, *parts: str) -> bytes:
        """Without the key, a digest of something as short as a phone number could simply be searched for."""
        return hmac.digest(self._digest_key, json.dumps(parts).encode(), hashlib.sha256)
