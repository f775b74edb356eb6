"""How a use case asks for a second person's yes, in its own transaction."""

from __future__ import annotations

from uuid import UUID

from domain.approvals.approval import LIFETIME, Approval, ApprovalKind
from domain.approvals.ports import ApprovalWork
from domain.kernel.events import Event


async def request_approval(
    work: ApprovalWork, kind: ApprovalKind, *, about_id: UUID, customer_id: UUID | None
) -> Approval:
    """Asks for it on behalf of the staff member who acts. What it is about takes effect when it is given, and once."""
    assert work.actor.staff_id is not None, "only staff ask for approval"
    approval = Approval(
        id=work.new_id(),
        kind=kind,
        about_id=about_id,
        customer_id=customer_id,
        requested_by=work.actor.staff_id,
        requested_at=work.now,
        expires_at=work.now + LIFETIME,
    )
    await work.approvals.add(approval)
    work.emit(event("requested", approval))
    return approval


def event(what: str, approval: Approval) -> Event:
    """What has happened to an approval, in ids and codes."""
    data = {"approval_id": str(approval.id), "kind": approval.kind.value, "about_id": str(approval.about_id)}
    return Event(f"approval.{what}", approval.customer_id, data)
