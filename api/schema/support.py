"""Support: staff find a customer and act on their behalf, and the customer sees who, when, why and what."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Final
from uuid import UUID

import orjson
import strawberry
from strawberry.types import Info

from api.context import Context
from api.schema import customers
from api.schema.approvals import ApprovalConnection, pending_approvals
from api.schema.customers import Customer, find_customers
from api.schema.errors import UserError, mutation, payload, user_error
from api.schema.fields import batched, shown, shown_field
from api.schema.ids import global_id, read_id_of
from api.schema.node import Node, found_by, in_order
from api.schema.paging import LAST_UUID, After, First, Page, PageInfo, id_cursor
from api.schema.scalars import PhoneNumber
from api.schema.texts import at_most
from domain.identity.errors import InvalidPhoneNumber
from domain.identity.phone_numbers import e164
from domain.kernel.access import Access, Permission, StaffRole, SupportAccess
from domain.kernel.errors import Invalid
from domain.registration.identity_numbers import InvalidIdentityNumber, identity_number
from domain.support.errors import CustomerNotFound, ReasonMissing, SupportAccessDisputed, SupportSessionNotFound
from domain.support.search import FOUND_LATELY, CustomerSearch, SearchKind
from domain.support.session import LONGEST_REASON, LONGEST_TICKET
from domain.support.session import SupportSession as DomainSession
from domain.support.usecases import (
    DisputeSupportAccess,
    EndSupportSession,
    FindCustomers,
    StartSupportSession,
    dispute_support_access,
    end_support_session,
    start_support_session,
)
from persistence.queries.support import (
    REQUEST,
    STAFF_MEMBER,
    SUPPORT_ACTIONS,
    SUPPORT_SESSIONS,
    SUPPORT_SESSIONS_OF_ACTOR,
    SUPPORT_SESSIONS_OF_STAFF,
    SupportActionRow,
    SupportSessionRow,
)
from persistence.statement import beside

PREFIX: Final = "support"


@shown(Access.SELF)
class SupportRequest:
    """Something that was looked at on the customer's behalf."""

    at: datetime = shown_field("When.")
    fields: list[str] = shown_field("What was asked for, such as `viewer.cards`.")


@shown(Access.SELF)
class SupportChange:
    """Something that was done on the customer's behalf."""

    at: datetime = shown_field("When.")
    operation: str = shown_field("What was done, such as `block_card`.")


async def session_actions(sessions: Sequence[SupportSession], *, context: Context) -> Sequence[list[SupportActionRow]]:
    """What was done in support sessions, once for all fields that are made of it."""
    keys = [str(session.key) for session in sessions]
    rows = await SUPPORT_ACTIONS.all(context.services.database, sessions=keys)
    return beside(keys, rows, lambda row: row.support_session_id)


def _requests(rows: Sequence[SupportActionRow]) -> list[SupportRequest]:
    return [
        SupportRequest(at=row.at, fields=orjson.loads(row.fields or "[]")) for row in rows if row.operation == REQUEST
    ]


def _changes(rows: Sequence[SupportActionRow]) -> list[SupportChange]:
    return [SupportChange(at=row.at, operation=row.operation) for row in rows if row.operation != REQUEST]


@shown(Access.SELF)
class SupportSession(Node):
    """Somebody of the operator's staff acted on a customer's behalf, for a quarter of an hour at most."""

    key: strawberry.Private[UUID]
    access: SupportAccess = shown_field("How far it went.")
    staff_name: str = shown_field("Who it was.")
    reason: str = shown_field("Why, in their words.")
    ticket: str = shown_field("The number of the matter at the operator's.")
    started_at: datetime = shown_field("When it began.")
    expires_at: datetime = shown_field("When it ends, or ended, by itself.")
    ended_at: datetime | None = shown_field("When it was ended before that; null if it was not.")
    disputed_at: datetime | None = shown_field("When the customer disputed it; null if they did not.")
    requests: list[SupportRequest] = batched(
        session_actions, "What was looked at, in the order of time.", read=lambda _, rows: _requests(rows)
    )
    changes: list[SupportChange] = batched(
        session_actions, "What was done, in the order of time.", read=lambda _, rows: _changes(rows)
    )


@shown(Access.SELF)
class SupportSessionEdge:
    """A support session in its place."""

    node: SupportSession = shown_field("The support session.")
    cursor: str = shown_field("Its place in the list, to be given as `after`.")


@shown(Access.SIGNED_IN)
class SupportSessionConnection:
    """A page of support sessions, newest first."""

    nodes: list[SupportSession] = shown_field("The support sessions of this page.")
    edges: list[SupportSessionEdge] = shown_field("The support sessions of this page, each with its cursor.")
    page_info: PageInfo = shown_field("Where this page stands.")


