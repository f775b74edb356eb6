"""The gettext catalogues. The `.po` files are all there is: they are compiled in memory when first asked for."""

from __future__ import annotations

import gettext
from functools import cache
from io import BytesIO
from pathlib import Path
from typing import Final

from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

SOURCE_LANGUAGE: Final = "en"

_FOLDER: Final = Path(__file__).parent / "locale"


def languages() -> list[str]:
    """The languages that there are catalogues for. The source language needs none."""
    return sorted(path.name for path in _FOLDER.iterdir() if path.is_dir())


def read(language: str) -> Catalog:
    """A language's catalogue, as it is written. Raises `LookupError` when there is none."""
    path = _FOLDER / language / "LC_MESSAGES" / "kontant.po"
    if language not in languages():
        raise LookupError(f"There are no words in the language {language!r}: {path} is missing.")
    with path.open("rb") as file:
        return read_po(file, locale=language, abort_invalid=True)


@cache
def translations(language: str) -> gettext.NullTranslations:
    """A language's catalogue, ready for look-ups; English answers with what it is asked. Raises `LookupError`."""
    if language == SOURCE_LANGUAGE:
        return gettext.NullTranslations()
    compiled = BytesIO()
    write_mo(compiled, read(language))
    compiled.seek(0)
    return gettext.GNUTranslations(compiled)
