"""Every text is there in every language, whole, and with the same placeholders."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from datetime import date
from string import Formatter
from typing import Any

import pytest
from babel.messages.catalog import Catalog
from babel.messages.plurals import get_plural

import api.schema  # noqa: F401  # pyright: ignore[reportUnusedImport]  # declares how refusals are told
from api.schema.errors import USER_ERRORS
from domain.kernel.quantities import Money, Unit
from domain.notifications.messages import MessageKind
from domain.payments.ports import DeclineReason
from gateways.words.catalogues import languages, read, translations
from gateways.words.templates import ERRORS, FALLBACKS, MESSAGES, NAMES, PAGES, SUBJECTS, TEMPLATES, Counted, Template
from gateways.words.words import Words
from tests.gateways.words.support import operator

WORDS = Words(operator("Baltika", "LV", "lv-LV", "sv-SE", "ru-LV", "en"))

DATA: Mapping[str, Any] = {
    "code": "012345",
    "minutes": 5,
    "from_age": 16,
    "amount": Money(10000, "EUR"),
    "minimum": Money(500, "EUR"),
    "maximum": Money(10000, "EUR"),
    "phone_number": "+46701740605",
    "active_until": date(2027, 12, 3),
    "reason": DeclineReason.CARD_EXPIRED,
    "bonus": "BIRTHDAY",
    "reward": Money(100, "EUR"),
    "retry_after_seconds": 300,
    "count": 3,
    "undo_code": "ABCD-EFGH-IJKL-2345",
    "hours": 72,
    "client": "Norrsken",
    "most": 5,
    "provider": "BankID",
    "contact": "+46701740605",
}


def entries(catalogue: Catalog) -> dict[str, Any]:
    """A catalogue's entries by key."""
    return {str(entry.context): entry for entry in catalogue if entry.id}


def source(template: Template) -> Any:
    return (template.one, template.many) if isinstance(template, Counted) else template


def forms(text: Any) -> tuple[str, ...]:
    return (text,) if isinstance(text, str) else text


def placeholders(text: str) -> dict[str, str]:
    """The form by the name of each placeholder."""
    return {name: form or "" for _, name, form, _ in Formatter().parse(text) if name is not None}


def test_the_languages_of_all_operators_are_there() -> None:
    assert languages() == ["lv", "ru", "sv"]


def test_a_language_without_words_is_refused_by_name() -> None:
    with pytest.raises(LookupError, match="'fi'"):
        translations("fi")


def test_every_kind_of_message_has_a_text() -> None:
    assert set(MESSAGES) == set(MessageKind)


def test_every_refusal_that_people_are_told_has_a_text_and_the_data_it_needs() -> None:
    assert {refusal.code for refusal in USER_ERRORS} <= set(ERRORS)
    for refusal in USER_ERRORS:
        names = {f.name for f in fields(refusal)}  # pyright: ignore[reportArgumentType]  # each is a dataclass
        for text in forms(source(ERRORS[refusal.code])):
            assert set(placeholders(text)) <= names, refusal.code


def test_every_reason_of_a_decline_has_a_sentence() -> None:
    assert {k for k in NAMES if k.startswith("reason.")} == {f"reason.{r}" for r in DeclineReason}


def test_every_bonus_has_a_name() -> None:
    codes = ["WELCOME", "FIRST_TOP_UP", "RECURRING_TOP_UP", "BIRTHDAY", "INVITED_FRIEND"]
    assert {f"bonus.{code}" for code in codes} <= set(NAMES)


def test_keys_are_unique_and_fallbacks_exist() -> None:
    assert len(TEMPLATES) == len(MESSAGES) + len(SUBJECTS) + len(ERRORS) + len(PAGES) + len(NAMES)
    assert set(FALLBACKS.values()) <= set(NAMES)


@pytest.mark.parametrize("language", languages())
class TestCatalogue:
    """What holds of each catalogue."""

    def test_it_has_every_text_once_and_no_other(self, language: str) -> None:
        written = entries(read(language))
        assert {key: entry.id for key, entry in written.items()} == {
            str(key): source(template) for key, template in TEMPLATES.items()
        }

    def test_nothing_is_empty_fuzzy_obsolete_or_left_in_english(self, language: str) -> None:
        catalogue = read(language)
        assert not catalogue.fuzzy
        assert not catalogue.obsolete
        for key, entry in entries(catalogue).items():
            assert not entry.fuzzy, key
            for form in forms(entry.string):
                assert form.strip() == form, key
                assert form, key
                assert form not in forms(entry.id) or (language, key) == ("sv", "bonus.OTHER"), key

    def test_placeholders_agree_with_the_english_text(self, language: str) -> None:
        for key, entry in entries(read(language)).items():
            expected = placeholders(forms(entry.id)[0])
            for form in forms(entry.string):
                found = placeholders(form)
                assert found.keys() == expected.keys(), key
                assert all(found[name] == wanted for name, wanted in expected.items() if wanted), key

    def test_plural_forms_are_those_of_the_language_and_complete(self, language: str) -> None:
        catalogue, plural = read(language), get_plural(language)
        assert (catalogue.num_plurals, catalogue.plural_expr) == (plural.num_plurals, plural.plural_expr)
        counted = [entry for entry in catalogue if isinstance(entry.id, tuple)]
        assert len(counted) == sum(isinstance(t, Counted) for t in TEMPLATES.values())
        assert all(len(forms(entry.string)) == plural.num_plurals for entry in counted)


@pytest.mark.parametrize("locale", ["sv-SE", "lv-LV", "ru-LV", "en"])
@pytest.mark.parametrize("key", TEMPLATES)
def test_every_text_can_be_said_in_every_locale(locale: str, key: str) -> None:
    text = WORDS.say(locale, key, DATA)
    assert text
    assert "{" not in text
    assert ".." not in text


@pytest.mark.parametrize("unit", [Unit.PIECE, Unit.POINT])
def test_what_is_counted_one_by_one_has_a_word(unit: Unit) -> None:
    assert isinstance(NAMES[f"unit.{unit}"], Counted)
