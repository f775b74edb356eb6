"""How values are written in a country: money, dates, data volumes, durations, phone numbers."""

from __future__ import annotations

import math
from datetime import date, datetime, timedelta
from decimal import ROUND_DOWN, Decimal
from typing import Final
from zoneinfo import ZoneInfo

import phonenumbers
from babel import Locale, localedata
from babel.dates import format_date, format_skeleton, format_time, format_timedelta, get_datetime_format
from babel.numbers import format_currency, format_decimal, get_currency_precision, get_currency_symbol
from babel.units import format_unit

from domain.kernel.quantities import Money, Unit
from domain.notifications.messages import Quantity

_DATA_UNITS: Final = (
    (10**9, "digital-gigabyte"),
    (10**6, "digital-megabyte"),
    (10**3, "digital-kilobyte"),
    (1, "digital-byte"),
)
_TIME_UNITS_SECONDS: Final = (86_400, 3_600, 60, 1)


def formats_of(tag: str, country: str) -> Locale:
    """The formats of a locale (BCP 47) at an operator in this country.

    English in Sweden writes "100 kr" and "3 December 2026": a locale without formats of its own gets those of its
    language in the country, or else in Europe (150, UN M.49), or else at large. Raises `LookupError`.
    """
    language = tag.partition("-")[0]
    own = [tag.replace("-", "_")] if "-" in tag else []
    for name in [*own, f"{language}_{country}", f"{language}_150", language]:
        if localedata.exists(name):
            return Locale.parse(name)
    raise LookupError(f"There are no formats for the locale {tag!r}.")


class Values:
    """Writes values for one locale at one operator."""

    def __init__(self, locale: Locale, *, country: str, time_zone: str) -> None:
        self._locale, self._country, self._time_zone = locale, country, ZoneInfo(time_zone)

    def show(self, value: object, form: str) -> str:
        """The value by its type, or in the form that the template asks for. Raises `TypeError`, without the value."""
        match value:
            case str() if form == "phone":
                return self._phone(value)
            case int() if form == "wait":
                return self._wait(value)
            case datetime():
                return self._moment(value, form)
            case date():
                return self._date(value, form)
            case _ if form:
                raise TypeError(f"The form {form!r} does not suit the type {type(value).__name__}.")
            case str():
                return value
            case int():
                return format_decimal(value, locale=self._locale)
            case Money():
                return self._money(value)
            case Quantity():
                return self._quantity(value)
            case _:
                raise TypeError(f"The type {type(value).__name__} cannot be shown to people.")

    def _money(self, money: Money) -> str:
        """Whole amounts without decimals, as prices are written in every country we serve: 100 kr, 10 €."""
        digits = get_currency_precision(money.currency)
        pattern = self._locale.currency_formats["standard"].pattern
        if get_currency_symbol(money.currency, locale=self._locale).isalpha() and "¤#" in pattern:
            pattern = pattern.replace("¤#", "¤\u00a0#")
        is_whole = money.amount_minor % 10**digits == 0
        return format_currency(
            Decimal(money.amount_minor).scaleb(-digits),
            money.currency,
            format=pattern.replace(".00", "") if is_whole else pattern,
            locale=self._locale,
            currency_digits=not is_whole,
        )

    def _quantity(self, quantity: Quantity) -> str:
        match quantity.unit:
            case Unit.BYTE:
                return self._data(quantity.amount)
            case Unit.SECOND:
                return self._duration(quantity.amount)
            case currency:
                return self._money(Money(quantity.amount, currency))

    def _data(self, size_bytes: int) -> str:
        """One decimal at most, and never more than there is: 1.99 GB is shown as 1.9 GB."""
        size, unit = next((s, u) for s, u in _DATA_UNITS if abs(size_bytes) >= s or s == 1)
        shown = (Decimal(size_bytes) / size).quantize(Decimal("0.1"), ROUND_DOWN).normalize()
        return format_unit(shown, unit, length="short", locale=self._locale)

    def _duration(self, seconds: int) -> str:
        """Calls are told in minutes, however many, and never more than there are."""
        amount, unit = (seconds, "second") if abs(seconds) < 60 else (int(seconds / 60), "minute")
        return format_unit(amount, f"duration-{unit}", length="short", locale=self._locale)

    def _wait(self, wait_seconds: int) -> str:
        """As in "in 5 minutes". Rounded up, so that whoever waits that long has waited long enough."""
        seconds = max(wait_seconds, 1)
        unit = next(u for u in _TIME_UNITS_SECONDS if seconds >= u)
        rounded = timedelta(seconds=math.ceil(seconds / unit) * unit)
        return format_timedelta(rounded, threshold=1, add_direction=True, locale=self._locale)

    def _date(self, day: date, form: str) -> str:
        return format_skeleton(form, day, locale=self._locale) if form else format_date(day, "long", self._locale)

    def _moment(self, at: datetime, form: str) -> str:
        """An instant, by the operator's clock."""
        local = at.astimezone(self._time_zone)
        pattern = str(get_datetime_format("short", locale=self._locale)).replace("'", "")
        return pattern.format(format_time(local.time(), "short", locale=self._locale), self._date(local.date(), form))

    def _phone(self, number: str) -> str:
        """As people dial it: without the country's prefix at home, with it elsewhere."""
        parsed = phonenumbers.parse(number)
        at_home = phonenumbers.region_code_for_number(parsed) == self._country
        style = phonenumbers.PhoneNumberFormat
        return phonenumbers.format_number(parsed, style.NATIONAL if at_home else style.INTERNATIONAL)
