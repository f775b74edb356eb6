"""From the `Authorization` header to the actor."""

from __future__ import annotations

import re
from collections import OrderedDict
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from auth.ended_sessions import EndedSessions
from auth.tokens import AccessTokens
from domain.kernel.access import ANONYMOUS, Actor
from domain.kernel.errors import Unauthenticated
from domain.kernel.time import Clock

REMEMBERED_FOR: Final = timedelta(seconds=30)
REMEMBERED: Final = 10_000
"""How many verified tokens are remembered; the ones that were used longest ago are forgotten first."""

# RFC 6750, section 2.1. No header is as long as this pattern would have to be slow.
_BEARER: Final = re.compile(r"bearer ([A-Za-z0-9._~+/-]+=*)", re.ASCII | re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class _Verified:
    actor: Actor
    until: float
    """In seconds since 1970."""


class Authenticator:
    """Says who is asking. A token that was verified a moment ago costs two look-ups in memory."""

    def __init__(self, tokens: AccessTokens, ended: EndedSessions, clock: Clock) -> None:
        self._tokens, self._ended, self._clock = tokens, ended, clock
        self._verified: OrderedDict[str, _Verified] = OrderedDict()

    async def actor(self, authorization: str | None) -> Actor:
        """Whom the header's token was given to; `ANONYMOUS` without a header.

        Raises `Unauthenticated` for a header that is anything but a good token of this operator's, and `Unavailable`
        when the database was needed and did not answer.
        """
        if authorization is None:
            return ANONYMOUS
        bearer = _BEARER.fullmatch(authorization)
        if bearer is None:
            raise Unauthenticated
        actor = self._remembered(bearer[1]) or await self._verified_now(bearer[1])
        assert actor.session_id is not None
        if await self._ended.has(actor.session_id):
            raise Unauthenticated
        return actor

    def _remembered(self, token: str) -> Actor | None:
        verified = self._verified.get(token)
        if verified is None:
            return None
        if verified.until <= self._clock.now().timestamp():
            del self._verified[token]
            return None
        self._verified.move_to_end(token)
        return verified.actor

    async def _verified_now(self, token: str) -> Actor:
        now: datetime = self._clock.now()
        said = await self._tokens.verified(token, now=now)
        self._verified[token] = _Verified(said.actor, min(said.expires_at, (now + REMEMBERED_FOR).timestamp()))
        if len(self._verified) > REMEMBERED:
            self._verified.popitem(last=False)
        return said.actor
