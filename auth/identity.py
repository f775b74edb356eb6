"""Everything that tells who is asking, for one operator."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from auth.authenticator import Authenticator
from auth.codes import DerivedSignInCodes
from auth.ended_sessions import EndedSessions
from auth.heads import SignedHeads
from auth.keys import KeyRing
from auth.server import TokenServer
from auth.tokens import AccessTokens
from domain.identity.processes import SignInProcess
from domain.kernel.executor import Executor
from domain.kernel.time import Clock
from domain.operators.operator import Operator
from persistence.database import Database


class Identity:
    """One operator's sign-in, token endpoint and authenticator, wired. Nothing of another operator is in reach.

    The executor must know `domain.identity.usecases.USE_CASES`. `secret` is the deployment's.
    """

    def __init__(
        self, operator: Operator, *, database: Database, executor: Executor, secret: bytes, clock: Clock
    ) -> None:
        self._keys = KeyRing(operator, database, secret, clock)
        self._ended = EndedSessions(database, clock)
        tokens = AccessTokens(operator, self._keys)
        self.codes = DerivedSignInCodes(secret, operator.slug)
        self.sign_in = SignInProcess(executor, self.codes)
        self.token_server = TokenServer(self.sign_in, self._keys, tokens, clock)
        self.heads = SignedHeads(operator, self._keys)
        self.authenticator = Authenticator(self._keys, tokens, self._ended, clock)

    async def key_set(self) -> Mapping[str, Any]:
        """The public keys by which anybody can verify the operator's tokens. Raises `Unavailable`."""
        await self._keys.load()
        return self._keys.public()

    async def aclose(self) -> None:
        """Waits for what is under way. The database is closed after this."""
        await self._ended.aclose()
