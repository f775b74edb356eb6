"""Text messages cost money, and who makes others send them may earn by it: to whom they go, and what they cost."""

from __future__ import annotations

from typing import Final

import phonenumbers

from domain.identity.errors import PhoneNumberNotServed
from domain.identity.rules import CodeRules

_MOBILE: Final = (phonenumbers.PhoneNumberType.MOBILE, phonenumbers.PhoneNumberType.FIXED_LINE_OR_MOBILE)


def sms_price(phone_number: str, *, home: str, rules: CodeRules) -> int:
    """What a message to this number (E.164) costs, in minor units. Raises `PhoneNumberNotServed`.

    It depends on the number alone, so that it tells nothing of who is known by it. A number of the operator's own
    country whose kind nobody knows yet is served: it may be of a range that was handed out lately.
    """
    number = phonenumbers.parse(phone_number)
    kind, country = phonenumbers.number_type(number), phonenumbers.region_code_for_number(number)
    if kind == phonenumbers.PhoneNumberType.UNKNOWN:
        is_home = home in phonenumbers.region_codes_for_country_code(number.country_code or 0)
        country = home if is_home and country in (None, home) else None
    elif kind not in _MOBILE:
        country = None
    if country is None or country not in rules.countries | {home}:
        raise PhoneNumberNotServed
    return rules.sms_prices_minor.get(country, rules.sms_price_minor)
