"""The authorization code: given for a right sign-in code, and redeemed by the app that had asked for it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final
from uuid import UUID

from domain.identity.authorization import (
    AUTHORIZATION_CODE_LIFETIME,
    AuthorizationCode,
    AuthorizationTerms,
    Authorized,
)
from domain.identity.errors import AuthorizationCodeReplayed, AuthorizationRefused, SignInRefused
from domain.identity.ports import IdentityWork
from domain.identity.session import EndReason, Person, Session
from domain.identity.usecases.sessions import begin, end
from domain.identity.usecases.signing_in import method_of, use_sign_in_challenge
from domain.kernel.access import Permission
from domain.kernel.executor import Command, personal, use_case


@dataclass(frozen=True, kw_only=True)
class GrantAuthorizationCode(Command[None]):
    """Give an app a code, after a challenge whose sign-in code was right. It comes as its digest."""

    challenge_id: UUID
    client_id: str
    terms: AuthorizationTerms = personal()
    code_digest: bytes = personal()


@dataclass(frozen=True, kw_only=True)
class RedeemAuthorizationCode(Command[Authorized]):
    """Exchange a code for a session, whose refresh token comes as its digest.

    `code_challenge` is what the app's verifier makes by S256.
    """

    client_id: str
    redirect_uri: str = personal()
    code_challenge: str = personal()
    code_digest: bytes = personal()
    token_digest: bytes = personal()
    device: str | None = personal()


@dataclass(frozen=True, kw_only=True)
class EndReplayedAuthorization(Command[None]):
    """End the session that a code has made which comes a second time."""

    client_id: str
    code_digest: bytes = personal()


@use_case(Permission.SIGN_IN, rejects=[SignInRefused])
async def grant_authorization_code(command: GrantAuthorizationCode, work: IdentityWork) -> None:
    """Whoever uses the challenge up first gets the code."""
    used = await use_sign_in_challenge(command.challenge_id, work)
    code = AuthorizationCode(
        digest=command.code_digest,
        terms=command.terms,
        person=Person.customer(used.customer_id),
        method=method_of(used),
        expires_at=work.now + AUTHORIZATION_CODE_LIFETIME,
    )
    await work.identity.add_authorization_code(code, work.now)


@use_case(Permission.SIGN_IN, rejects=[AuthorizationRefused, AuthorizationCodeReplayed])
async def redeem_authorization_code(command: RedeemAuthorizationCode, work: IdentityWork) -> Authorized:
    """The code's lock puts parallel attempts into a row: the first gets the session, the second ends it.

    The session began when its person proved who they are, which is when the code was given.
    """
    code = await work.identity.authorization_code(command.code_digest)
    if code is None:
        raise AuthorizationRefused
    code.ensure_redeemable(
        client_id=command.client_id,
        redirect_uri=command.redirect_uri,
        code_challenge=command.code_challenge,
        now=work.now,
    )
    session = Session(
        id=work.id,
        person=code.person,
        method=code.method,
        client_id=code.terms.client_id,
        started_at=code.expires_at - AUTHORIZATION_CODE_LIFETIME,
        generation_at=work.now,
        scope=code.terms.scope,
        device=command.device,
    )
    session = await begin(session, command.token_digest, work)
    await work.identity.use_authorization_code(code.digest, session.id)
    return Authorized(session=session, nonce=code.terms.nonce)


@use_case(Permission.SIGN_IN)
async def end_replayed_authorization(command: EndReplayedAuthorization, work: IdentityWork) -> None:
    """An execution of its own, since the refusal has undone everything that belonged to it."""
    code = await work.identity.authorization_code(command.code_digest)
    if code is None or code.session_id is None:
        return
    session = await work.identity.session(code.session_id)
    if session is not None:
        await end(session, EndReason.AUTHORIZATION_CODE_REPLAYED, work)


USE_CASES: Final = (grant_authorization_code, redeem_authorization_code, end_replayed_authorization)
