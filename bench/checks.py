"""What it costs to find out who asks: Kontant's own code, measured apart, since the floor knows no tokens."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from auth.authenticator import Authenticator
from auth.ended_sessions import EndedSessions
from auth.keys import KeyRing
from auth.tokens import AccessTokens
from bench.place import Place
from bench.scenarios import access_tokens
from kontant.machine import SystemClock
from persistence.database import open_database

FIRST_TIMES: Final = 300
TIMES: Final = 20_000


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenCheck:
    """CPU time of one check, in milliseconds."""

    first_ms: float
    """Of a token that was not seen before: its signature is verified."""
    again_ms: float
    """Of one that was verified a moment ago."""


async def token_check(place: Place, *, times: int = TIMES) -> TokenCheck:
    """Checks tokens of as many customers as there are first times, and then one of them again and again."""
    tokens = await access_tokens(place, [UUID(int=number) for number in range(FIRST_TIMES)])
    headers = [f"Bearer {token}" for token in tokens.values()]
    clock = SystemClock()
    database = await open_database(place.application_url, connections=1)
    keys = KeyRing(place.operator, database, place.settings.secret, clock)
    ended = EndedSessions(database, clock)
    authenticator = Authenticator(AccessTokens(place.operator, keys), ended, clock)
    try:
        await authenticator.actor(headers[0])  # reads the keys
        first_ms = await _cpu_ms(authenticator, headers[1:])
        again_ms = await _cpu_ms(authenticator, [headers[0]] * times)
    finally:
        await ended.aclose()
        await database.close()
    return TokenCheck(first_ms=first_ms, again_ms=again_ms)


async def _cpu_ms(authenticator: Authenticator, headers: list[str]) -> float:
    await asyncio.sleep(0)
    begun = time.process_time()
    for header in headers:
        await authenticator.actor(header)
    return 1000 * (time.process_time() - begun) / len(headers)
