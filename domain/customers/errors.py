"""How a person can fail to become known."""

from __future__ import annotations

from dataclasses import dataclass

from domain.kernel.errors import Rejection


@dataclass(eq=False)
class ContactPointTaken(Rejection):
    """Somebody is reached by it already."""

    code = "CONTACT_POINT_TAKEN"
