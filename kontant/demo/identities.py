"""Whom the demo's identity provider knows: the demo people, and staff for each role.

The identity numbers are nobody's. Swedish ones end in 980 to 999 and their check digit, which the tax agency keeps for
tests; Latvian ones are of the new kind without a birth date, from a range that is not given out.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Final

from stdnum import luhn
from stdnum.lv import pvn

from auth.providers import ProviderKind
from domain.kernel.access import StaffRole
from domain.operators.operator import Operator
from kontant.demo.people import people
from kontant.settings.identity_providers import DEMO_ACR, DEMO_GROUPS

_STAFF: Final = (
    ("staff-agent", "Sven Agentsson", (StaffRole.AGENT,)),
    ("staff-lead", "Lena Ledare", (StaffRole.LEAD,)),
    ("staff-programme-manager", "Petra Program", (StaffRole.PROGRAMME_MANAGER,)),
    ("staff-analyst", "Anna Analys", (StaffRole.ANALYST,)),
    ("staff-administrator", "Adam Admin", (StaffRole.ADMINISTRATOR,)),
    ("staff-agent-and-analyst", "Dubravka Dubbel", (StaffRole.AGENT, StaffRole.ANALYST)),
    ("staff-without-role", "Nils Ingenting", ()),
)
_GROUP_OF: Final = {role: group for group, role in DEMO_GROUPS.items()}


@dataclass(frozen=True, slots=True)
class DemoIdentity:
    """Somebody who can be chosen at the demo's provider."""

    subject: str
    label: str
    claims: dict[str, Any] = field(repr=False)


def identities(operator: Operator, kind: str, birth_dates: dict[str, date]) -> Sequence[DemoIdentity]:
    """Who is known there. `birth_dates` are the customers', by their phone numbers."""
    if kind == ProviderKind.STAFF:
        return [_staff(subject, name, roles) for subject, name, roles in _STAFF]
    return [
        DemoIdentity(
            f"person-{person.part.value}",
            f"{person.name}, {person.about}",
            {
                "given_name": person.given_name,
                "family_name": person.family_name,
                "birthdate": born.isoformat(),
                "identity_number": identity_number(operator.country, born, index),
                "acr": DEMO_ACR,
            },
        )
        for index, person in enumerate(people(operator))
        if (born := birth_dates.get(person.phone_number)) is not None
    ]


def identity_number(country: str, born: date, index: int) -> str:
    """An identity number that is nobody's, for the person with this place in the cast."""
    if country == "LV":
        digits = f"329999{605 + index:04}"
        return f"{digits[:6]}-{digits[6:]}{pvn.calc_check_digit_pers(digits)}"
    digits = f"{born:%y%m%d}{980 + index}"
    return f"{born:%Y%m%d}-{980 + index}{luhn.calc_check_digit(digits)}"


def _staff(subject: str, name: str, roles: Sequence[StaffRole]) -> DemoIdentity:
    called = ", ".join(role.lower().replace("_", " ") for role in roles) or "without a role"
    return DemoIdentity(
        subject, f"{name}, {called}", {"name": name, "groups": ["everybody", *(_GROUP_OF[role] for role in roles)]}
    )
