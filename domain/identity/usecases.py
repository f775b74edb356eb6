"""Signing in: the challenge, its tries, the session, its refreshing and its end."""

from __future__ import annotations

from dataclasses import dataclass, replace
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
from domain.identity.errors import RefreshRefused, RefreshTokenReplayed, SignInRefused, TooManySignInCodes
from domain.identity.ports import IdentityWork
from domain.identity.session import REFRESH_TOKEN_LIFETIME, EndReason, RefreshToken, Session
from domain.kernel.access import Permission
from domain.kernel.errors import NotFound
from domain.kernel.events import Event, Job
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


@dataclass(frozen=True, kw_only=True)
class RefreshSession(Command[Session]):
    """Exchange a refresh token for the next one, both given by their digests."""

    client_id: str
    token_digest: bytes = personal()
    next_token_digest: bytes = personal()


@dataclass(frozen=True, kw_only=True)
class EndReplayedSession(Command[None]):
    """End the session of a refresh token that was replaced before."""

    client_id: str
    token_digest: bytes = personal()


@dataclass(frozen=True, kw_only=True)
class EndSession(Command[None]):
    """Sign out on one's own device."""

    session_id: UUID


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
        customer_id=customer_id,
        client_id=command.client_id,
        started_at=work.now,
        generation_at=work.now,
    )
    session = await work.identity.add_session(session)
    await work.identity.add_refresh_token(_token(command.token_digest, session, work))
    work.emit(_event("started", session))
    return session


@use_case(Permission.SESSION_REFRESH, rejects=[RefreshRefused, RefreshTokenReplayed])
async def refresh_session(command: RefreshSession, work: IdentityWork) -> Session:
    """The session's lock puts parallel refreshes into a row, so that each sees what the one before it did."""
    found = await work.identity.session_of(command.token_digest)
    if found is None:
        raise RefreshRefused
    session, token = found
    session = session.refreshed(token, client_id=command.client_id, now=work.now)
    await work.identity.keep_session(session, work.now)
    await work.identity.add_refresh_token(_token(command.next_token_digest, session, work))
    return session


@use_case(Permission.SESSION_REFRESH)
async def end_replayed_session(command: EndReplayedSession, work: IdentityWork) -> None:
    """An execution of its own, since the refusal of the refresh has undone everything that belonged to it."""
    found = await work.identity.session_of(command.token_digest)
    if found is None:
        return
    session, token = found
    try:
        session.refreshed(token, client_id=command.client_id, now=work.now)
    except RefreshTokenReplayed:
        await _end(session, EndReason.REFRESH_TOKEN_REPLAYED, work)
    except RefreshRefused:
        return


@use_case(Permission.SESSION_REFRESH)
async def end_session(command: EndSession, work: IdentityWork) -> None:
    """Raises `NotFound` for a session that is somebody else's. To end it twice changes nothing."""
    session = await work.identity.session(command.session_id)
    if session is None or session.customer_id != work.actor.subject:
        raise NotFound
    if session.ended_at is None:
        await _end(session, EndReason.SIGNED_OUT, work)


async def _end(session: Session, reason: EndReason, work: IdentityWork) -> None:
    await work.identity.keep_session(replace(session, ended_at=work.now), work.now)
    work.emit(_event("ended", session, reason=reason))


def _token(digest: bytes, session: Session, work: IdentityWork) -> RefreshToken:
    return RefreshToken(
        digest=digest,
        session_id=session.id,
        generation=session.generation,
        created_at=work.now,
        expires_at=work.now + REFRESH_TOKEN_LIFETIME,
    )


def _event(what: str, session: Session, *, reason: EndReason | None = None) -> Event:
    data = {"session_id": str(session.id), "client_id": session.client_id}
    return Event(f"session.{what}", session.customer_id, data | ({"reason": reason.value} if reason else {}))


USE_CASES: Final = (
    request_sign_in_code,
    take_sign_in_try,
    redeem_sign_in_code,
    refresh_session,
    end_replayed_session,
    end_session,
)
