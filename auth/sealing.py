"""What a browser keeps for us between two steps, and can neither read nor change: encrypted with AES-GCM."""

from __future__ import annotations

import base64
import json
import os
from collections.abc import Mapping
from datetime import timedelta
from typing import Any, Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from auth.derivation import derived_key
from domain.kernel.time import Clock

SEALED_FOR: Final = timedelta(minutes=10)
LONGEST: Final = 3800
"""In characters: browsers keep cookies of 4,096 bytes, with name and attributes."""
_NONCE_BYTES: Final = 12


class TooMuchToSeal(Exception):
    """It would not fit into a cookie."""


class Seals:
    """Seals and opens one operator's. What is sealed for one use is opened for no other."""

    def __init__(self, secret: bytes, operator: str, clock: Clock) -> None:
        self._cipher = AESGCM(derived_key(secret, operator=operator, purpose="sealed-cookies"))
        self._clock = clock

    def seal(self, content: Mapping[str, Any], use: str) -> str:
        """Good for 10 minutes. `use` is what it is good for, such as the request in hand. Raises `TooMuchToSeal`."""
        until = int((self._clock.now() + SEALED_FOR).timestamp())
        nonce, plain = os.urandom(_NONCE_BYTES), json.dumps({**content, "until": until}).encode()
        raw = nonce + self._cipher.encrypt(nonce, plain, use.encode())
        sealed = base64.urlsafe_b64encode(raw).rstrip(b"=").decode()
        if len(sealed) > LONGEST:
            raise TooMuchToSeal
        return sealed

    def open(self, sealed: str | None, use: str) -> dict[str, Any] | None:
        """What was sealed for this use; None for anything else, and when it is too late."""
        if sealed is None or len(sealed) > LONGEST:
            return None
        try:
            raw = base64.b64decode(sealed + "=" * (-len(sealed) % 4), altchars=b"-_", validate=True)
            content = json.loads(self._cipher.decrypt(raw[:_NONCE_BYTES], raw[_NONCE_BYTES:], use.encode()))
        except (ValueError, InvalidTag):
            return None
        return content if self._clock.now().timestamp() < content["until"] else None
