"""Approvals: what waits for a second person's yes."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

import strawberry
from strawberry.types import Info

from api.context import Context
from api.schema.errors import UserError, mutation, payload, user_error
from api.schema.fields import batched, shown, shown_field
from api.schema.ids import global_id, read_id_of
from api.schema.node import FINDERS, Node, found_by, in_order
from api.schema.paging import FIRST_UUID, Page, PageInfo, id_cursor
from domain.approvals.approval import ApprovalKind, ApprovalState, state_as_of
from domain.approvals.errors import ApprovalIsOnesOwn, ApprovalNotFound, ApprovalSettled, RequesterMayNot
from domain.approvals.usecases import (
    DeclineApproval,
    GiveApproval,
    WithdrawApproval,
    decline_approval,
    give_approval,
    withdraw_approval,
)
from domain.kernel.access import Access, Permission
from persistence.queries.approvals import APPROVALS, PENDING_APPROVALS, ApprovalRow

PREFIX: Final = "approval"
PREFIX_OF_ABOUT: Final = {ApprovalKind.ADJUSTMENT: "adjustment"}
"""By the kind of an approval: what ids of the things begin with that it is about."""


async def abouts(approvals: Sequence[Approval], *, context: Context) -> Sequence[Node | None]:
    """What is to take effect, such as an adjustment."""
    found: dict[UUID, Node] = {}
    for kind, prefix in PREFIX_OF_ABOUT.items():
        ids = [approval.about_key for approval in approvals if approval.kind is kind]
        for id, node in zip(ids, await FINDERS[prefix](ids, context), strict=True):
            if node is not None:
                found[id] = node
    return [found.get(approval.about_key) for approval in approvals]


@shown(Access.DESK)
class Approval(Node):
    """A second person's yes that was asked for before something takes effect."""

    key: strawberry.Private[UUID]
    about_key: strawberry.Private[UUID]
    kind: ApprovalKind = shown_field("What it is that waits.")
    state: ApprovalState = shown_field("What has become of it.")
    requested_by: str = shown_field("Who asked for it, of the staff.")
    is_ones_own: bool = shown_field("Whether it was oneself: then somebody else decides, and one can withdraw it.")
    requested_at: datetime = shown_field("When it was asked for.")
    expires_at: datetime = shown_field("From when on it is too late.")
    decided_by: str | None = shown_field("Who decided it, or withdrew it; null before that, and when nobody did.")
    decided_at: datetime | None = shown_field("When it was decided; null before that.")
    about: Node | None = batched(abouts)


@shown(Access.DESK)
class ApprovalEdge:
    """An approval in its place."""

    node: Approval = shown_field("The approval.")
    cursor: str = shown_field("Its place in the list, to be given as `after`.")


@shown(Access.DESK)
class ApprovalConnection:
    """A page of approvals, the oldest first."""

    nodes: list[Approval] = shown_field("The approvals of this page.")
    edges: list[ApprovalEdge] = shown_field("The approvals of this page, each with its cursor.")
    page_info: PageInfo = shown_field("Where this page stands.")


def is_at_the_desk(context: Context) -> bool:
    """Whether staff ask who work at the desk of customer service, under their own name."""
    return context.is_staff and context.actor.may(Permission.APPROVAL_REQUEST)


def _approval_of(row: ApprovalRow, context: Context) -> Approval:
    return Approval(
        id=strawberry.ID(global_id(PREFIX, row.id)),
        key=row.id,
        about_key=row.about_id,
        kind=ApprovalKind(row.kind),
        state=state_as_of(context.now, ApprovalState(row.state), row.expires_at),
        requested_by=row.requested_by,
        is_ones_own=row.requested_by_id == context.me,
        requested_at=row.requested_at,
        expires_at=row.expires_at,
        decided_by=row.decided_by,
        decided_at=row.decided_at,
    )


@found_by(PREFIX)
async def find_approvals(ids: Sequence[UUID], context: Context) -> Sequence[Approval | None]:
    """Approvals by id: for who works at the desk."""
    if not is_at_the_desk(context):
        return [None] * len(ids)
    rows = await APPROVALS.all(context.services.database, ids=list(set(ids)))
    return in_order(ids, [_approval_of(row, context) for row in rows], lambda approval: approval.key)


