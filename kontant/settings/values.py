"""What a single setting may be, and what is wrong with it otherwise; and the base of all sections."""

from __future__ import annotations

import ipaddress
import re
import socket
from itertools import pairwise
from typing import Annotated, Final
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from babel import Locale, UnknownLocaleError
from babel.core import parse_locale
from babel.numbers import is_currency
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, PositiveInt

_DEFAULT_PORTS: Final = {"http": 80, "https": 443}


class Section(BaseModel):
    """A part of the file. What is not known is refused: it is a misspelling."""

    model_config = ConfigDict(extra="forbid", frozen=True)


def is_safe(url: str) -> bool:
    """Whether a token may travel to that address: encrypted, or not beyond this machine."""
    parts = urlsplit(url)
    return parts.scheme == "https" or (parts.hostname or "").rpartition(".")[2] == "localhost"


def _country(code: str) -> str:
    if not re.fullmatch("[A-Z]{2}", code) or code not in Locale("en").territories:
        raise ValueError(f"{code!r} is not a country by ISO 3166-1, such as SE")
    return code


def _currency(code: str) -> str:
    if not is_currency(code):
        raise ValueError(f"{code!r} is not a currency by ISO 4217, such as SEK")
    return code


def _time_zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ValueError(f"{name!r} is not an IANA time zone, such as Europe/Stockholm") from None
    return name


def _locale(tag: str) -> str:
    """A known language in a known country: the pair need not be one that CLDR lists, such as ru-LV."""
    try:
        language, territory, *_ = parse_locale(tag, sep="-")
        known = Locale(language).language and (territory is None or territory in Locale("en").territories)
    except (UnknownLocaleError, ValueError):
        known = False
    if not known:
        raise ValueError(f"{tag!r} is not a language and country by BCP 47, such as sv-SE")
    return tag


def _host(name: str) -> str:
    if not re.fullmatch(r"[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*", name):
        raise ValueError(f"{name!r} is not a host name in lower case, without a port")
    return name


def _own_address(name: str) -> str:
    """What can be served on. A name is looked up as it will be when the server starts."""
    last = name.rpartition(".")[2]
    try:
        if last.isdigit() or ":" in name:
            ipaddress.ip_address(name)
        else:
            _host(name.lower())
            socket.getaddrinfo(name, None)
    except (ValueError, OSError):
        raise ValueError(f"{name!r} is not an address or name of this machine, such as 127.0.0.1") from None
    return name


def _public_url(url: str) -> str:
    parts = urlsplit(url)
    if parts.scheme not in ("https", "http") or not parts.hostname or parts.path or parts.query or parts.fragment:
        raise ValueError(f"{url!r} is not an address such as https://norrsken.example, without anything after the host")
    return url


def _ascending(amounts: tuple[int, ...]) -> tuple[int, ...]:
    if any(later <= earlier for earlier, later in pairwise(amounts)):
        raise ValueError("the amounts must each be larger than the one before")
    return amounts


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
Country = Annotated[str, AfterValidator(_country)]
Currency = Annotated[str, AfterValidator(_currency)]
TimeZone = Annotated[str, AfterValidator(_time_zone)]
LocaleTag = Annotated[str, AfterValidator(_locale)]
Host = Annotated[str, AfterValidator(_host)]
OwnAddress = Annotated[str, AfterValidator(_own_address)]
PublicUrl = Annotated[str, AfterValidator(_public_url)]
Amounts = Annotated[tuple[PositiveInt, ...], AfterValidator(_ascending)]
