"""Everything that tells who is asking, for one operator."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any, Final

from auth.authenticator import Authenticator
from auth.browser import FormProofs
from auth.clients import APP, Client, Clients
from auth.codes import DerivedSignInCodes
from auth.delegations import Delegations
from auth.ended_sessions import EndedSessions
from auth.heads import SignedHeads
from auth.key_rotation import KeyRotation, KeyRules
from auth.keys import KeyRing
from auth.metadata import metadata
from auth.provider_client import Transport, direct
from auth.providers import CALLBACK, IdentityProvider
from auth.relying import RelyingParty
from auth.sealing import Seals
from auth.server import TokenServer
from auth.token_status import TokenStatus
from auth.tokens import AccessTokens
from auth.undo_codes import DerivedUndoCodes
from domain.contacts.processes import ContactProcess
from domain.identity.codes import CodeProcess
from domain.identity.federation import FederatedSignIn
from domain.identity.processes import SignInProcess
from domain.identity.rules import CodeRules
from domain.kernel.executor import Executor
from domain.kernel.time import Clock
from domain.operators.operator import Operator
from persistence.database import Database

_KEY_RULES: Final = KeyRules()
_CODE_RULES: Final = CodeRules()
_log: Final = logging.getLogger(__name__)


class Identity:
    """One operator's sign-in, authorization server and authenticator, wired. Nothing of another operator is in reach.

    The executor must know `domain.identity.usecases.USE_CASES`. `secret` is the deployment's.
    """

    def __init__(
        self,
        operator: Operator,
        *,
        database: Database,
        executor: Executor,
        secret: bytes,
        clock: Clock,
        clients: Sequence[Client] = (APP,),
        key_rules: KeyRules = _KEY_RULES,
        providers: Sequence[IdentityProvider] = (),
        transport: Transport = direct,
        code_rules: CodeRules = _CODE_RULES,
    ) -> None:
        self._keys = KeyRing(operator, database, secret, clock)
        self._ended = EndedSessions(database, clock)
        self.operator, self.clients = operator, Clients(clients)
        self.codes = DerivedSignInCodes(secret, operator.slug)
        self.forms = FormProofs(secret, operator.slug)
        self.code_process = CodeProcess(
            executor, self.codes, operator=operator, rules=code_rules, on_ceiling=self._ceiling_was_reached
        )
        self.sign_in = SignInProcess(executor, self.code_process)
        self.federation = FederatedSignIn(executor, self.code_process)
        self.seals = Seals(secret, operator.slug, clock)
        self.providers = {
            each.kind: RelyingParty(each, redirect_uri=f"{operator.issuer}{CALLBACK}", clock=clock, transport=transport)
            for each in providers
        }
        self.undo_codes = DerivedUndoCodes(secret, operator.slug)
        self.contacts = ContactProcess(executor, self.code_process, self.undo_codes)
        tokens = AccessTokens(operator, self._keys)
        self.token_server = TokenServer(
            self.sign_in,
            Delegations(executor, database, tokens, clock),
            self.clients,
            keys=self._keys,
            operator=operator,
            clock=clock,
        )
        self.token_status = TokenStatus(
            self.token_server, operator=operator, keys=self._keys, database=database, clock=clock
        )
        self.heads = SignedHeads(operator, self._keys)
        self.authenticator = Authenticator(tokens, self._ended, clock)
        self.key_rotation = KeyRotation(self._keys, key_rules, clock)
        self.metadata = metadata(operator, self.providers)

    async def key_set(self) -> Mapping[str, Any]:
        """The public keys by which anybody can verify the operator's tokens. Raises `Unavailable`."""
        await self._keys.load()
        return self._keys.public()

    async def aclose(self) -> None:
        """Waits for what is under way. The database is closed after this."""
        await self._ended.aclose()
        await self._keys.aclose()

    def _ceiling_was_reached(self, day: date) -> None:
        """One of all processes says it, once a day."""
        _log.error(
            "Sign-in codes in text messages have cost today what they may: none goes out until the day is over. Is "
            "somebody pumping them? See docs/LIMITS.md.",
            extra={
                "operator": self.operator.slug,
                "day": day.isoformat(),
                "ceiling_minor": self.code_process.rules.sms_ceiling_minor,
            },
        )
