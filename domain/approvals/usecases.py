"""The second person's word, and what follows from it. A new kind of approval adds a line to `OUTCOMES`."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from typing import Any, Final
from uuid import UUID

from domain.adjustments import usecases as adjustments
from domain.approvals.approval import Approval, ApprovalKind, ApprovalState
from domain.approvals.errors import ApprovalIsOnesOwn, ApprovalNotFound, ApprovalSettled, RequesterMayNot
from domain.approvals.ports import ApprovalWork
from domain.approvals.requesting import event
from domain.kernel.access import PERMISSIONS, Permission
from domain.kernel.chores import CHUNK, Chore, NothingDue
from domain.kernel.errors import Rejection
from domain.kernel.executor import Command, use_case


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What an approval leads to. Both are done in the transaction of the decision."""

    permission: Permission
    """What both persons must be allowed: who asks when it takes effect still, and who decides."""
    approved: Callable[[UUID, Any], Awaitable[None]]
    refused: Callable[[UUID, Any], Awaitable[None]]
    rejects: tuple[type[Rejection], ...]
    """How it can be impossible to let it take effect. The approval is pending then as before."""


OUTCOMES: Final = {
    ApprovalKind.ADJUSTMENT: Outcome(
        permission=Permission.BALANCE_ADJUST,
        approved=adjustments.approved,
        refused=adjustments.refused,
        rejects=adjustments.CANNOT_BE_POSTED,
    ),
}
_IMPOSSIBLE: Final = frozenset(rejection for outcome in OUTCOMES.values() for rejection in outcome.rejects)


@dataclass(frozen=True, kw_only=True)
class GiveApproval(Command[Approval]):
    """Say yes to what somebody else has asked for."""

    approval_id: UUID


@dataclass(frozen=True, kw_only=True)
class DeclineApproval(Command[Approval]):
    """Say no to what somebody else has asked for."""

    approval_id: UUID


@dataclass(frozen=True, kw_only=True)
class WithdrawApproval(Command[Approval]):
    """Ask no more for what one has asked for oneself."""

    approval_id: UUID


@dataclass(frozen=True, kw_only=True)
class ExpireApprovals(Chore):
    """Let go of what nobody has decided in time."""


@use_case(
    Permission.APPROVAL_DECIDE,
    rejects=[ApprovalNotFound, ApprovalSettled, ApprovalIsOnesOwn, RequesterMayNot, *sorted(_IMPOSSIBLE, key=str)],
)
async def give_approval(command: GiveApproval, work: ApprovalWork) -> Approval:
    """The approval's lock puts those who decide at once into a row: the first one's word counts, once."""
    approval, outcome = await _decidable(command.approval_id, work)
    given = approval.decided(ApprovalState.GIVEN, _staff(work), work.now)
    roles = await work.support.roles_of(approval.requested_by)
    if not any(outcome.permission in PERMISSIONS[role] for role in roles):
        raise RequesterMayNot
    await outcome.approved(approval.about_id, work)
    return await _keep(given, work)


@use_case(Permission.APPROVAL_DECIDE, rejects=[ApprovalNotFound, ApprovalSettled, ApprovalIsOnesOwn])
async def decline_approval(command: DeclineApproval, work: ApprovalWork) -> Approval:
    """What was asked for never takes effect."""
    approval, outcome = await _decidable(command.approval_id, work)
    declined = approval.decided(ApprovalState.DECLINED, _staff(work), work.now)
    await outcome.refused(approval.about_id, work)
    return await _keep(declined, work)


@use_case(Permission.APPROVAL_REQUEST, rejects=[ApprovalNotFound, ApprovalSettled])
async def withdraw_approval(command: WithdrawApproval, work: ApprovalWork) -> Approval:
    """Only by who has asked for it."""
    approval = await work.approvals.get(command.approval_id)
    if approval is None:
        raise ApprovalNotFound
    withdrawn = approval.withdrawn(_staff(work), work.now)
    await OUTCOMES[approval.kind].refused(approval.about_id, work)
    return await _keep(withdrawn, work)


@use_case(Permission.APPROVAL_EXPIRE, rejects=[NothingDue])
async def expire_approvals(command: ExpireApprovals, work: ApprovalWork) -> int:
    """Nobody can give them any more anyway."""
    expired = await work.approvals.expired(work.now, limit=CHUNK)
    if not expired:
        raise NothingDue
    for approval in expired:
        await OUTCOMES[approval.kind].refused(approval.about_id, work)
        await _keep(replace(approval, state=ApprovalState.EXPIRED, decided_at=work.now), work)
    return len(expired)


async def _decidable(id: UUID, work: ApprovalWork) -> tuple[Approval, Outcome]:
    """The approval, if it is one that this actor might have asked for: nobody approves what they may not do."""
    approval = await work.approvals.get(id)
    if approval is None or not work.actor.may(OUTCOMES[approval.kind].permission):
        raise ApprovalNotFound
    return approval, OUTCOMES[approval.kind]


async def _keep(approval: Approval, work: ApprovalWork) -> Approval:
    await work.approvals.keep(approval)
    work.emit(event(approval.state.value.lower(), approval))
    return approval


def _staff(work: ApprovalWork) -> UUID:
    assert work.actor.staff_id is not None, "nobody else has the permission"
    return work.actor.staff_id


USE_CASES: Final = (give_approval, decline_approval, withdraw_approval, expire_approvals)
