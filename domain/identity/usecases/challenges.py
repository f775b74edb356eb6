"""What every code has in common, whatever it proves: how it is sent, and how it is tried."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final
from uuid import UUID

from domain.identity.challenge import (
    CODE_LIFETIME,
    LONGEST_PERIOD,
    MOST_CHALLENGES,
    Challenge,
    ChallengePurpose,
    CodeRequest,
    SignInChallenge,
    ensure_not_flooded,
)
from domain.identity.errors import SignInRefused
from domain.identity.ports import IdentityWork
from domain.kernel.access import Permission
from domain.kernel.events import Job
from domain.kernel.executor import Command, use_case
from domain.notifications.messages import Message, MessageKind
from domain.notifications.usecases import DELIVER_MESSAGE


@dataclass(frozen=True, kw_only=True)
class TakeCodeTry(Command[None]):
    """Take one of the tries that a challenge has."""

    challenge_id: UUID


async def send_code(
    request: CodeRequest, work: IdentityWork, *, purpose: ChallengePurpose, customer_id: UUID | None
) -> SignInChallenge:
    """Has a code sent to a contact. For nobody the same is done: challenge, message and job are written either way.

    The worker discards a message that is for nobody. So neither answer nor time tells who is a customer. A use case
    that calls this calls it once, and rejects with `TooManySignInCodes`.
    """
    since = work.now - LONGEST_PERIOD
    earlier = await work.identity.challenges_since(since, request.contact_digest, limit=MOST_CHALLENGES)
    ensure_not_flooded(earlier, work.now)
    challenge = Challenge(
        id=work.id,
        purpose=purpose,
        customer_id=customer_id,
        channel=request.contact.channel,
        contact_digest=request.contact_digest,
        created_at=work.now,
        expires_at=work.now + CODE_LIFETIME,
    )
    await work.identity.add_challenge(challenge)
    # Not the code: whoever delivers the message derives it from the challenge, so that it is kept nowhere.
    minutes = CODE_LIFETIME.seconds // 60
    message = Message(MessageKind.SIGN_IN_CODE, customer_id, {"challenge_id": str(challenge.id), "minutes": minutes})
    address = request.contact.value
    await work.messages.add(work.id, message, channel=challenge.channel, address=address, created_at=work.now)
    work.schedule(Job(DELIVER_MESSAGE, work.id))
    return SignInChallenge(challenge.id, challenge.expires_at)


@use_case(Permission.SIGN_IN, rejects=[SignInRefused])
async def take_code_try(command: TakeCodeTry, work: IdentityWork) -> None:
    """An execution of its own, before the code is looked at: a try must survive the refusal that follows it.

    Were it counted afterwards, any number of guesses sent at once would be looked at.
    """
    if not await work.identity.take_try(command.challenge_id, work.now):
        raise SignInRefused


USE_CASES: Final = (take_code_try,)
