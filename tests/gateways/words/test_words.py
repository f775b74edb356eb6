"""What people read."""

# ruff: noqa: RUF001  # Russian words are meant to be in Russian letters
from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import pytest

from domain.kernel.quantities import Money, Unit
from domain.notifications.messages import Channel, Message, MessageKind, Quantity
from gateways.words.values import Values, formats_of
from gateways.words.words import Words
from tests.gateways.words.support import operator

GSM = set(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§"
    "¿abcdefghijklmnopqrstuvwxyzäöñüà^{}\\[~]|€"
)

NORRSKEN = Words(operator("Norrsken", "SE", "sv-SE", "en"))
BALTIKA = Words(operator("Baltika", "LV", "lv-LV", "ru-LV", "en"))

CODE = {"code": "012345", "minutes": 5}
COMPLETED = {"amount": Money(10000, "SEK"), "phone_number": "+46701740605", "active_until": date(2027, 12, 3)}


def values(tag: str, country: str = "LV") -> Values:
    return Values(formats_of(tag, country), country=country, time_zone="Europe/Riga")


def shown(tag: str, value: object, form: str = "", country: str = "LV") -> str:
    return values(tag, country).show(value, form).replace("\u00a0", " ").replace("\u202f", " ")


def told(words: Words, locale: str, kind: MessageKind, data: dict[str, Any]) -> str:
    return words.write(Message(kind, None, data), locale=locale, channel=Channel.SMS)


@pytest.mark.parametrize(
    ("words", "locale", "text"),
    [
        (NORRSKEN, "sv-SE", "Din kod till Norrsken är 012345. Den gäller i 5 minuter. Ge den inte till någon."),
        (NORRSKEN, "en", "Your code for Norrsken is 012345. It is valid for 5 minutes. Do not give it to anyone."),
        (BALTIKA, "lv-LV", "Baltika: Jūsu kods ir 012345. Tas der 5 minūtes. Nevienam to nesakiet."),
        (BALTIKA, "ru-LV", "Baltika: ваш код 012345. Действует 5 минут. Никому его не сообщайте."),
    ],
)
def test_a_sign_in_code_is_told_in_each_language(words: Words, locale: str, text: str) -> None:
    assert told(words, locale, MessageKind.SIGN_IN_CODE, CODE) == text


def test_a_completed_top_up_is_told_as_the_country_writes_it() -> None:
    swedish = "070-174 06 05 har laddats med 100 kr. Saldot gäller till 3 december 2027."
    english = "100 kr has been added to 070-174 06 05. The balance is valid until 3 December 2027."
    assert told(NORRSKEN, "sv-SE", MessageKind.TOP_UP_COMPLETED, COMPLETED) == swedish
    assert told(NORRSKEN, "en", MessageKind.TOP_UP_COMPLETED, COMPLETED) == english


@pytest.mark.parametrize(
    ("locale", "word", "minutes"),
    [
        *[("lv-LV", "minūti.", n) for n in (1, 21, 101)],
        *[("lv-LV", "minūtes.", n) for n in (2, 5, 10, 11, 111)],
        *[("ru-LV", "минуту.", n) for n in (1, 21, 101)],
        *[("ru-LV", "минуты.", n) for n in (2, 3, 4, 22)],
        *[("ru-LV", "минут.", n) for n in (5, 11, 12, 14, 20, 111)],
    ],
)
def test_numbers_take_the_plural_of_the_language(locale: str, word: str, minutes: int) -> None:
    text = told(BALTIKA, locale, MessageKind.SIGN_IN_CODE, CODE | {"minutes": minutes})
    assert f" {minutes} {word}" in text


@pytest.mark.parametrize("locale", ["sv-SE", "en"])
@pytest.mark.parametrize("kind", MessageKind)
def test_text_messages_keep_to_the_alphabet_that_makes_them_short(locale: str, kind: MessageKind) -> None:
    data = CODE | COMPLETED | {"reason": "INSUFFICIENT_FUNDS", "bonus": "BIRTHDAY", "reward": Money(1234567, "SEK")}
    data |= {"undo_code": "ABCD-EFGH-IJKL-2345", "hours": 72}
    assert set(told(NORRSKEN, locale, kind, data)) <= GSM


