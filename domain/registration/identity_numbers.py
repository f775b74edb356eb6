"""National identity numbers: as people and providers write them, as they are kept, and as they are shown.

Sweden's and Latvia's are checked. Elsewhere a number is whatever has the shape of one.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from typing import Final

from stdnum import luhn
from stdnum.exceptions import ValidationError
from stdnum.lv import pvn

HIDDEN: Final = "••••"
_COORDINATION: Final = 60
"""Added to the day of birth in the number of somebody who is not in Sweden's population register."""
_CENTENARIAN: Final = 100

_DASHES: Final = str.maketrans({"\u2010": "-", "\u2011": "-", "\u2012": "-", "\u2013": "-", "\u2212": "-"})
_SWEDISH: Final = re.compile(r"(\d\d)?(\d\d)(\d\d)(\d\d)([-+]?)(\d{4})", re.ASCII)
_LATVIAN: Final = re.compile(r"([0-3]\d{5})-?(\d{5})", re.ASCII)
_ANY: Final = re.compile(r"[0-9A-Z]{5,20}", re.ASCII)


class InvalidIdentityNumber(Exception):
    """Nobody can have this number. It does not say which one."""


@dataclass(frozen=True, slots=True)
class IdentityNumber:
    """A number, written in the one way in which it is kept and compared: letters and digits only."""

    country: str
    """ISO 3166-1 alpha-2: who gave it."""
    value: str

    def __repr__(self) -> str:
        return f"IdentityNumber({self.country}, {self.masked})"

    @property
    def birth_date(self) -> date | None:
        """The birth date that it holds, if it holds one."""
        match self.country:
            case "SE":
                year, month, day = self.value[:4], self.value[4:6], int(self.value[6:8])
                return date(int(year), int(month), _born_on(day))
            case "LV" if not self.value.startswith("32"):
                return pvn.get_birth_date(self.value)
            case _:
                return None

    @property
    def masked(self) -> str:
        """As it is shown: without the part that a stranger cannot know."""
        match self.country:
            case "SE":
                return f"{self.value[:8]}-{HIDDEN}"
            case "LV" if not self.value.startswith("32"):  # what is newer holds no birth date to show
                return f"{self.value[:6]}-{HIDDEN}"
            case _:
                return f"{HIDDEN}{self.value[-2:]}"


def identity_number(text: str, country: str, today: date) -> IdentityNumber:
    """The number that somebody wrote, at an operator in this country. Raises `InvalidIdentityNumber`."""
    written = "".join(text.translate(_DASHES).split()).upper()
    match country:
        case "SE":
            value = _swedish(written, today)
        case "LV":
            value = _latvian(written)
        case _:
            value = written.replace("-", "")
            if not _ANY.fullmatch(value):
                raise InvalidIdentityNumber
    return IdentityNumber(country, value)


def _swedish(written: str, today: date) -> str:
    """Twelve digits. Ten leave the century open: it is the last possible one, and `+` says the one before it.

    Coordination numbers are numbers too (Folkbokföringslagen 18 and 18 a §§).
    """
    found = _SWEDISH.fullmatch(written)
    if not found or not luhn.is_valid("".join(found.group(2, 3, 4, 6))):
        raise InvalidIdentityNumber
    century, year, month, day, sign, serial = found.groups()
    born_on = _born_on(int(day))
    if century is None:
        born_in = today.year // 100 * 100 + int(year)
        if (born_in, int(month), born_on) > (today.year, today.month, today.day):
            born_in -= 100
        century = str((born_in - _CENTENARIAN if sign == "+" else born_in) // 100)
    try:
        born = date(int(century + year), int(month), born_on)
    except ValueError:
        raise InvalidIdentityNumber from None
    if born > today:
        raise InvalidIdentityNumber
    return f"{century}{year}{month}{day}{serial}"


def _born_on(day: int) -> int:
    return day - _COORDINATION if day > _COORDINATION else day


def _latvian(written: str) -> str:
    """Eleven digits."""
    found = _LATVIAN.fullmatch(written)
    if not found:
        raise InvalidIdentityNumber
    try:
        return pvn.validate("".join(found.groups()))
    except ValidationError:
        raise InvalidIdentityNumber from None
