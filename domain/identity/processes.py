"""Signing in takes several executions, since what must survive a refusal cannot be part of it."""

from __future__ import annotations

from uuid import UUID

from domain.identity.authorization import AuthorizationTerms, Authorized
from domain.identity.challenge import SignInChallenge
from domain.identity.codes import CodeProcess
from domain.identity.contacts import Contact
from domain.identity.errors import (
    AuthorizationCodeReplayed,
    AuthorizationRefused,
    InvalidEmailAddress,
    InvalidPhoneNumber,
    PhoneNumberNotServed,
    RefreshRefused,
    RefreshTokenReplayed,
)
from domain.identity.senders import Sender
from domain.identity.session import EndReason, Session
from domain.identity.usecases.authorizing import (
    EndReplayedAuthorization,
    GrantAuthorizationCode,
    RedeemAuthorizationCode,
)
from domain.identity.usecases.sessions import EndReplayedSession, RefreshSession, RevokeRefreshToken, RevokeSession
from domain.identity.usecases.signing_in import RedeemSignInCode, RequestSignInCode, request_sign_in_code
from domain.kernel.access import ANONYMOUS, Actor
from domain.kernel.errors import Rejection
from domain.kernel.executor import Executor


class SignInProcess:
    """The one way to a session. Nobody else executes its use cases."""

    rejects: frozenset[type[Rejection]] = request_sign_in_code.rejects | {
        InvalidPhoneNumber,
        InvalidEmailAddress,
        PhoneNumberNotServed,
    }
    """How `request` can be refused."""

    def __init__(self, executor: Executor, codes: CodeProcess) -> None:
        self._executor, self._codes = executor, codes

    async def request(self, contact: Contact, *, sender: Sender, actor: Actor = ANONYMOUS) -> SignInChallenge:
        """Has a code sent, if somebody is known there, and never tells which.

        Raises `PhoneNumberNotServed`, `TooManySignInCodes`, `SignInCodesPaused` and `TextMessagesPaused`.
        """
        return await self._codes.send(RequestSignInCode(request=self._codes.request(contact, sender)), actor)

    async def redeem(
        self,
        challenge_id: UUID,
        code: str,
        *,
        sender: Sender,
        client_id: str,
        token_digest: bytes,
        device: str | None = None,
    ) -> Session:
        """A new session, whose first refresh token is given by its digest. Raises `SignInRefused`."""
        await self._codes.ensure_right(challenge_id, code, sender)
        command = RedeemSignInCode(
            challenge_id=challenge_id, client_id=client_id, token_digest=token_digest, device=device
        )
        return await self._executor.execute(command, ANONYMOUS)

    async def authorize(
        self, challenge_id: UUID, code: str, *, sender: Sender, terms: AuthorizationTerms, code_digest: bytes
    ) -> None:
        """Gives an app an authorization code, by its digest, for a right sign-in code. Raises `SignInRefused`."""
        await self._codes.ensure_right(challenge_id, code, sender)
        command = GrantAuthorizationCode(
            challenge_id=challenge_id, client_id=terms.client_id, terms=terms, code_digest=code_digest
        )
        await self._executor.execute(command, ANONYMOUS)

    async def redeem_authorization(self, command: RedeemAuthorizationCode) -> Authorized:
        """A new session. Raises `AuthorizationRefused`.

        A code that was redeemed before ends the session that it made: one of the two who have it has stolen it.
        """
        try:
            return await self._executor.execute(command, ANONYMOUS)
        except AuthorizationCodeReplayed:
            replayed = EndReplayedAuthorization(client_id=command.client_id, code_digest=command.code_digest)
            await self._executor.execute(replayed, ANONYMOUS)
            raise AuthorizationRefused from None

    async def refresh(self, token_digest: bytes, *, client_id: str, next_token_digest: bytes) -> Session:
        """The session, with its next refresh token. Raises `RefreshRefused`.

        A token that was replaced before ends its session: whoever shows it, or whoever replaced it, has stolen it.
        """
        command = RefreshSession(client_id=client_id, token_digest=token_digest, next_token_digest=next_token_digest)
        try:
            return await self._executor.execute(command, ANONYMOUS)
        except RefreshTokenReplayed:
            replayed = EndReplayedSession(client_id=client_id, token_digest=token_digest)
            await self._executor.execute(replayed, ANONYMOUS)
            raise RefreshRefused from None

    async def revoke(self, token_digest: bytes, *, client_id: str) -> None:
        """Ends the session of a refresh token, if it is this client's."""
        await self._executor.execute(RevokeRefreshToken(client_id=client_id, token_digest=token_digest), ANONYMOUS)

    async def end(self, session_id: UUID, *, client_id: str, reason: EndReason) -> None:
        """Ends a session that a verified token of this client's names."""
        command = RevokeSession(client_id=client_id, session_id=session_id, reason=reason)
        await self._executor.execute(command, ANONYMOUS)