def _session_of(row: SupportSessionRow) -> SupportSession:
    return SupportSession(
        id=strawberry.ID(global_id(PREFIX, row.id)),
        key=row.id,
        access=SupportAccess(row.access),
        staff_name=row.staff_name,
        reason=row.reason,
        ticket=row.ticket,
        started_at=row.started_at,
        expires_at=row.expires_at,
        ended_at=row.ended_at,
        disputed_at=row.disputed_at,
    )


@found_by(PREFIX)
async def find_support_sessions(ids: Sequence[UUID], context: Context) -> Sequence[SupportSession | None]:
    """Support sessions by id: of customers whose own things one may see."""
    wanted, database = list(set(ids)), context.services.database
    if context.is_staff:
        since = context.now - FOUND_LATELY
        rows = await SUPPORT_SESSIONS_OF_STAFF.all(database, ids=wanted, me=context.me, since=since)
    else:
        rows = await SUPPORT_SESSIONS.all(database, ids=wanted, me=context.me)
    return in_order(ids, map(_session_of, rows), lambda session: session.key)


async def support_sessions_of_actor(context: Context, first: int | None, after: str | None) -> SupportSessionConnection:
    """A page of who acted on one's behalf, newest first."""
    page = Page(first, after)
    rows = await SUPPORT_SESSIONS_OF_ACTOR.all(
        context.services.database, me=context.me, before=page.after_id(LAST_UUID), most=page.most
    )
    nodes = [_session_of(row) for row in rows]
    return page.of(SupportSessionConnection, SupportSessionEdge, nodes, lambda session: id_cursor(session.key))


@shown(Access.STAFF)
class StaffMember:
    """Somebody of the operator's staff."""

    name: str = shown_field("Their name, as the operator's identity provider has it.")
    roles: list[StaffRole] = shown_field("What they are there for.")


@strawberry.input(description="What a customer is looked for by: one of these, whole.")
class CustomerSearchInput:
    phone_number: PhoneNumber | None = strawberry.field(
        default=None, description="The customer's, or that of a card which they hold or carry."
    )
    email: str | None = strawberry.field(default=None, description="An e-mail address of the customer's.")
    customer_number: str | None = strawberry.field(default=None, description="What the customer page shows.")
    identity_number: str | None = strawberry.field(
        default=None, description="The national identity number of a customer who has been identified."
    )


Search = Annotated[CustomerSearchInput, strawberry.argument(description="Whom to look for.")]


async def support_member(roots: Sequence[Support], *, context: Context) -> Sequence[StaffMember]:
    """Who is signed in."""
    row = await STAFF_MEMBER.first(context.services.database, id=context.me)
    assert row is not None
    return [StaffMember(name=row.name, roles=[StaffRole(role) for role in row.roles])] * len(roots)


async def support_customers(roots: Sequence[Support], *, context: Context, search: Search) -> Sequence[list[Customer]]:
    """The customers who have what is looked for: at most ten. Each look is on record, and there are so many an hour."""
    command = FindCustomers(search=_search(search, context))
    found = await context.services.executor.execute(command, context.actor)
    customers = [customer for customer in await find_customers(found, context) if customer is not None]
    return [customers] * len(roots)


async def support_approvals(
    roots: Sequence[Support], *, context: Context, first: First = None, after: After = None
) -> Sequence[ApprovalConnection | None]:
    """What waits for a second person's yes, the oldest first. Null for who does not work at the desk."""
    return [await pending_approvals(context, first, after)] * len(roots)


@shown(Access.STAFF)
class Support:
    """What the operator's staff work with."""

    member: StaffMember = batched(support_member)
    customers: list[Customer] = batched(support_customers)
    approvals: ApprovalConnection | None = batched(support_approvals)


def _search(input: CustomerSearchInput, context: Context) -> CustomerSearch:
    given = {
        SearchKind.PHONE_NUMBER: input.phone_number,
        SearchKind.EMAIL: input.email,
        SearchKind.CUSTOMER_NUMBER: input.customer_number,
        SearchKind.IDENTITY_NUMBER: input.identity_number,
    }
    named = [(kind, value.strip()) for kind, value in given.items() if value]
    if len(named) != 1:
        raise Invalid("A customer is looked for by one of phoneNumber, email, customerNumber and identityNumber.")
    [(kind, value)] = named
    if kind is SearchKind.PHONE_NUMBER:
        try:
            value = e164(value)
        except InvalidPhoneNumber:
            raise Invalid("No phone can have this number.") from None
    if kind is SearchKind.IDENTITY_NUMBER:
        try:
            value = identity_number(value, context.operator.country, context.today).value
        except InvalidIdentityNumber:
            raise Invalid("Nobody can have this identity number.") from None
    return CustomerSearch(kind, value.casefold() if kind is SearchKind.EMAIL else value)


