"""What the routes of one operator work with."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from starlette.requests import Request

from auth.identity import Identity
from gateways.words.words import Words


class OAuthParts(Protocol):
    """As much of an operator's services as is needed here."""

    @property
    def identity(self) -> Identity: ...
    @property
    def words(self) -> Words: ...


PartsOf = Callable[[Request], OAuthParts]
"""Which operator's a request is. Raises for a host that is nobody's."""
