"""Tokens with which staff act for a customer (RFC 8693): given for a support session, to the one whose it is."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from typing import Final
from uuid import UUID

from auth.tokens import AccessTokens
from domain.kernel.errors import Unauthenticated
from domain.kernel.executor import Executor
from domain.kernel.time import Clock
from domain.support.errors import SupportSessionNotFound
from domain.support.usecases import ActInSupportSession
from persistence.database import Database
from persistence.queries.identity import LIVE_SESSION

ACCESS_TOKEN: Final = "urn:ietf:params:oauth:token-type:access_token"
SUPPORT_SESSION: Final = "urn:kontant:token-type:support-session"


@dataclass(frozen=True, slots=True)
class Delegated:
    """A token to act with. There is no refreshing it."""

    token: str = field(repr=False)
    expires_in_seconds: int


class Delegations:
    """One operator's."""

    def __init__(self, executor: Executor, database: Database, tokens: AccessTokens, clock: Clock) -> None:
        self._executor, self._database, self._tokens, self._clock = executor, database, tokens, clock

    async def exchange(self, support_session: str, actor_token: str, *, client_id: str) -> Delegated:
        """A token for a support session that is open and the actor's own.

        Raises `Unauthenticated` unless the actor's token is good and this client's; `Forbidden` for who is not staff
        under their own name, so that nobody goes on from one customer to the next; and `SupportSessionNotFound`.
        """
        now = self._clock.now()
        read = await self._tokens.verified(actor_token, now=now)
        actor = read.actor
        if read.client_id != client_id:
            raise Unauthenticated
        # What has ended is dead here at once, and not within seconds as elsewhere: this token outlives the other.
        if await LIVE_SESSION.first(self._database, session=actor.session_id) is None:
            raise Unauthenticated
        try:
            command = ActInSupportSession(support_session_id=UUID(support_session))
        except ValueError:
            raise SupportSessionNotFound from None
        session = await self._executor.execute(command, actor)
        token = self._tokens.issue_to_act(session, client_id=client_id, id=secrets.token_urlsafe(16), now=now)
        return Delegated(token, int((session.expires_at - now).total_seconds()))
