"""Signing in by a code: asking for it, and what a right one brings."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final
from uuid import UUID

from domain.identity.challenge import ChallengePurpose, CodeRequest, SignInChallenge, UsedChallenge
from domain.identity.errors import SignInRefused
from domain.identity.ports import IdentityWork
from domain.identity.session import AuthenticationMethod, Person, Session
from domain.identity.usecases.challenges import CODE_REFUSALS, send_code
from domain.identity.usecases.sessions import begin
from domain.kernel.access import Permission
from domain.kernel.executor import Command, personal, use_case
from domain.notifications.messages import Channel

_METHODS: Final = {Channel.SMS: AuthenticationMethod.SMS_CODE, Channel.EMAIL: AuthenticationMethod.EMAIL_CODE}


@dataclass(frozen=True, kw_only=True)
class RequestSignInCode(Command[SignInChallenge]):
    """Have a code sent to a phone number or an e-mail address, which may be nobody's."""

    request: CodeRequest = personal()


@dataclass(frozen=True, kw_only=True)
class RedeemSignInCode(Command[Session]):
    """Sign in by a challenge whose code was right. The new session's refresh token comes as its digest."""

    challenge_id: UUID
    client_id: str
    token_digest: bytes = personal()
    device: str | None = personal()


@use_case(Permission.SIGN_IN, rejects=CODE_REFUSALS)
async def request_sign_in_code(command: RequestSignInCode, work: IdentityWork) -> SignInChallenge:
    """Whether somebody is known there or not, the same is done."""
    customer_id = await work.identity.customer_of(command.request.contact)
    return await send_code(command.request, work, purpose=ChallengePurpose.SIGN_IN, customer_id=customer_id)


@use_case(Permission.SIGN_IN, rejects=[SignInRefused])
async def redeem_sign_in_code(command: RedeemSignInCode, work: IdentityWork) -> Session:
    """Whoever uses the challenge up first gets the session."""
    used = await use_sign_in_challenge(command.challenge_id, work)
    session = Session(
        id=work.id,
        person=Person.customer(used.customer_id),
        client_id=command.client_id,
        started_at=work.now,
        method=method_of(used),
        generation_at=work.now,
        device=command.device,
    )
    return await begin(session, command.token_digest, work)


async def use_sign_in_challenge(challenge_id: UUID, work: IdentityWork) -> UsedChallenge:
    """Uses up a challenge whose code was right. Raises `SignInRefused` when it was nobody's, or somebody was faster."""
    used = await work.identity.use_challenge(challenge_id, ChallengePurpose.SIGN_IN, work.now)
    if used is None:
        raise SignInRefused
    return used


def method_of(used: UsedChallenge) -> AuthenticationMethod:
    """How somebody proved who they are by it."""
    return _METHODS[used.channel]


USE_CASES: Final = (request_sign_in_code, redeem_sign_in_code)