@user_error(CustomerNotFound, path="customerId")
class CustomerNotFoundError(UserError):
    """There is no such customer, or you have not looked for them today."""


@user_error(ReasonMissing, path="reason")
class ReasonMissingError(UserError):
    """The reason is empty."""


@user_error(SupportSessionNotFound, path="supportSessionId")
class SupportSessionNotFoundError(UserError):
    """There is no such support session, or it is not yours."""


@user_error(SupportAccessDisputed, path="supportSessionId")
class SupportAccessDisputedError(UserError):
    """It has been disputed already."""


@strawberry.input(description="For whom, why, and how far.")
class StartSupportSessionInput:
    customer_id: strawberry.ID = strawberry.field(description="A customer whom one has looked for today.")
    reason: str = strawberry.field(description="Why, in a sentence that the customer may read; up to 500 characters.")
    ticket: str = strawberry.field(description="The number of the matter in the operator's own system.")
    access: SupportAccess = strawberry.field(description="How far it is to go.")


@strawberry.input(description="Which support session to end.")
class EndSupportSessionInput:
    support_session_id: strawberry.ID = strawberry.field(description="One that is one's own.")


@strawberry.input(description="Which support session should not have been, and why.")
class DisputeSupportAccessInput:
    support_session_id: strawberry.ID = strawberry.field(description="One that was on one's own behalf.")
    reason: str = strawberry.field(description="What was wrong with it; up to 500 characters.")


@payload(start_support_session.rejects)
class StartSupportSessionPayload:
    """The support session, and what is exchanged for a token to act with.

    At `/oauth/token`, with `grant_type=urn:ietf:params:oauth:grant-type:token-exchange`,
    `subject_token_type=urn:kontant:token-type:support-session`, one's own access token as `actor_token`,
    `actor_token_type=urn:ietf:params:oauth:token-type:access_token` and `client_id` (RFC 8693).
    """

    support_session: SupportSession | None = shown_field("The support session; null when it was refused.")
    subject_token: str | None = shown_field("The `subject_token` of that request. It is worth nothing by itself.")


@payload(end_support_session.rejects)
class EndSupportSessionPayload:
    """The support session as it now stands."""

    support_session: SupportSession | None = shown_field("The support session; null when it was refused.")


@payload(dispute_support_access.rejects)
class DisputeSupportAccessPayload:
    """The support session as it now stands."""

    support_session: SupportSession | None = shown_field("The support session; null when it was refused.")


@strawberry.type
class SupportMutations:
    @mutation(Permission.CUSTOMER_ASSIST, rejects=start_support_session.rejects)
    async def start_support_session(
        self, info: Info[Context, None], input: StartSupportSessionInput
    ) -> StartSupportSessionPayload | None:
        """Begins to act on a customer's behalf, for a quarter of an hour. The customer is told."""
        command = StartSupportSession(
            customer_id=read_id_of(customers.PREFIX, input.customer_id, "customerId"),
            reason=at_most(LONGEST_REASON, input.reason, "reason"),
            ticket=at_most(LONGEST_TICKET, input.ticket, "ticket"),
            access=input.access,
        )
        session = await info.context.services.executor.execute(command, info.context.actor)
        return StartSupportSessionPayload(
            support_session=await _shown(session, info.context), subject_token=str(session.id)
        )

    @mutation(Permission.CUSTOMER_ASSIST, rejects=end_support_session.rejects)
    async def end_support_session(
        self, info: Info[Context, None], input: EndSupportSessionInput
    ) -> EndSupportSessionPayload | None:
        """Stops acting on a customer's behalf. Its tokens are dead within 30 seconds."""
        command = EndSupportSession(support_session_id=read_id_of(PREFIX, input.support_session_id, "supportSessionId"))
        session = await info.context.services.executor.execute(command, info.context.actor)
        return EndSupportSessionPayload(support_session=await _shown(session, info.context))

    @mutation(Permission.SUPPORT_ACCESS_DISPUTE, rejects=dispute_support_access.rejects)
    async def dispute_support_access(
        self, info: Info[Context, None], input: DisputeSupportAccessInput
    ) -> DisputeSupportAccessPayload | None:
        """Says that nobody should have acted on one's behalf. What is still going on is stopped."""
        command = DisputeSupportAccess(
            support_session_id=read_id_of(PREFIX, input.support_session_id, "supportSessionId"),
            reason=at_most(LONGEST_REASON, input.reason, "reason"),
        )
        session = await info.context.services.executor.execute(command, info.context.actor)
        return DisputeSupportAccessPayload(support_session=await _shown(session, info.context))


async def _shown(session: DomainSession, context: Context) -> SupportSession | None:
    [found] = await find_support_sessions([session.id], context)
    return found
