"""What is said to people, in their language."""

from __future__ import annotations

from collections.abc import Mapping
from string import Formatter
from typing import Any, Final

from domain.kernel.quantities import Unit
from domain.notifications.messages import Channel, Message, Quantity
from domain.operators.operator import Operator
from gateways.words.catalogues import translations
from gateways.words.negotiation import negotiate
from gateways.words.templates import FALLBACKS, TEMPLATES, Counted
from gateways.words.values import Values, formats_of

_COUNTED_UNITS: Final = (Unit.PIECE, Unit.POINT)

# They keep an amount on one line, but are outside the GSM alphabet: one of them makes a text message twice as long.
_NO_BREAK_SPACES: Final = str.maketrans({"\u00a0": " ", "\u202f": " "})


class Words:
    """One operator's languages. Built once, at start; raises `LookupError` for a locale that has no words."""

    def __init__(self, operator: Operator) -> None:
        self._locales = operator.locales
        self._languages = {locale: _Language(locale, operator) for locale in operator.locales}

    def say(self, locale: str, key: str, data: Mapping[str, Any] | None = None) -> str:
        """The text that has this key, with the data in it.

        `locale` may be any: one that is not offered gets the nearest that is. Raises `KeyError` for an unknown key and
        for data that is missing.
        """
        return self._in(locale).say(key, data or {})

    def name(self, locale: str, kind: str, value: str) -> str:
        """What a value is called, such as `name("sv-SE", "bonus", "BIRTHDAY")`."""
        return self._in(locale).name(kind, value)

    def write(self, message: Message, *, locale: str, channel: Channel) -> str:
        """A message as it is sent."""
        text = self.say(locale, message.kind, message.data)
        return text.translate(_NO_BREAK_SPACES) if channel is Channel.SMS else text

    def subject(self, message: Message, *, locale: str, channel: Channel) -> str | None:
        """What stands above a message that goes by e-mail; None for a text message."""
        return self.say(locale, f"subject.{message.kind}") if channel is Channel.EMAIL else None

    def _in(self, locale: str) -> _Language:
        return self._languages.get(locale) or self._languages[negotiate(None, locale, offered=self._locales)]


class _Language:
    """One language, as it is written at one operator."""

    def __init__(self, locale: str, operator: Operator) -> None:
        self._catalogue = translations(locale.partition("-")[0])
        formats = formats_of(locale, operator.country)
        self._values = Values(formats, country=operator.country, time_zone=operator.time_zone)
        self._operator = operator.name

    def say(self, key: str, data: Mapping[str, Any]) -> str:
        template = TEMPLATES[key]
        if isinstance(template, Counted):
            text = self._catalogue.npgettext(key, template.one, template.many, data[template.by])
        else:
            text = self._catalogue.pgettext(key, template)
        return self._filled(text, {"operator": self._operator, **data})

    def name(self, kind: str, value: str) -> str:
        key = f"{kind}.{value}"
        return self.say(key if key in TEMPLATES else FALLBACKS[kind], {})

    def _filled(self, text: str, data: Mapping[str, Any]) -> str:
        # Not `str.format`: it would follow attributes and indices, and what is filled in depends on the language.
        parts: list[str] = []
        for literal, placeholder, form, _ in Formatter().parse(text):
            parts.append(literal)
            if placeholder is not None:
                parts.append(self._shown(placeholder, data[placeholder], form or ""))
        return "".join(parts)

    def _shown(self, placeholder: str, value: object, form: str) -> str:
        if form == "name":
            return self.name(placeholder, str(value))
        if isinstance(value, Quantity) and value.unit in _COUNTED_UNITS:
            return self.say(f"unit.{value.unit}", {"count": value.amount})
        return self._values.show(value, form)
