"""That a form was sent by the browser which was shown it: against forms on other sites that send in a person's name."""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from typing import Final

from auth.derivation import derived_key

_BROWSER: Final = re.compile(r"[A-Za-z0-9_-]{43}", re.ASCII)


class FormProofs:
    """What binds a form to a cookie. Both are needed, and neither can be made without the operator's key."""

    def __init__(self, secret: bytes, operator: str) -> None:
        self._key = derived_key(secret, operator=operator, purpose="forms")

    @staticmethod
    def new_browser() -> str:
        """A cookie's value: 256 random bits, in 43 characters."""
        return secrets.token_urlsafe(32)

    @staticmethod
    def is_browser(cookie: str | None) -> bool:
        """Whether a cookie has the form of one of ours."""
        return cookie is not None and _BROWSER.fullmatch(cookie) is not None

    def proof(self, browser: str, about: str) -> str:
        """What the form carries. `about` is what it is good for and nothing else, such as the request in hand."""
        return hmac.digest(self._key, f"{browser}\n{about}".encode(), hashlib.sha256).hex()

    def is_good(self, proof: str, browser: str | None, about: str) -> bool:
        """Compared in constant time."""
        if browser is None or not self.is_browser(browser):
            return False
        return hmac.compare_digest(self.proof(browser, about).encode(), proof.encode(errors="surrogatepass"))
