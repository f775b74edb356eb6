"""How a person can fail to become known, or to change what is known of them."""

from __future__ import annotations

from dataclasses import dataclass

from domain.kernel.errors import Rejection


@dataclass(eq=False)
class ContactPointTaken(Rejection):
    """Somebody is reached by it already."""

    code = "CONTACT_POINT_TAKEN"


@dataclass(eq=False)
class DependantNotFound(Rejection):
    """There is nobody of whom one is the guardian by this id."""

    code = "DEPENDANT_NOT_FOUND"


@dataclass(eq=False)
class GuardianNeeded(Rejection):
    """It is for a guardian to decide."""

    code = "GUARDIAN_NEEDED"


@dataclass(eq=False)
class InvalidName(Rejection):
    """No name is written like this. `field` is which: `given_name` or `family_name`."""

    code = "INVALID_NAME"
    field: str


@dataclass(eq=False)
class InvalidBirthDate(Rejection):
    """Nobody alive was born then."""

    code = "INVALID_BIRTH_DATE"


@dataclass(eq=False)
class BirthDateFixed(Rejection):
    """The birth date is known. Only who has identified the person, or customer service, can say another."""

    code = "BIRTH_DATE_FIXED"


@dataclass(eq=False)
class LocaleNotOffered(Rejection):
    """The operator does not speak this language."""

    code = "LOCALE_NOT_OFFERED"
