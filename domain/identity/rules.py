"""What a deployment decides about codes: to whom they go, how often, how many are tried, and what they may cost."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

HOUR_SECONDS: Final = 3_600
DAY_SECONDS: Final = 86_400


@dataclass(frozen=True, slots=True)
class Limit:
    """So many in so many seconds. They can be taken at once, and come back evenly; a quota of 0 sets no limit."""

    quota: int
    window_seconds: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CodeRules:
    """The limits of one operator. `docs/LIMITS.md` says what each is for and who is told what."""

    first_wait_seconds: int = 30
    """How long the second code for the same contact has to wait; each further one waits twice as long."""
    longest_wait_seconds: int = HOUR_SECONDS
    contact_network: Limit = Limit(8, DAY_SECONDS)
    """Codes for one contact that are asked for from one network (IPv4 /24, IPv6 /48)."""
    address: Limit = Limit(120, HOUR_SECONDS)
    """Codes that are asked for from one address (IPv4, IPv6 /64)."""
    network: Limit = Limit(1_200, HOUR_SECONDS)
    """Codes that are asked for from one network."""
    prefix: Limit = Limit(100, HOUR_SECONDS)
    """Codes for the thousand phone numbers that differ in the last three digits only."""
    client: Limit = Limit(20_000, HOUR_SECONDS)
    """Codes that are asked for by one program."""
    everybody: Limit = Limit(100_000, DAY_SECONDS)
    """Codes over all, but for those that known devices ask for."""
    tries_a_day: int = 50
    """Tries for one contact, over all its codes, since somebody last signed in by it."""
    address_tries: Limit = Limit(240, HOUR_SECONDS)
    """Codes that are tried from one address, for whomever."""
    network_tries: Limit = Limit(2_400, HOUR_SECONDS)
    """Codes that are tried from one network."""
    countries: frozenset[str] = frozenset()
    """By ISO 3166-1: whose mobile numbers get text messages too, besides those of the operator's own country."""
    sms_price_minor: int = 50
    """What a text message costs, in minor units of the operator's currency, where its country has no price below."""
    sms_prices_minor: Mapping[str, int] = field(default_factory=dict[str, int])
    sms_ceiling_minor: int = 1_000_000
    """What all codes of a day may cost, by the operator's calendar. After that no text message goes out."""