@pytest.mark.parametrize(
    ("words", "locale", "longest"),
    [(NORRSKEN, "sv-SE", 160), (NORRSKEN, "en", 160), (BALTIKA, "lv-LV", 70), (BALTIKA, "ru-LV", 70)],
)
def test_a_sign_in_code_fits_in_one_text_message(words: Words, locale: str, longest: int) -> None:
    assert len(told(words, locale, MessageKind.SIGN_IN_CODE, CODE)) <= longest


def test_an_e_mail_keeps_an_amount_on_one_line() -> None:
    message = Message(MessageKind.TOP_UP_COMPLETED, None, COMPLETED)
    assert "100\u00a0kr" in NORRSKEN.write(message, locale="sv-SE", channel=Channel.EMAIL)


def test_each_reason_of_a_decline_is_its_own_sentence() -> None:
    def declined(reason: str | None) -> str:
        return NORRSKEN.say("en", "PAYMENT_DECLINED", {"reason": reason})

    rest = " Nothing has been charged. You can try another payment method."
    assert declined("CARD_EXPIRED") == "The payment card has expired." + rest
    assert declined("INSUFFICIENT_FUNDS") == "There is not enough money in the bank account." + rest
    assert declined(None) == declined("REFUSED") == "The bank refused the payment." + rest


def test_a_bonus_without_a_name_is_a_bonus() -> None:
    assert NORRSKEN.name("sv-SE", "bonus", "BIRTHDAY") == "Födelsedagspresent"
    assert NORRSKEN.name("sv-SE", "bonus", "MADE_UP_LATER") == "Bonus"


@pytest.mark.parametrize(
    ("reward", "text"),
    [
        (Quantity(2_500_000_000, Unit.BYTE), "2,5 GB"),
        (Quantity(1, Unit.POINT), "1 punkts"),
        (Quantity(25, Unit.POINT), "25 punkti"),
        (Quantity(10, Unit.PIECE), "10 īsziņas"),
        (Quantity(6000, Unit.SECOND), "100 min"),
        (Quantity(150, "EUR"), "1,50 €"),
        (Money(100, "EUR"), "1 €"),
    ],
)
def test_a_bonus_can_be_anything_that_is_counted(reward: Quantity | Money, text: str) -> None:
    expected = f"Baltika: Jums ir piešķirts bonuss. Sveiciena bonuss: {text}."
    assert told(BALTIKA, "lv-LV", MessageKind.BONUS_GRANTED, {"bonus": "WELCOME", "reward": reward}) == expected


def test_a_locale_that_is_not_offered_gets_the_nearest_that_is() -> None:
    assert NORRSKEN.say("sv-FI", "CARD_CLOSED") == NORRSKEN.say("sv-SE", "CARD_CLOSED")
    assert NORRSKEN.say("lv-LV", "CARD_CLOSED") == NORRSKEN.say("sv-SE", "CARD_CLOSED")
    assert BALTIKA.say("en-GB", "CARD_CLOSED") == "This prepaid card is closed."


def test_a_locale_without_words_stops_the_start() -> None:
    with pytest.raises(LookupError, match="'fi'"):
        Words(operator("Norrsken", "FI", "fi-FI"))


def test_a_locale_without_formats_stops_the_start() -> None:
    with pytest.raises(LookupError, match="'xx'"):
        formats_of("xx", "SE")


def test_what_a_person_typed_is_never_read_as_a_template() -> None:
    text = told(NORRSKEN, "en", MessageKind.SIGN_IN_CODE, {"code": "{operator.__class__}{0}", "minutes": 5})
    assert "is {operator.__class__}{0}." in text


def test_missing_data_is_a_defect_that_shows() -> None:
    with pytest.raises(KeyError, match="minimum"):
        NORRSKEN.say("en", "AMOUNT_NOT_OFFERED", {"maximum": Money(1, "SEK")})


