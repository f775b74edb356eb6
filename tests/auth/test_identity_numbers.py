"""Identity numbers under lock, and the shapes in which they come."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from datetime import date
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auth.identity_numbers import SealedIdentityNumbers
from domain.registration.identity_numbers import IdentityNumber, InvalidIdentityNumber, identity_number
from domain.registration.ports import Unreadable

NUMBERS = SealedIdentityNumbers(b"a secret", "norrsken")
KARIN, OLLE = UUID(int=1), UUID(int=2)
TODAY = date(2026, 3, 2)

numbers = st.text("0123456789ABCDEF", min_size=1, max_size=20).map(lambda value: IdentityNumber("SE", value))


@given(number=numbers, versions=st.lists(st.integers(1, 50), min_size=1, max_size=4))
def test_what_is_sealed_can_be_opened_by_whatever_version_sealed_it_last(
    number: IdentityNumber, versions: list[int]
) -> None:
    kept = NUMBERS.seal(number, customer_id=KARIN, key_version=versions[0])
    for version in versions:
        kept = NUMBERS.reseal(kept, customer_id=KARIN, key_version=version)
        assert kept.key_version == version
        assert NUMBERS.open(kept, customer_id=KARIN) == number.value
        assert number.value.encode() not in kept.sealed or len(number.value) < 4


@given(number=numbers, data=st.data())
def test_what_was_changed_in_any_bit_is_not_opened(number: IdentityNumber, data: st.DataObject) -> None:
    kept = NUMBERS.seal(number, customer_id=KARIN, key_version=1)
    bit = data.draw(st.integers(0, 8 * len(kept.sealed) - 1))
    changed = bytearray(kept.sealed)
    changed[bit // 8] ^= 1 << bit % 8
    with pytest.raises(Unreadable):
        NUMBERS.open(replace(kept, sealed=bytes(changed)), customer_id=KARIN)


@given(number=numbers)
def test_it_is_of_use_only_as_its_customers_with_its_version_and_its_secret(number: IdentityNumber) -> None:
    kept = NUMBERS.seal(number, customer_id=KARIN, key_version=1)
    for holder, moved, customer in (
        (NUMBERS, kept, OLLE),
        (NUMBERS, replace(kept, key_version=2), KARIN),
        (NUMBERS, replace(kept, sealed=kept.sealed[:11]), KARIN),
        (SealedIdentityNumbers(b"another secret", "norrsken"), kept, KARIN),
        (SealedIdentityNumbers(b"a secret", "baltika"), kept, KARIN),
    ):
        with pytest.raises(Unreadable):
            holder.open(moved, customer_id=customer)


def test_the_same_number_is_never_sealed_alike_and_always_hashed_alike() -> None:
    number = IdentityNumber("SE", "198507129800")
    first, second = [NUMBERS.seal(number, customer_id=KARIN, key_version=1) for _ in range(2)]
    assert first.sealed != second.sealed
    assert first.digest == second.digest == NUMBERS.digest(number)
    assert first.digest != hashlib.sha256(b"SE:198507129800").digest()
    assert first.digest != SealedIdentityNumbers(b"another secret", "norrsken").digest(number)
    assert first.digest != SealedIdentityNumbers(b"a secret", "baltika").digest(number)


@pytest.mark.parametrize(
    "text",
    [
        "19850712-9800",
        "198507129800",
        "850712-9800",
        "8507129800",
        " 850712 9800 ",
        "850712\u20139800",
    ],  # a dash, as people paste it
)
def test_one_swedish_number_in_all_its_ways(text: str) -> None:
    assert identity_number(text, "SE", TODAY) == IdentityNumber("SE", "198507129800")


@pytest.mark.parametrize(
    ("text", "value", "born"),
    [
        ("191212-1215", "201912121215", date(2019, 12, 12)),
        ("191212+1215", "191912121215", date(1919, 12, 12)),
        ("19121212-1212", "191212121212", date(1912, 12, 12)),
        ("850772-9807", "198507729807", date(1985, 7, 12)),
    ],
)
def test_a_swedish_number_tells_when_somebody_was_born(text: str, value: str, born: date) -> None:
    number = identity_number(text, "SE", TODAY)
    assert (number.value, number.birth_date) == (value, born)


@pytest.mark.parametrize(
    ("country", "text", "masked"),
    [
        ("SE", "850712-9800", "19850712-••••"),
        ("LV", "161175-19997", "161175-••••"),
        ("LV", "328673-00679", "••••79"),
        ("FI", "131052-308T", "••••8T"),
    ],
)
def test_what_nobody_else_knows_is_not_shown(country: str, text: str, masked: str) -> None:
    number = identity_number(text, country, TODAY)
    assert number.masked == masked
    assert number.value not in repr(number)


@pytest.mark.parametrize(
    ("country", "text"),
    [
        ("SE", ""),
        ("SE", "850712-9801"),
        ("SE", "850732-9803"),
        ("SE", "20850712-9800"),
        ("SE", "850712/9800"),
        ("SE", "\u0668850712-9800"),
        ("SE", "850712-9800; drop table"),
        ("SE", "1" * 5000),
        ("LV", "161375-19997"),
        ("LV", "161175-19998"),
        ("LV", "LV16117519997"),
        ("LV", "40003521600"),
        ("FI", "12"),
        ("FI", "1" * 21),
        ("FI", "12345%"),
    ],
)
def test_what_nobody_can_have_is_refused_and_not_repeated(country: str, text: str) -> None:
    with pytest.raises(InvalidIdentityNumber) as refused:
        identity_number(text, country, TODAY)
    assert str(refused.value) == ""
