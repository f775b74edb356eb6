"""Signing in by somebody else's word takes several executions too."""

from __future__ import annotations

from uuid import UUID

from domain.identity.authorization import AuthorizationTerms
from domain.identity.codes import CodeProcess
from domain.identity.errors import IdentityNotLinked
from domain.identity.identification import Identification
from domain.identity.senders import Sender
from domain.identity.usecases.federated import AuthorizeIdentified, AuthorizeStaff, LinkIdentity, StaffAdmission
from domain.kernel.access import ANONYMOUS, StaffRole, system
from domain.kernel.executor import Executor

SINGLE_SIGN_ON = system("single-sign-on")


class FederatedSignIn:
    """The one way from an identity provider's word to an authorization code."""

    def __init__(self, executor: Executor, codes: CodeProcess) -> None:
        self._executor, self._codes = executor, codes

    async def authorize(self, identification: Identification, *, terms: AuthorizationTerms, code_digest: bytes) -> bool:
        """Gives an app a code for the customer whose identity it is. False while it is nobody's here."""
        command = AuthorizeIdentified(
            client_id=terms.client_id, terms=terms, code_digest=code_digest, identification=identification
        )
        try:
            await self._executor.execute(command, ANONYMOUS)
        except IdentityNotLinked:
            return False
        return True

    async def link(
        self,
        identification: Identification,
        challenge_id: UUID,
        code: str,
        *,
        sender: Sender,
        terms: AuthorizationTerms,
        code_digest: bytes,
    ) -> None:
        """The same, once the sign-in code proves whose phone it is. Raises `SignInRefused`, `IdentityNotLinkable`."""
        await self._codes.ensure_right(challenge_id, code, sender)
        command = LinkIdentity(
            challenge_id=challenge_id,
            client_id=terms.client_id,
            terms=terms,
            code_digest=code_digest,
            identification=identification,
        )
        await self._executor.execute(command, ANONYMOUS)

    async def admit(
        self,
        *,
        issuer: str,
        subject: str,
        name: str,
        roles: frozenset[StaffRole],
        terms: AuthorizationTerms,
        code_digest: bytes,
    ) -> bool:
        """Gives an app a code for somebody of the staff. False when they have no role; then they are signed out."""
        command = AuthorizeStaff(
            client_id=terms.client_id,
            issuer=issuer,
            subject=subject,
            name=name,
            roles=roles,
            terms=terms,
            code_digest=code_digest,
        )
        return await self._executor.execute(command, SINGLE_SIGN_ON) is StaffAdmission.ADMITTED