def test_a_value_that_cannot_be_shown_is_refused_without_telling_it() -> None:
    with pytest.raises(TypeError, match=r"^The type bytes cannot be shown to people\.$"):
        shown("sv", b"secret")
    with pytest.raises(TypeError, match=r"^The form 'phone' does not suit the type int\.$"):
        shown("sv", 460701740605, "phone")


@pytest.mark.parametrize(
    ("tag", "country", "money", "text"),
    [
        ("sv-SE", "SE", Money(123450, "SEK"), "1 234,50 kr"),
        ("sv-SE", "SE", Money(10000, "SEK"), "100 kr"),
        ("sv-SE", "SE", Money(-5, "SEK"), "-0,05 kr"),
        ("en", "SE", Money(10000, "SEK"), "100 kr"),
        ("lv-LV", "LV", Money(1050, "EUR"), "10,50 €"),
        ("ru-LV", "LV", Money(1000, "EUR"), "10 €"),
        ("en", "LV", Money(100050, "EUR"), "1,000.50 €"),
        ("en-US", "LV", Money(100050, "SEK"), "SEK 1,000.50"),
        ("en-US", "LV", Money(500, "EUR"), "€5"),
        ("sv-SE", "SE", Money(500, "JPY"), "500 JPY"),
        ("sv-SE", "SE", Money(1500, "KWD"), "1,500 KWD"),
        ("sv-SE", "SE", Money(0, "SEK"), "0 kr"),
    ],
)
def test_money_has_the_decimals_of_its_currency_and_none_when_whole(
    tag: str, country: str, money: Money, text: str
) -> None:
    assert shown(tag, money, country=country) == text


@pytest.mark.parametrize(
    ("tag", "text"),
    [("sv-SE", "3 december 2027"), ("ru-LV", "3 декабря 2027 г."), ("en", "3 December 2027")],
)
def test_dates_are_written_out(tag: str, text: str) -> None:
    assert shown(tag, date(2027, 12, 3)) == text


def test_a_translation_can_ask_for_a_date_in_figures() -> None:
    assert shown("lv-LV", date(2027, 12, 3), "yMd") == "3.12.2027."


def test_an_instant_is_told_by_the_operators_clock() -> None:
    just_before_midnight = datetime(2027, 1, 31, 22, 30, tzinfo=UTC)
    assert shown("sv-SE", just_before_midnight) == "1 februari 2027 00:30"
    assert shown("en", just_before_midnight) == "1 February 2027, 00:30"


@pytest.mark.parametrize(
    ("size_bytes", "text"),
    [(0, "0 B"), (999, "999 B"), (1_500, "1,5 kB"), (500_000_000, "500 MB"), (1_990_000_000, "1,9 GB")],
)
def test_data_is_never_told_to_be_more_than_there_is(size_bytes: int, text: str) -> None:
    assert shown("lv", Quantity(size_bytes, Unit.BYTE)) == text


@pytest.mark.parametrize(("seconds", "text"), [(0, "0 с"), (59, "59 с"), (60, "1 мин"), (7199, "119 мин")])
def test_calls_are_told_in_minutes(seconds: int, text: str) -> None:
    assert shown("ru", Quantity(seconds, Unit.SECOND)) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "pēc 1 sekundes"),
        (59, "pēc 59 sekundēm"),
        (60, "pēc 1 minūtes"),
        (61, "pēc 2 minūtēm"),
        (3600, "pēc 1 stundas"),
        (3601, "pēc 2 stundām"),
    ],
)
def test_a_wait_is_rounded_up(seconds: int, text: str) -> None:
    assert shown("lv", seconds, "wait") == text


def test_a_foreign_number_is_told_with_its_country() -> None:
    assert shown("sv", "+46701740605", "phone", country="SE") == "070-174 06 05"
    assert shown("sv", "+37121234567", "phone", country="SE") == "+371 21 234 567"
