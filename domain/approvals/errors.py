"""How a decision about an approval is refused."""

from __future__ import annotations

from dataclasses import dataclass

from domain.kernel.errors import Rejection


@dataclass(eq=False)
class ApprovalNotFound(Rejection):
    """There is no such approval, or it is not this actor's to decide."""

    code = "APPROVAL_NOT_FOUND"


@dataclass(eq=False)
class ApprovalSettled(Rejection):
    """It was given, declined, withdrawn, or has expired."""

    code = "APPROVAL_SETTLED"


@dataclass(eq=False)
class ApprovalIsOnesOwn(Rejection):
    """Nobody approves what they have asked for themselves."""

    code = "APPROVAL_IS_ONES_OWN"


@dataclass(eq=False)
class RequesterMayNot(Rejection):
    """Who asked for it may not do such things any more."""

    code = "REQUESTER_MAY_NOT"
