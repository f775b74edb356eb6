"""How a change of a person's phone number or e-mail address can fail."""

from __future__ import annotations

from dataclasses import dataclass

from domain.kernel.errors import Rejection


@dataclass(eq=False)
class ContactPointUnchanged(Rejection):
    """It is one's own already."""

    code = "CONTACT_POINT_UNCHANGED"


@dataclass(eq=False)
class ContactPointCodeRefused(Rejection):
    """The code is wrong, used, expired or out of tries, or was sent elsewhere: always the same answer."""

    code = "CONTACT_POINT_CODE_REFUSED"


@dataclass(eq=False)
class ContactPointNotFound(Rejection):
    """One has no such phone number or e-mail address."""

    code = "CONTACT_POINT_NOT_FOUND"


@dataclass(eq=False)
class LastContactPoint(Rejection):
    """There would be no way left to sign in."""

    code = "LAST_CONTACT_POINT"


@dataclass(eq=False)
class SignedInByPhone(Rejection):
    """One has signed in by a code to a phone, as whoever has found it could."""

    code = "SIGNED_IN_BY_PHONE"


@dataclass(eq=False)
class UndoRefused(Rejection):
    """The code is wrong, used or too old: always the same answer."""

    code = "UNDO_REFUSED"
