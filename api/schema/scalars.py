"""Scalars beyond GraphQL's own. Each refuses what it does not mean, and says what it wants."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any, Final, NewType

import strawberry

from domain.kernel.errors import Invalid

BigInt = NewType("BigInt", int)
CountryCode = NewType("CountryCode", str)
CurrencyCode = NewType("CurrencyCode", str)
DecimalText = NewType("DecimalText", str)
IdempotencyKey = NewType("IdempotencyKey", str)
Locale = NewType("Locale", str)
PhoneNumber = NewType("PhoneNumber", str)
URL = NewType("URL", str)

_COUNTRY: Final = re.compile(r"[A-Z]{2}", re.ASCII)
_KEY: Final = re.compile(r"[\x21-\x7e]{8,255}")
_PHONE_NUMBER: Final = re.compile(r"\+[1-9][0-9]{6,14}")
_CURRENCY: Final = re.compile(r"[A-Z]{3}")
_DATE: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_LOCALE: Final = re.compile(r"[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8}){0,4}")
_DECIMAL: Final = re.compile(r"-?[0-9]{1,15}(\.[0-9]{1,9})?")


def _text(value: Any, wanted: str) -> str:
    if not isinstance(value, str):
        raise Invalid(f"It is a string: {wanted}.")
    return value


def _decimal(value: Any) -> Decimal:
    text = _text(value, 'an amount such as "100.00"')
    if not _DECIMAL.fullmatch(text):
        raise Invalid('An amount is written with digits and a point, such as "100.00".')
    try:
        return Decimal(text)
    except InvalidOperation:  # the pattern lets nothing through that is no number
        raise Invalid('An amount is written with digits and a point, such as "100.00".') from None


def _phone_number(value: Any) -> str:
    number = re.sub(r"[\s()-]", "", _text(value, "a phone number such as +46701740605"))
    if not _PHONE_NUMBER.fullmatch(number):
        raise Invalid("A phone number is written with + and its country code, such as +46701740605.")
    return number


def _currency(value: Any) -> str:
    text = _text(value, "a currency such as SEK")
    if not _CURRENCY.fullmatch(text):
        raise Invalid("A currency is its three capital letters, such as SEK.")
    return text


def _key(value: Any) -> str:
    text = _text(value, "a key of your own, 8 to 255 characters")
    if not _KEY.fullmatch(text):
        raise Invalid("An idempotency key has 8 to 255 visible ASCII characters; a UUID is a good one.")
    return text


def _country(value: Any) -> str:
    text = _text(value, "a country's two letters, such as SE")
    if not _COUNTRY.fullmatch(text):
        raise Invalid("A country has two capital letters, such as SE.")
    return text


def _date(value: Any) -> date:
    text = _text(value, "a calendar date such as 2026-03-02")
    try:
        return date.fromisoformat(text if _DATE.fullmatch(text) else "")
    except ValueError:
        raise Invalid("A calendar date is a day that there is, written such as 2026-03-02.") from None


def _locale(value: Any) -> str:
    text = _text(value, "a language and region such as sv-SE")
    if not _LOCALE.fullmatch(text):
        raise Invalid("A language and region is written by BCP 47, such as sv-SE.")
    return text


def _utc(value: datetime) -> str:
    return value.astimezone(UTC).isoformat().removesuffix("+00:00") + "Z"


def _output_only(name: str) -> Any:
    def refuse(_value: Any) -> Any:
        raise Invalid(f"{name} is not an input.")

    return refuse


def _same(value: Any) -> Any:
    return value


def _scalar(name: str, description: str, parse: Any, url: str | None = None, *, serialize: Any = _same) -> Any:
    return strawberry.scalar(
        name=name, description=description, serialize=serialize, parse_value=parse, specified_by_url=url
    )


SCALARS: Final[dict[object, Any]] = {
    date: _scalar(
        "Date", "A calendar date by ISO 8601, local to the operator, such as 2026-03-02.", _date,
        "https://www.rfc-editor.org/rfc/rfc3339", serialize=date.isoformat,
    ),
    datetime: _scalar(
        "DateTime", "An instant by ISO 8601, in UTC, such as 2026-03-02T09:00:00Z.", _output_only("DateTime"),
        "https://www.rfc-editor.org/rfc/rfc3339", serialize=_utc,
    ),
    BigInt: _scalar("BigInt", "A whole number that can be greater than 32 bits hold.", _output_only("BigInt")),
    CountryCode: _scalar(
        "CountryCode", "A country by ISO 3166-1 alpha-2, such as SE.", _country,
        "https://www.iso.org/iso-3166-country-codes.html",
    ),
    CurrencyCode: _scalar(
        "CurrencyCode", "A currency by ISO 4217, such as SEK.", _currency,
        "https://www.iso.org/iso-4217-currency-codes.html",
    ),
    DecimalText: _scalar(
        "Decimal", 'A decimal number as a string, such as "100.00", so that no digit is lost on the way.', _decimal
    ),
    IdempotencyKey: _scalar(
        "IdempotencyKey",
        "A name for one intention, 8 to 255 visible ASCII characters such as a UUID, that the client makes and stores "
        "before it sends. The same key with the same input is the same answer; with another input it is refused.",
        _key,
    ),
    Locale: _scalar(
        "Locale", "A language and region by BCP 47, such as sv-SE.", _locale,
        "https://www.rfc-editor.org/info/bcp47",
    ),
    PhoneNumber: _scalar(
        "PhoneNumber", "A phone number by E.164, such as +46701740605.", _phone_number,
        "https://www.itu.int/rec/T-REC-E.164",
    ),
    URL: _scalar("URL", "An address by RFC 3986.", _output_only("URL"), "https://www.rfc-editor.org/rfc/rfc3986"),
}  # fmt: skip
