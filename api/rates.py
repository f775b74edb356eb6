"""How often somebody may ask: per address, per client and per customer, counted in this process.

Each has a quota for a window of time, which fills up again evenly (the generic cell rate algorithm): who spreads their
requests is never stopped, and who sends them all at once can do so once. The count of one key is a single number. Why
in the process: `docs/adr/0007-rates-are-counted-in-the-process.md`.
"""

from __future__ import annotations

import ipaddress
import math
from collections import OrderedDict
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Final, NamedTuple

from starlette.requests import HTTPConnection
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.hosts import EVERY_HOST
from domain.kernel.errors import RateLimited

Now = Callable[[], float]
"""Seconds on a clock that never goes back."""

MOST_KEYS: Final = 50_000
"""How many keys a rate remembers; the ones that were used longest ago are forgotten first, and begin anew."""


@dataclass(frozen=True, slots=True)
class Policy:
    """So many requests in so many seconds. A quota of 0 counts nothing."""

    quota: int
    window_seconds: int = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Policies:
    """What each may do. Many customers share an address behind a carrier's gateway, and all of them a client."""

    address: Policy = Policy(6_000)
    client: Policy = Policy(60_000)
    customer: Policy = Policy(600)


class Allowance(NamedTuple):
    """How one key stands after a request, or without it if it was refused."""

    name: str
    policy: Policy
    remaining: int
    full_after_seconds: float
    """When the whole quota is there again; 0 or less means at once."""
    retry_after_seconds: float = 0
    """When a request is allowed again, if this one was not."""


class Rate:
    """Counts the requests of each key against one policy."""

    def __init__(self, name: str, policy: Policy, *, now: Now, most_keys: int = MOST_KEYS) -> None:
        self._name, self._policy, self._now, self._most_keys = name, policy, now, most_keys
        self._empty_until: OrderedDict[Hashable, float] = OrderedDict()

    def take(self, key: Hashable) -> Allowance:
        """Takes one from the key's quota, if there is one."""
        now, (quota, window) = self._now(), (self._policy.quota, self._policy.window_seconds)
        each = window / quota
        used = max(self._empty_until.get(key, now) - now, 0) + each
        # What a sum of fractions is off by must not cost the last request of the quota.
        if used - window > each / 1000:
            return Allowance(self._name, self._policy, 0, used - each, used - window)
        self._empty_until[key] = now + used
        self._empty_until.move_to_end(key)
        if len(self._empty_until) > self._most_keys:
            self._empty_until.popitem(last=False)
        return Allowance(self._name, self._policy, round((window - used) / each), used)


class Rates:
    """The rates of this process."""

    def __init__(self, policies: Policies, *, now: Now) -> None:
        named = {"address": policies.address, "client": policies.client, "customer": policies.customer}
        self.by_name = {name: Rate(name, policy, now=now) for name, policy in named.items() if policy.quota}


@dataclass(slots=True)
class Quota:
    """What one request is counted against, as far as is known of who sends it."""

    rates: Rates | None = None
    allowances: list[Allowance] = field(default_factory=list[Allowance])

    def take(self, name: str, key: Hashable) -> None:
        """Counts the request against this key's rate. Raises `RateLimited`."""
        rate = self.rates.by_name.get(name) if self.rates is not None else None
        if rate is None:
            return
        allowance = rate.take(key)
        self.allowances.append(allowance)
        if allowance.retry_after_seconds:
            raise RateLimited(math.ceil(allowance.retry_after_seconds))

    @property
    def headers(self) -> list[tuple[bytes, bytes]]:
        """`RateLimit` and `RateLimit-Policy`, as the IETF's draft (10) has them."""
        if not self.allowances:
            return []
        policies = (f'"{each.name}";q={each.policy.quota};w={each.policy.window_seconds}' for each in self.allowances)
        states = (f'"{each.name}";r={each.remaining};t={_seconds(each)}' for each in self.allowances)
        return [
            (b"ratelimit-policy", ", ".join(policies).encode()),
            (b"ratelimit", ", ".join(states).encode()),
        ]


def quota_of(request: HTTPConnection) -> Quota:
    """What this request is counted against."""
    return request.scope.get("quota") or Quota()


Refuse = Callable[[Scope, RateLimited], ASGIApp]
"""Makes the answer to a request that came too soon, in the words of its route."""


class RateLimits:
    """Middleware that counts requests by address, and says in every answer how its sender stands."""

    def __init__(self, app: ASGIApp, *, rates: Rates, refuse: Refuse) -> None:
        self._app, self._rates, self._refuse = app, rates, refuse

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"] in EVERY_HOST:
            await self._app(scope, receive, send)
            return
        quota = scope["quota"] = Quota(self._rates)

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message.get("headers", ()), *quota.headers]
            await send(message)

        app = self._app
        try:
            quota.take("address", sender(scope))
        except RateLimited as limited:
            app = self._refuse(scope, limited)
        await app(scope, receive, send_with_headers)


def address_of(scope: Scope) -> str:
    """The IP address of whoever sent it, behind proxies that are trusted; empty where there is none."""
    client: Sequence[object] | None = scope.get("client")
    return str(client[0]) if client else ""


def sender(scope: Scope) -> str:
    """Who is counted as one address."""
    return _network(address_of(scope))


@lru_cache(maxsize=4096)
def _network(address: str) -> str:
    """An IPv4 address, or the /64 that a subscriber has of IPv6. What a proxy did not recognise counts as one."""
    try:
        ip = ipaddress.ip_address(address)
    except ValueError:
        return ""
    if isinstance(ip, ipaddress.IPv6Address):
        return str(ip.ipv4_mapped or ipaddress.ip_network((ip, 64), strict=False))
    return address


def _seconds(allowance: Allowance) -> int:
    return math.ceil(allowance.retry_after_seconds or max(allowance.full_after_seconds, 0))
