"""Sessions: how they begin, are refreshed, and end."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final
from uuid import UUID

from domain.identity.errors import RefreshRefused, RefreshTokenReplayed, SessionNotFound
from domain.identity.ports import IdentityWork
from domain.identity.session import EndReason, Person, RefreshToken, Session
from domain.kernel.access import Permission
from domain.kernel.events import Event
from domain.kernel.executor import Command, personal, use_case


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
class RevokeRefreshToken(Command[None]):
    """End the session of a refresh token, any of its line, at its client's wish."""

    client_id: str
    token_digest: bytes = personal()


@dataclass(frozen=True, kw_only=True)
class RevokeSession(Command[None]):
    """End a session at its client's wish, who has proved that it is theirs with a token of it."""

    client_id: str
    session_id: UUID
    reason: EndReason


@dataclass(frozen=True, kw_only=True)
class EndSession(Command[Session]):
    """Sign out on one's own device."""

    session_id: UUID


@dataclass(frozen=True, kw_only=True)
class EndAllSessions(Command[int]):
    """Sign out on all of one's own devices, but for the one that says so if it is to stay."""

    keep_this_one: bool


async def begin(session: Session, token_digest: bytes, work: IdentityWork) -> Session:
    """Writes a new session with its first refresh token, and says so. The answer knows its customer's language."""
    session = await work.identity.add_session(session)
    await work.identity.add_refresh_token(_token(token_digest, session, work))
    work.emit(_event("started", session))
    return session


async def end(session: Session, reason: EndReason, work: IdentityWork) -> Session:
    """Ends a session, and says so. To end it twice changes nothing."""
    if session.ended_at is not None:
        return session
    session = replace(session, ended_at=work.now)
    await work.identity.keep_session(session, work.now)
    work.emit(_event("ended", session, reason=reason))
    return session


async def end_all(
    person: Person, reason: EndReason, work: IdentityWork, *, but: UUID | None = None
) -> Sequence[Session]:
    """Ends every session of a person's, but for one, and says so. Those that it has ended."""
    ended = await work.identity.end_sessions(person, work.now, but=but)
    for session in ended:
        work.emit(_event("ended", session, reason=reason))
    return ended


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
        await end(session, EndReason.REFRESH_TOKEN_REPLAYED, work)
    except RefreshRefused:
        return


@use_case(Permission.SESSION_REFRESH)
async def revoke_refresh_token(command: RevokeRefreshToken, work: IdentityWork) -> None:
    """A token that is unknown or another client's changes nothing: the client could do nothing about it."""
    found = await work.identity.session_of(command.token_digest)
    if found is not None and found[0].client_id == command.client_id:
        await end(found[0], EndReason.REVOKED, work)


@use_case(Permission.SESSION_REFRESH)
async def revoke_session(command: RevokeSession, work: IdentityWork) -> None:
    """Whoever asks has verified a token of ours that names the session; still, it must be this client's."""
    session = await work.identity.session(command.session_id)
    if session is not None and session.client_id == command.client_id:
        await end(session, command.reason, work)


@use_case(Permission.SESSION_END, rejects=[SessionNotFound])
async def end_session(command: EndSession, work: IdentityWork) -> Session:
    """Refused for a session that is somebody else's. To end it twice changes nothing."""
    session = await work.identity.session(command.session_id)
    if session is None or work.actor.subject is None or session.person.customer_id != work.actor.subject:
        raise SessionNotFound
    return await end(session, EndReason.SIGNED_OUT, work)


@use_case(Permission.SESSION_END)
async def end_all_sessions(command: EndAllSessions, work: IdentityWork) -> int:
    """How many were ended."""
    assert work.actor.subject is not None
    kept = work.actor.session_id if command.keep_this_one else None
    return len(await end_all(Person.customer(work.actor.subject), EndReason.SIGNED_OUT, work, but=kept))


def _token(digest: bytes, session: Session, work: IdentityWork) -> RefreshToken:
    return RefreshToken(
        digest=digest,
        session_id=session.id,
        generation=session.generation,
        created_at=work.now,
        expires_at=session.stays_until(work.now),
    )


def _event(what: str, session: Session, *, reason: EndReason | None = None) -> Event:
    data = {"session_id": str(session.id), "client_id": session.client_id}
    if session.person.staff_id is not None:
        data["staff_id"] = str(session.person.staff_id)
    return Event(f"session.{what}", session.person.customer_id, data | ({"reason": reason.value} if reason else {}))


USE_CASES: Final = (
    refresh_session,
    end_replayed_session,
    revoke_refresh_token,
    revoke_session,
    end_session,
    end_all_sessions,
)
