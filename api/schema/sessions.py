"""Where one is signed in, and signing out."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Final

import strawberry
from strawberry.types import Info

from api.context import Context
from api.schema.errors import UserError, mutation, payload, user_error
from api.schema.fields import shown, shown_field
from api.schema.ids import global_id, read_id_of
from api.schema.paging import LAST_UUID, Page, PageInfo, id_cursor
from domain.identity.errors import SessionNotFound
from domain.identity.session import REFRESH_TOKEN_LIFETIME
from domain.identity.usecases.sessions import EndAllSessions, EndSession, end_all_sessions, end_session
from domain.kernel.access import Access, Permission
from persistence.queries.identity import SESSIONS_OF_ACTOR, SessionRow

PREFIX: Final = "session"


@shown(Access.SIGNED_IN)
class Session:
    """A device on which one is signed in. It is shown to nobody else."""

    id: strawberry.ID = shown_field("Opaque: give it back to `endSession`.")
    app: str = shown_field("What one has signed in to.")
    device: str | None = shown_field("What it is, such as Firefox, Linux; null when that could not be told.")
    is_current: bool = shown_field("Whether it is the one that asks.")
    started_at: datetime = shown_field("When one signed in there.")
    last_seen_at: datetime = shown_field("When it was last heard of, to within some minutes.")


@shown(Access.SIGNED_IN)
class SessionEdge:
    """A session in its place."""

    node: Session = shown_field("The session.")
    cursor: str = shown_field("Its place in the list, to be given as `after`.")


@shown(Access.SIGNED_IN)
class SessionConnection:
    """A page of sessions, newest first."""

    nodes: list[Session] = shown_field("The sessions of this page.")
    edges: list[SessionEdge] = shown_field("The sessions of this page, each with its cursor.")
    page_info: PageInfo = shown_field("Where this page stands.")


async def sessions_of_actor(context: Context, first: int | None, after: str | None) -> SessionConnection:
    """A page of where one is signed in, newest first."""
    page = Page(first, after)
    rows: Sequence[SessionRow] = await SESSIONS_OF_ACTOR.all(
        context.services.database,
        me=context.me,
        since=context.now - REFRESH_TOKEN_LIFETIME,
        before=page.after_id(LAST_UUID),
        most=page.most,
    )
    by_id = {global_id(PREFIX, row.id): row for row in rows}
    nodes = [_session_of(row, context) for row in rows]
    return page.of(SessionConnection, SessionEdge, nodes, lambda session: id_cursor(by_id[session.id].id))


def _session_of(row: SessionRow, context: Context) -> Session:
    client = context.services.identity.clients.find(row.client_id)
    return Session(
        id=strawberry.ID(global_id(PREFIX, row.id)),
        app=client.name if client else row.client_id,
        device=row.device,
        is_current=row.id == context.actor.session_id,
        started_at=row.created_at,
        last_seen_at=row.last_seen_at,
    )


@user_error(SessionNotFound, path="sessionId")
class SessionNotFoundError(UserError):
    """There is no such session of one's own."""


@strawberry.input(description="Where to sign out.")
class EndSessionInput:
    session_id: strawberry.ID = strawberry.field(description="One of one's own sessions.")


@payload(end_session.rejects)
class EndSessionPayload:
    """When the session ended."""

    ended_at: datetime | None = shown_field("When it ended; for one that had ended before, then.")


@strawberry.input(description="How thoroughly to sign out.")
class EndAllSessionsInput:
    keep_this_one: bool = strawberry.field(description="Whether the session that asks goes on.")


@payload(end_all_sessions.rejects)
class EndAllSessionsPayload:
    """How many there were."""

    ended: int | None = shown_field("How many sessions have ended.")


@strawberry.type
class SessionMutations:
    @mutation(Permission.SESSION_END, rejects=end_session.rejects)
    async def end_session(self, info: Info[Context, None], input: EndSessionInput) -> EndSessionPayload | None:
        """Signs out on one device. Its tokens, and what it listens to, are dead within 30 seconds."""
        context = info.context
        command = EndSession(session_id=read_id_of(PREFIX, input.session_id, "sessionId"))
        ended = await context.services.executor.execute(command, context.actor)
        return EndSessionPayload(ended_at=ended.ended_at)

    @mutation(Permission.SESSION_END, rejects=end_all_sessions.rejects)
    async def end_all_sessions(
        self, info: Info[Context, None], input: EndAllSessionsInput
    ) -> EndAllSessionsPayload | None:
        """Signs out on every device, or on every other one."""
        context = info.context
        command = EndAllSessions(keep_this_one=input.keep_this_one)
        return EndAllSessionsPayload(ended=await context.services.executor.execute(command, context.actor))
