"""How somebody can fail to join a family."""

from __future__ import annotations

from dataclasses import dataclass

from domain.kernel.errors import Rejection


@dataclass(eq=False)
class AlreadyInFamily(Rejection):
    """A customer belongs to one family at most."""

    code = "ALREADY_IN_FAMILY"


@dataclass(eq=False)
class GuardianRequired(Rejection):
    """A child joins with one guardian or two, one of whom is in the family."""

    code = "GUARDIAN_REQUIRED"
