"""What every code has in common, whatever it proves: how it is sent, and how it is tried."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Final
from uuid import UUID
from zoneinfo import ZoneInfo

from domain.identity.allowances import Taking, ensure_allowed
from domain.identity.challenge import CODE_LIFETIME, Challenge, ChallengePurpose, CodeRequest, SignInChallenge
from domain.identity.errors import SignInCodesPaused, SignInRefused, TextMessagesPaused, TooManySignInCodes
from domain.identity.pace import COUNTED_FOR
from domain.identity.ports import IdentityWork
from domain.kernel.access import Permission
from domain.kernel.errors import Rejection
from domain.kernel.events import Event, Job
from domain.kernel.executor import Command, personal, use_case
from domain.kernel.time import local_date
from domain.notifications.messages import Message, MessageKind
from domain.notifications.usecases import DELIVER_MESSAGE

CODE_REFUSALS: Final[tuple[type[Rejection], ...]] = (TooManySignInCodes, SignInCodesPaused, TextMessagesPaused)
"""What a use case that sends a code rejects with."""


@dataclass(frozen=True, kw_only=True)
class TakeCodeTry(Command[bool]):
    """Take one of the tries that a challenge, its contact and the sender have. `most`: for the contact, a day."""

    challenge_id: UUID
    most: int = personal()
    takings: tuple[Taking, ...] = personal()


@dataclass(frozen=True, kw_only=True)
class ReportSmsCeiling(Command[bool]):
    """Say that text messages of that day have cost what they may, unless that was said before."""

    day: date
    ceiling_minor: int


async def send_code(
    request: CodeRequest, work: IdentityWork, *, purpose: ChallengePurpose, customer_id: UUID | None
) -> SignInChallenge:
    """Has a code sent to a contact. For nobody the same is done: challenge, message and job are written either way.

    The worker discards a message that is for nobody. So neither answer nor time tells who is a customer. A use case
    that calls this calls it once, and rejects with `CODE_REFUSALS`. A refusal undoes what was counted.
    """
    since = work.now - COUNTED_FOR
    pace = await work.identity.pace(request.contact_digest, request.device_digest, since)
    pace.ensure_unhurried(request.rules, work.now)
    if request.takings and not pace.is_known_device:
        ensure_allowed(request.takings, await work.identity.take(request.takings, work.now), work.now)
    await _spend(request, work, is_sent=customer_id is not None)
    challenge = Challenge(
        id=work.id,
        purpose=purpose,
        customer_id=customer_id,
        channel=request.contact.channel,
        contact_digest=request.contact_digest,
        device_digest=request.device_digest,
        lane=pace.lane,
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


async def _spend(request: CodeRequest, work: IdentityWork, *, is_sent: bool) -> None:
    """Counts what is really sent, but refuses by what would be if it were: so the refusal tells of nobody.

    For nobody 0 is added, which takes as long.
    """
    if request.price_minor is None:
        return
    today, cost_minor = local_date(work.now, work.operator.time_zone), request.price_minor if is_sent else 0
    total_minor = await work.identity.spend(today, cost_minor, spender=work.id)
    if total_minor - cost_minor + request.price_minor > request.rules.sms_ceiling_minor:
        raise TextMessagesPaused(_seconds_left(today, work), today)


def _seconds_left(today: date, work: IdentityWork) -> int:
    tomorrow = datetime.combine(today + timedelta(days=1), time(0), ZoneInfo(work.operator.time_zone))
    return math.ceil((tomorrow - work.now).total_seconds())


@use_case(Permission.SIGN_IN, rejects=[SignInRefused])
async def take_code_try(command: TakeCodeTry, work: IdentityWork) -> bool:
    """An execution of its own, before the code is looked at: a try must survive the refusal that follows it.

    Were it counted afterwards, any number of guesses sent at once would be looked at. False when challenge or contact
    has none left, or there is no such challenge: the sender's is taken all the same. When the sender has none left,
    nothing is counted, so that whoever goes on does not wait for ever.
    """
    if command.takings:
        try:
            ensure_allowed(command.takings, await work.identity.take(command.takings, work.now), work.now)
        except TooManySignInCodes:
            raise SignInRefused from None
    since = work.now - COUNTED_FOR
    return await work.identity.take_try(command.challenge_id, work.now, since=since, most=command.most)


@use_case(Permission.MESSAGE_SEND)
async def report_sms_ceiling(command: ReportSmsCeiling, work: IdentityWork) -> bool:
    """True for the first one that says it. An execution of its own, since the refusal has undone all that it did."""
    is_first = await work.identity.report_ceiling(command.day, work.now)
    if is_first:
        data = {"day": command.day.isoformat(), "ceiling_minor": command.ceiling_minor}
        work.emit(Event("sms_ceiling.reached", None, data))
    return is_first


USE_CASES: Final = (take_code_try, report_sms_ceiling)
