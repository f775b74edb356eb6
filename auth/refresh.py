"""Refresh tokens: 256 random bits that mean nothing, and are kept by their hash only."""

from __future__ import annotations

import base64
import hashlib
import secrets
from dataclasses import dataclass, field
from typing import Final

TOKEN_BYTES: Final = 32


@dataclass(frozen=True, slots=True)
class NewRefreshToken:
    """A token for its client, and its digest for us."""

    text: str = field(repr=False)
    digest: bytes = field(repr=False)


def new_refresh_token() -> NewRefreshToken:
    """A token that nobody can guess."""
    text = base64.urlsafe_b64encode(secrets.token_bytes(TOKEN_BYTES)).rstrip(b"=").decode()
    return NewRefreshToken(text, digest_of(text))


def digest_of(token: str) -> bytes:
    """32 bytes. A plain hash is enough for what is as long and as random as this."""
    return hashlib.sha256(token.encode(errors="surrogatepass")).digest()
