"""Codes that take a change of a contact point back. Derived, so that they can be sent and are kept nowhere."""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from typing import Final
from uuid import UUID, uuid4

from auth.derivation import derived_key
from domain.contacts.change import NewUndoCode

BYTES: Final = 10
"""As many as 16 letters and digits of base32 hold: too many to guess in three days, or in a lifetime."""


class DerivedUndoCodes:
    """`UndoCodes` with a key of one operator's."""

    def __init__(self, secret: bytes, operator: str) -> None:
        self._key = derived_key(secret, operator=operator, purpose="undo-codes")

    def new(self) -> NewUndoCode:
        id = uuid4()
        return NewUndoCode(id, self.digest_of(self.code_of(id)))

    def code_of(self, id: UUID) -> str:
        """As in `ABCD-EFGH-IJKL-2345`."""
        text = base64.b32encode(hmac.digest(self._key, id.bytes, hashlib.sha256)[:BYTES]).decode()
        return "-".join(text[at : at + 4] for at in range(0, len(text), 4))

    def digest_of(self, code: str, /) -> bytes:
        """Of its letters and digits. Plain, since what it stands for is too long to be searched for."""
        return hashlib.sha256(re.sub(r"[^A-Z2-7]", "", code.upper()).encode()).digest()
