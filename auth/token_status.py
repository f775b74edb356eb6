"""What becomes of tokens after they were given: introspection (RFC 7662), revocation (RFC 7009) and log-out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, cast
from uuid import UUID

from auth.id_tokens import IdTokenHint, IdTokens
from auth.keys import KeyRing
from auth.refresh import digest_of
from auth.server import Answer, TokenServer, later, refusal
from auth.tokens import AccessToken, AccessTokens, subject_of
from domain.identity.processes import SignInProcess
from domain.identity.session import EndReason, Person
from domain.kernel.errors import Busy, Unauthenticated, Unavailable
from domain.kernel.time import Clock
from domain.operators.operator import Operator
from persistence.database import Database
from persistence.queries.identity import (
    LIVE_REFRESH_TOKEN,
    LIVE_SESSION,
    LIVE_SUPPORT_SESSION,
    LiveRefreshTokenRow,
    LiveSessionRow,
)

NO_STORE: Final = {"Content-Type": "application/json", "Cache-Control": "no-store", "Pragma": "no-cache"}
INACTIVE: Final = Answer(200, {"active": False}, NO_STORE)


class TokenStatus:
    """One operator's. It asks the database each time: what has ended is dead here at once."""

    def __init__(
        self, server: TokenServer, *, operator: Operator, keys: KeyRing, database: Database, clock: Clock
    ) -> None:
        self._server, self._operator, self._keys = server, operator, keys
        self._database, self._clock = database, clock
        self._tokens, self._id_tokens = AccessTokens(operator, keys), IdTokens(operator, keys)

    @property
    def _sign_in(self) -> SignInProcess:
        return self._server.sign_in

    async def introspect(self, form: Mapping[str, str], headers: Mapping[str, str]) -> Answer:
        """Whether a token is good. Only clients with a secret are told."""
        client = self._server.client_of(form, headers, endpoint="introspection")
        if isinstance(client, Answer):
            return client
        if "token" not in form:
            return refusal("invalid_request", "The parameter token is missing.")
        try:
            told = await self._access_token_status(form["token"]) or await self._refresh_token_status(form["token"])
        except (Unavailable, Busy) as fault:
            return later(fault)
        return Answer(200, {"active": True, **told}, NO_STORE) if told else INACTIVE

    async def revoke(self, form: Mapping[str, str], headers: Mapping[str, str]) -> Answer:
        """Ends the session of a token, either kind, of the client's own. What is not is answered the same."""
        client = self._server.client_of(form, headers, endpoint="revocation")
        if isinstance(client, Answer):
            return client
        if "token" not in form:
            return refusal("invalid_request", "The parameter token is missing.")
        try:
            access_token = await self._read(form["token"])
            if access_token is None:
                await self._sign_in.revoke(digest_of(form["token"]), client_id=client.id)
            elif access_token.client_id == client.id and access_token.actor.session_id is not None:
                await self._sign_in.end(access_token.actor.session_id, client_id=client.id, reason=EndReason.REVOKED)
        except (Unavailable, Busy) as fault:
            return later(fault)
        return Answer(200, {}, NO_STORE)

    async def hint(self, id_token_hint: str, *, client_id: str | None) -> IdTokenHint | None:
        """What an ID token of ours says, be it expired; None for any other, and for another client's.

        Raises `Unavailable`.
        """
        await self._keys.load()
        hint = self._id_tokens.read_hint(id_token_hint)
        return hint if hint is not None and client_id in (None, hint.client_id) else None

    async def log_out(self, hint: IdTokenHint) -> None:
        """Ends the session that an ID token is about. Raises `Unavailable` and `Busy`."""
        await self._sign_in.end(hint.session_id, client_id=hint.client_id, reason=EndReason.SIGNED_OUT)

    async def _read(self, token: str) -> AccessToken | None:
        try:
            return await self._tokens.verified(token, now=self._clock.now())
        except Unauthenticated:
            return None

    async def _access_token_status(self, token: str) -> dict[str, Any] | None:
        read = await self._read(token)
        if read is None:
            return None
        about = await (self._delegation_status(read) if read.actor.is_impersonating else self._session_status(read))
        if about is None:
            return None
        times = {"exp": int(read.expires_at), "iat": int(read.issued_at)}
        return about | times | {"token_type": "Bearer", "aud": self._tokens.audience}

    async def _session_status(self, read: AccessToken) -> dict[str, Any] | None:
        found = await LIVE_SESSION.first(self._database, session=read.actor.session_id)
        return self._about(_person(found), found.client_id, found.scope, found.id) if found else None

    async def _delegation_status(self, read: AccessToken) -> dict[str, Any] | None:
        """`act` tells who acts for the subject (RFC 8693, section 4.1)."""
        now = self._clock.now()
        found = await LIVE_SUPPORT_SESSION.first(self._database, session=read.actor.session_id, now=now)
        if found is None:
            return None
        about = self._about(Person.customer(found.customer_id), read.client_id, "", found.id)
        return about | {"act": {"sub": subject_of(Person.staff(found.staff_id))}}

    async def _refresh_token_status(self, token: str) -> dict[str, Any] | None:
        found = await LIVE_REFRESH_TOKEN.first(self._database, digest=digest_of(token), now=self._clock.now())
        if found is None:
            return None
        about = self._about(_person(found), found.client_id, found.scope, found.id)
        return about | {"exp": int(found.expires_at.timestamp()), "iat": int(found.created_at.timestamp())}

    def _about(self, person: Person, client_id: str, scope: str, session_id: UUID) -> dict[str, Any]:
        subject = subject_of(person)
        about = {"iss": self._operator.issuer, "sub": subject, "client_id": client_id, "sid": str(session_id)}
        return about | ({"scope": scope} if scope else {})


def _person(row: LiveSessionRow | LiveRefreshTokenRow) -> Person:
    return Person.customer(row.customer_id) if row.customer_id else Person.staff(cast("UUID", row.staff_id))
