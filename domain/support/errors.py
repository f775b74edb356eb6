"""How support is refused."""

from __future__ import annotations

from dataclasses import dataclass

from domain.kernel.errors import Rejection


@dataclass(eq=False)
class CustomerNotFound(Rejection):
    """There is no such customer, or this member of staff has not looked for them lately."""

    code = "CUSTOMER_NOT_FOUND"


@dataclass(eq=False)
class SupportSessionNotFound(Rejection):
    """There is no such support session, or it is not this actor's."""

    code = "SUPPORT_SESSION_NOT_FOUND"


@dataclass(eq=False)
class ReasonMissing(Rejection):
    """Nobody may act for a customer without saying why, nor dispute it without saying what was wrong."""

    code = "REASON_MISSING"


@dataclass(eq=False)
class SupportAccessDisputed(Rejection):
    """The customer has disputed it already. Somebody is looking into it."""

    code = "SUPPORT_ACCESS_DISPUTED"
