"""Phone numbers as people type them, and as they are kept."""

from __future__ import annotations

import re
from typing import Final

import phonenumbers

from domain.identity.errors import InvalidPhoneNumber

# The library would also read letters, extensions and URIs; nobody signs in with those.
_INTERNATIONAL: Final = re.compile(r"\+[0-9 ()./-]{4,30}", re.ASCII)


def e164(text: str) -> str:
    """The number in E.164, as in `+46701740605`. Raises `InvalidPhoneNumber` for what no phone can have."""
    typed = text.strip()
    if not _INTERNATIONAL.fullmatch(typed):
        raise InvalidPhoneNumber
    try:
        number = phonenumbers.parse(typed, None)
    except phonenumbers.NumberParseException:
        raise InvalidPhoneNumber from None
    if not phonenumbers.is_possible_number(number):
        raise InvalidPhoneNumber
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
