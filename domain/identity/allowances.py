"""What a code, or a try, is counted against besides its contact: where it comes from, and where it goes to.

One number is kept for each: until when the allowance is not full again (the generic cell rate algorithm). Whoever
spreads their requests is never stopped, and whoever sends them all at once can do so once.
"""

from __future__ import annotations

import ipaddress
import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final, Protocol

from domain.customers.customer import ContactKind
from domain.identity.contacts import Contact
from domain.identity.errors import SignInCodesPaused, TooManySignInCodes
from domain.identity.rules import CodeRules, Limit
from domain.identity.senders import Sender

SHARDS: Final = 16
"""Into how many parts a limit is split that very many share, so that they do not wait for one another's row."""
_LEAST_A_SHARD: Final = 100
_BLOCK_DIGITS: Final = 3


class Digests(Protocol):
    """Makes keyed digests (`SignInCodes.digest_of`)."""

    def __call__(self, *parts: str) -> bytes: ...


@dataclass(frozen=True, slots=True)
class Taking:
    """One taken from an allowance. `key` stands for what is counted, and tells nothing of it."""

    key: bytes = field(repr=False)
    limit: Limit
    is_of_all: bool = False

    @property
    def each(self) -> timedelta:
        """How long it takes for one to come back."""
        return timedelta(seconds=self.limit.window_seconds) / self.limit.quota


def takings_of_code(contact: Contact, sender: Sender, rules: CodeRules, digest_of: Digests) -> tuple[Taking, ...]:
    """What a code is counted against that no known device asks for."""
    shard = digest_of("shard", contact.value)[0] % SHARDS
    counted: list[tuple[Limit, tuple[str, ...]]] = []
    if sender.address:
        near, wide = networks_of(sender.address)
        counted += [
            (rules.contact_network, ("codes", "contact", contact.value, wide)),
            (rules.address, ("codes", "address", near)),
            (rules.network, ("codes", "network", wide)),
        ]
    if contact.kind is ContactKind.PHONE:
        counted.append((rules.prefix, ("codes", "prefix", contact.value[:-_BLOCK_DIGITS])))
    takings = [Taking(digest_of(*what), limit) for limit, what in counted if limit.quota]
    for limit, what in ((rules.client, ("client", sender.client_id)), (rules.everybody, ("everybody",))):
        if limit.quota:
            part, of = _part(limit, shard)
            takings.append(Taking(digest_of("codes", *what, of), part, is_of_all=limit is rules.everybody))
    return tuple(takings)


def takings_of_try(sender: Sender, rules: CodeRules, digest_of: Digests) -> tuple[Taking, ...]:
    """What a try is counted against, so that one sender cannot try a few codes for each of many people."""
    if not sender.address:
        return ()
    near, wide = networks_of(sender.address)
    counted = ((rules.address_tries, ("tries", "address", near)), (rules.network_tries, ("tries", "network", wide)))
    return tuple(Taking(digest_of(*what), limit) for limit, what in counted if limit.quota)


def networks_of(address: str) -> tuple[str, str]:
    """The IPv4 address and its /24, or the /64 and the /48 of IPv6. What is neither counts as one."""
    try:
        ip = ipaddress.ip_address(address)
    except ValueError:
        return "", ""
    ip = getattr(ip, "ipv4_mapped", None) or ip
    near, wide = (32, 24) if ip.version == 4 else (64, 48)
    return str(ipaddress.ip_network((ip, near), strict=False)), str(ipaddress.ip_network((ip, wide), strict=False))


def ensure_allowed(takings: Iterable[Taking], empty_until: Mapping[bytes, datetime], now: datetime) -> None:
    """Raises `TooManySignInCodes` or `SignInCodesPaused` when more was taken of an allowance than there was.

    `empty_until`: until when each is not full again, what was taken now included.
    """
    for refusal in (SignInCodesPaused, TooManySignInCodes):
        mine = (each for each in takings if each.is_of_all is (refusal is SignInCodesPaused))
        longest = max(_waits(mine, empty_until, now), default=0)
        if longest:
            raise refusal(longest)


def _waits(takings: Iterable[Taking], empty_until: Mapping[bytes, datetime], now: datetime) -> Iterator[int]:
    for each in takings:
        over = empty_until[each.key] - now - timedelta(seconds=each.limit.window_seconds)
        # What a sum of fractions is off by must not cost the last one of the quota.
        yield math.ceil(over.total_seconds()) if over > each.each / 1_000 else 0


def _part(limit: Limit, shard: int) -> tuple[Limit, str]:
    """A limit that is large enough to be split, in parts of which this contact's is counted; and the part's name."""
    if limit.quota < SHARDS * _LEAST_A_SHARD:
        return limit, ""
    return Limit(limit.quota // SHARDS, limit.window_seconds), str(shard)
