"""Keys that follow from the deployment's secret: one for each operator and purpose, the same in every process."""

from __future__ import annotations

from typing import Final

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

KEY_BYTES: Final = 32


def derived_key(secret: bytes, *, operator: str, purpose: str) -> bytes:
    """The key of an operator (its slug) for a purpose, in 32 bytes. It tells nothing of the secret or of other keys."""
    info = f"kontant/{operator}/{purpose}".encode()
    return HKDF(algorithm=SHA256(), length=KEY_BYTES, salt=None, info=info).derive(secret)
