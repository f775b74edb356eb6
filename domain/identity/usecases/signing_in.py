"""Signing in: the challenge, its tries, and what a right code brings."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final
from uuid import UUID

from domain.identity.challenge import (
    CODE_LIFETIME,
    CODE_TRIES,
    LONGEST_PERIOD,
    MOST_CHALLENGES,
    SignInChallenge,
    ensure_not_flooded,
)
from domain.identity.errors import SignInRefused, TooManySignInCodes
from domain.identity.ports import IdentityWork
from domain.identity.session import AuthenticationMethod, Person, Session
from domain.identity.usecases.sessions import begin
from domain.kernel.access import Permission
from domain.kernel.events import Job
from domain.kernel.executor import Command, personal, use_case
from domain.notifications.messages import Channel, Message, MessageKind
from domain.notifications.usecases import DELIVER_MESSAGE


@dataclass(frozen=True, kw_only=True)
class RequestSignInCode(Command[SignInChallenge]):
    """Have a code sent to a phone number (E.164), which may be nobody's."""

    phone_number: str = personal()
    number_digest: bytes = personal()


@dataclass(frozen=True, kw_only=True)
class TakeSignInTry(Command[None]):
    """Take one of the tries that a challenge has."""

    challenge_id: UUID


@dataclass(frozen=True, kw_only=True)
class RedeemSignInCode(Command[Session]):
    """Sign in by a challenge whose code was right. The new session's refresh token comes as its digest."""

    challenge_id: UUID
    client_id: str
    token_digest: bytes = personal()
    device: str | None = personal()


@use_case(Permission.SIGN_IN, rejects=[TooManySignInCodes])
async def request_sign_in_code(command: RequestSignInCode, work: IdentityWork) -> SignInChallenge:
    """Whether the number is known or not, the same is done: challenge, message and job are written either way.

    The worker discards a message that is for nobody. So neither answer nor time tells who is a customer.
    """
    since = work.now - LONGEST_PERIOD
    earlier = await work.identity.challenges_since(since, command.number_digest, limit=MOST_CHALLENGES)
    ensure_not_flooded(earlier, work.now)
    customer_id = await work.identity.customer_of(command.phone_number)
    challenge = SignInChallenge(work.id, work.now + CODE_LIFETIME)
    await work.identity.add_challenge(
        challenge.id,
        customer_id=customer_id,
        number_digest=command.number_digest,
        tries=CODE_TRIES,
        created_at=work.now,
        expires_at=challenge.expires_at,
    )
    # Not the code: whoever delivers the message derives it from the challenge, so that it is kept nowhere.
    minutes = CODE_LIFETIME.seconds // 60
    message = Message(MessageKind.SIGN_IN_CODE, customer_id, {"challenge_id": str(challenge.id), "minutes": minutes})
    await work.messages.add(work.id, message, channel=Channel.SMS, address=command.phone_number, created_at=work.now)
    work.schedule(Job(DELIVER_MESSAGE, work.id))
    return challenge


@use_case(Permission.SIGN_IN, rejects=[SignInRefused])
async def take_sign_in_try(command: TakeSignInTry, work: IdentityWork) -> None:
    """An execution of its own, before the code is looked at: a try must survive the refusal that follows it.

    Were it counted afterwards, any number of guesses sent at once would be looked at.
    """
    if not await work.identity.take_try(command.challenge_id, work.now):
        raise SignInRefused


@use_case(Permission.SIGN_IN, rejects=[SignInRefused])
async def redeem_sign_in_code(command: RedeemSignInCode, work: IdentityWork) -> Session:
    """Whoever uses the challenge up first gets the session."""
    customer_id = await work.identity.use_challenge(command.challenge_id, work.now)
    if customer_id is None:
        raise SignInRefused
    session = Session(
        id=work.id,
        person=Person.customer(customer_id),
        client_id=command.client_id,
        started_at=work.now,
        method=AuthenticationMethod.SMS_CODE,
        generation_at=work.now,
        device=command.device,
    )
    return await begin(session, command.token_digest, work)


USE_CASES: Final = (request_sign_in_code, take_sign_in_try, redeem_sign_in_code)
