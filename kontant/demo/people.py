"""Who the demo people are. Their phone numbers are nobody's: Sweden keeps +46701740605 to +46701740699 for fiction."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from domain.operators.operator import Operator


class Part(StrEnum):
    """The parts in the plot, which is the same at every operator; only who plays them differs."""

    PARENT = "parent"
    PARTNER = "partner"
    TEENAGER = "teenager"
    CHILD = "child"
    ALONE = "alone"
    IN_GRACE = "in_grace"
    BLOCKED = "blocked"
    UNREGISTERED = "unregistered"


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoPerson:
    """A person one can sign in as. `locale` is BCP 47; the birthday was so many days ago."""

    part: Part
    given_name: str
    family_name: str
    phone_number: str
    locale: str
    age: int
    days_since_birthday: int
    about: str
    """What there is to see, in a line."""
    email: str | None = None

    @property
    def name(self) -> str:
        return f"{self.given_name} {self.family_name}"


# Age and days since the birthday, and what there is to see. The parent's birthday has just been: there is a bonus.
_PARTS: Final = {
    Part.PARENT: (44, 10, "owns the family, holds three cards and has a payment method for every outcome"),
    Part.PARTNER: (46, 133, "manages the family together with the parent, and holds a card"),
    Part.TEENAGER: (15, 201, "a child in the family, with a card that the parent holds"),
    Part.CHILD: (9, 77, "the youngest in the family, with a card that the parent holds"),
    Part.ALONE: (31, 290, "a customer without a family, with a card, and an old one that is closed"),
    Part.IN_GRACE: (58, 45, "has a card in grace, which a top-up brings back"),
    Part.BLOCKED: (26, 167, "has a card that is blocked, with money on it"),
    Part.UNREGISTERED: (22, 311, "has a card that awaits registration"),
}

_ACTIVE_FROM_THE_START: Final = "has a new card, which needed no registration"

_SWEDISH: Final = (
    ("Karin", "Lindqvist", "sv-SE"),
    ("Johan", "Lindqvist", "sv-SE"),
    ("Elsa", "Lindqvist", "sv-SE"),
    ("Nils", "Lindqvist", "sv-SE"),
    ("Åsa", "Nyström", "sv-SE"),
    ("Göran", "Sjöberg", "sv-SE"),
    ("Leila", "Ahmadi", "sv-SE"),
    ("Oliver", "Grant", "en"),
)

# A family name follows its bearer's gender: Ilze Bērziņa and Andris Bērziņš are a couple.
_LATVIAN: Final = (
    ("Ilze", "Bērziņa", "lv-LV"),
    ("Andris", "Bērziņš", "lv-LV"),
    ("Anete", "Bērziņa", "lv-LV"),
    ("Jēkabs", "Bērziņš", "lv-LV"),
    ("Jeļena", "Kuzņecova", "ru-LV"),
    ("Sergejs", "Ivanovs", "ru-LV"),
    ("Kristaps", "Ozoliņš", "lv-LV"),
    ("Natālija", "Smirnova", "ru-LV"),
)

_WITH_EMAIL: Final = {Part.PARENT, Part.PARTNER, Part.ALONE}

_CASTS: Final = {"SE": (46701740605, _SWEDISH), "LV": (37120000605, _LATVIAN)}


def people(operator: Operator) -> tuple[DemoPerson, ...]:
    """The operator's demo people, the parent of the family first. None in a country that has no cast."""
    first_number, cast = _CASTS.get(operator.country, (0, ()))
    return tuple(
        DemoPerson(
            part=part,
            given_name=given_name,
            family_name=family_name,
            phone_number=f"+{first_number + index}",
            locale=locale,
            age=age,
            days_since_birthday=days_since_birthday,
            about=_ACTIVE_FROM_THE_START
            if part is Part.UNREGISTERED and not operator.card_registration_required
            else about,
            email=f"{_plain(given_name)}.{_plain(family_name)}@example.com" if part in _WITH_EMAIL else None,
        )
        for index, ((part, (age, days_since_birthday, about)), (given_name, family_name, locale)) in enumerate(
            zip(_PARTS.items(), cast, strict=False)
        )
    )


def _plain(name: str) -> str:
    """A name as people write it in an address: Bērziņa becomes berzina."""
    return unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
