"""The section of an operator that says what its customers are asked their consent to."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated, Final

from pydantic import Field, PositiveInt

from domain.operators.operator import ConsentPurpose
from kontant.settings.values import LocaleTag, Section

CODE: Final = r"^[A-Z][A-Z0-9_]{0,39}$"
MOST_PURPOSES: Final = 20


class ConsentSection(Section):
    """`[operators.….consents.…]`: title and text by locale."""

    version: PositiveInt = 1
    title: dict[LocaleTag, Annotated[str, Field(min_length=1, max_length=100)]]
    text: dict[LocaleTag, Annotated[str, Field(min_length=1, max_length=2_000)]]

    def problems(self, locales: tuple[str, ...]) -> Iterator[str]:
        """What is wrong with it at an operator that speaks these."""
        for name, words in {"title": self.title, "text": self.text}.items():
            for locale in sorted(set(locales) ^ words.keys()):
                missing = "is missing" if locale in locales else "is none of the operator's locales"
                yield f"{name}.{locale} {missing}"

    def to_purpose(self, code: str) -> ConsentPurpose:
        return ConsentPurpose(code=code, text_version=self.version, titles=self.title, texts=self.text)


Consents = Annotated[Mapping[Annotated[str, Field(pattern=CODE)], ConsentSection], Field(max_length=MOST_PURPOSES)]
NOTHING_ASKED: Final[Consents] = {}
