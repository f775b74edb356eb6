"""The headers of everything that an operator signs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from joserfc import jws
from joserfc.registry import HeaderParameter

ALGORITHM: Final = "ES256"


def headers_of(type: str) -> jws.JWSRegistry:
    """Exactly three: `alg`, `kid`, and a `typ` of its own, so that nothing passes for something else.

    So nothing brings its own key either (`jwk`, `jku`, `x5c`), or its own rules (`crit`, `b64`).
    """
    rules = jws.JWSRegistry(algorithms=[ALGORITHM])
    rules.header_registry = {
        "alg": HeaderParameter("Algorithm", _must_be(ALGORITHM), required=True),
        "typ": HeaderParameter("Type", _must_be(type), required=True),
        "kid": HeaderParameter("Key ID", _must_be_text, required=True),
    }
    return rules


def _must_be(expected: str) -> Callable[[object], None]:
    def check(value: object) -> None:
        if value != expected:
            raise ValueError(f"must be {expected}")

    return check


def _must_be_text(value: object) -> None:
    if not isinstance(value, str):
        raise ValueError("must be a text")
