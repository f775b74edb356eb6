"""Who asks for a code or tries one, as far as that can be told of somebody who is not signed in."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final


@dataclass(frozen=True, slots=True, kw_only=True)
class Sender:
    """Where a request came from. It is handed into the processes as a value, and none of it is kept in clear."""

    address: str = field(default="", repr=False)
    """The IP address; empty where there is none, as for our own processes."""
    client_id: str = ""
    """The program that is used, where it has said so."""
    device: str | None = field(default=None, repr=False)
    """A secret that this app or browser has made for itself, by which it is known again after a right sign-in."""


NOBODY: Final = Sender()
"""A request that came from nowhere outside."""