async def pending_approvals(context: Context, first: int | None, after: str | None) -> ApprovalConnection | None:
    """A page of what waits for a decision, the oldest first; None for who does not work at the desk."""
    if not is_at_the_desk(context):
        return None
    page = Page(first, after)
    rows = await PENDING_APPROVALS.all(
        context.services.database, now=context.now, after=page.after_id(FIRST_UUID), most=page.most
    )
    nodes = [_approval_of(row, context) for row in rows]
    return page.of(ApprovalConnection, ApprovalEdge, nodes, lambda approval: id_cursor(approval.key))


@user_error(ApprovalNotFound, path="approvalId")
class ApprovalNotFoundError(UserError):
    """There is no such approval, or it is not yours to decide."""


@user_error(ApprovalSettled, path="approvalId")
class ApprovalSettledError(UserError):
    """It was given, declined or withdrawn before, or has expired."""


@user_error(ApprovalIsOnesOwn, path="approvalId")
class ApprovalIsOnesOwnError(UserError):
    """You have asked for it yourself, so somebody else decides."""


@user_error(RequesterMayNot, path="approvalId")
class RequesterMayNotError(UserError):
    """Who asked for it may not do such things any more."""


_ID: Final = "As `support.approvals` shows it."


@strawberry.input(description="What to say yes to.")
class GiveApprovalInput:
    approval_id: strawberry.ID = strawberry.field(description=_ID)


@strawberry.input(description="What to say no to.")
class DeclineApprovalInput:
    approval_id: strawberry.ID = strawberry.field(description=_ID)


@strawberry.input(description="What to ask for no more.")
class WithdrawApprovalInput:
    approval_id: strawberry.ID = strawberry.field(description=_ID)


@payload(give_approval.rejects)
class GiveApprovalPayload:
    """The approval as it now stands."""

    approval: Approval | None = shown_field("The approval; null when it was refused.")


@payload(decline_approval.rejects)
class DeclineApprovalPayload:
    """The approval as it now stands."""

    approval: Approval | None = shown_field("The approval; null when it was refused.")


@payload(withdraw_approval.rejects)
class WithdrawApprovalPayload:
    """The approval as it now stands."""

    approval: Approval | None = shown_field("The approval; null when it was refused.")


@strawberry.type
class ApprovalMutations:
    @mutation(Permission.APPROVAL_DECIDE, rejects=give_approval.rejects)
    async def give_approval(self, info: Info[Context, None], input: GiveApprovalInput) -> GiveApprovalPayload | None:
        """Says yes to what a colleague has asked for. It takes effect with that, and once."""
        command = GiveApproval(approval_id=read_id_of(PREFIX, input.approval_id, "approvalId"))
        done = await info.context.services.executor.execute(command, info.context.actor)
        return GiveApprovalPayload(approval=await _shown(done.id, info.context))

    @mutation(Permission.APPROVAL_DECIDE, rejects=decline_approval.rejects)
    async def decline_approval(
        self, info: Info[Context, None], input: DeclineApprovalInput
    ) -> DeclineApprovalPayload | None:
        """Says no to what a colleague has asked for. It never takes effect."""
        command = DeclineApproval(approval_id=read_id_of(PREFIX, input.approval_id, "approvalId"))
        done = await info.context.services.executor.execute(command, info.context.actor)
        return DeclineApprovalPayload(approval=await _shown(done.id, info.context))

    @mutation(Permission.APPROVAL_REQUEST, rejects=withdraw_approval.rejects)
    async def withdraw_approval(
        self, info: Info[Context, None], input: WithdrawApprovalInput
    ) -> WithdrawApprovalPayload | None:
        """Asks no more for what one has asked for oneself. It never takes effect."""
        command = WithdrawApproval(approval_id=read_id_of(PREFIX, input.approval_id, "approvalId"))
        done = await info.context.services.executor.execute(command, info.context.actor)
        return WithdrawApprovalPayload(approval=await _shown(done.id, info.context))


async def _shown(id: UUID, context: Context) -> Approval | None:
    [found] = await find_approvals([id], context)
    return found
