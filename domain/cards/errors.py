"""How a card can be in the way of what is asked."""

from __future__ import annotations

from dataclasses import dataclass

from domain.kernel.errors import Rejection


@dataclass(eq=False)
class CardNotFound(Rejection):
    """There is no such card, or it is not this actor's to do this with."""

    code = "CARD_NOT_FOUND"


@dataclass(eq=False)
class CardClosed(Rejection):
    """The card's life has ended; its number is no longer in use."""

    code = "CARD_CLOSED"


@dataclass(eq=False)
class CardBlocked(Rejection):
    """The card is lost, stolen, or blocked by a parent."""

    code = "CARD_BLOCKED"


@dataclass(eq=False)
class CardNotBlocked(Rejection):
    """There is nothing to unblock."""

    code = "CARD_NOT_BLOCKED"


@dataclass(eq=False)
class CardConverted(Rejection):
    """The number is a contractless subscription now."""

    code = "CARD_CONVERTED"


@dataclass(eq=False)
class CardAwaitingRegistration(Rejection):
    """The card's holder has not been identified yet."""

    code = "CARD_AWAITING_REGISTRATION"


@dataclass(eq=False)
class CardAlreadyIssued(Rejection):
    """There is a card with this phone number or this ICCID."""

    code = "CARD_ALREADY_ISSUED"
