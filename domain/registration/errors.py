"""How a registration is refused."""

from __future__ import annotations

from dataclasses import dataclass

from domain.kernel.errors import Rejection


@dataclass(eq=False)
class IdentificationMissing(Rejection):
    """The customer has not been identified with a national identity number."""

    code = "IDENTIFICATION_MISSING"


@dataclass(eq=False)
class HolderTooYoung(Rejection):
    """Somebody this young holds no card of their own: a guardian holds it for them, and registers it."""

    code = "HOLDER_TOO_YOUNG"
    from_age: int


@dataclass(eq=False)
class AddressIncomplete(Rejection):
    """A part of the address is empty or too long."""

    code = "ADDRESS_INCOMPLETE"


@dataclass(eq=False)
class CardAlreadyRegistered(Rejection):
    """The card is in use already."""

    code = "CARD_ALREADY_REGISTERED"


@dataclass(eq=False)
class RegistrationNotRequired(Rejection):
    """The operator's cards need no registration."""

    code = "REGISTRATION_NOT_REQUIRED"
