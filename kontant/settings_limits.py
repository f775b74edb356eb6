"""The parts of the settings file that keep strangers out, and the base of all parts."""

from __future__ import annotations

import ipaddress
from pathlib import Path
from typing import Annotated, Final
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, NonNegativeInt

_DEFAULT_PORTS: Final = {"http": 80, "https": 443}


class Section(BaseModel):
    """A part of the file. What is not known is refused: it is a misspelling."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class RatesSection(Section):
    """`[rates]`: requests a minute. 0 sets no limit."""

    address_per_minute: NonNegativeInt = 6_000
    client_per_minute: NonNegativeInt = 60_000
    customer_per_minute: NonNegativeInt = 600


class DocumentsSection(Section):
    """`[documents]`"""

    folder: Path | None = None
    registered_only: bool = False


def is_safe(url: str) -> bool:
    """Whether a token may travel to that address: encrypted, or not beyond this machine."""
    parts = urlsplit(url)
    return parts.scheme == "https" or (parts.hostname or "").rpartition(".")[2] == "localhost"


def _origin(origin: str) -> str:
    """As a browser writes it, since it is compared letter by letter."""
    try:
        parts = urlsplit(origin)
        port = "" if parts.port in (None, _DEFAULT_PORTS.get(parts.scheme)) else f":{parts.port}"
        written = f"{parts.scheme}://{parts.hostname}{port}"
    except ValueError:
        written = ""
    if written != origin or "*" in origin or not is_safe(origin):
        raise ValueError(f"{origin!r} is not an origin such as https://app.norrsken.example, without anything after it")
    return origin


def _network(text: str) -> str:
    try:
        return str(ipaddress.ip_network(text))
    except ValueError:
        raise ValueError(f"{text!r} is not an address or a network, such as 10.0.0.0/8") from None


Origins = tuple[Annotated[str, AfterValidator(_origin)], ...]
Networks = Annotated[tuple[Annotated[str, AfterValidator(_network)], ...], Field(max_length=100)]
