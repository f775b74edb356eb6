"""How names are written."""

from __future__ import annotations

from typing import Final

import pytest

from domain.customers.errors import InvalidName
from domain.customers.profile import written_name

PERSIAN: Final = "\u0645\u06cc\u200c\u062a\u0631\u0627"
"""Its two halves are held apart by a sign that nobody sees, and that its spelling needs."""


@pytest.mark.parametrize(
    ("typed", "written"),
    [
        ("  Anna \u00a0 Maria ", "Anna Maria"),
        ("A\u030asa", "Åsa"),
        ("Jēkabs", "Jēkabs"),
        ("O'Neil-Smith", "O'Neil-Smith"),
        (PERSIAN, PERSIAN),
        ("A\u030a" * 100, "Å" * 100),
    ],
)
def test_a_name_is_kept_as_people_write_it(typed: str, written: str) -> None:
    assert written_name(typed, "given_name") == written


@pytest.mark.parametrize(
    "text",
    [
        "",
        "  ",
        "12",
        "\u200d",
        "Å" * 101,
        "Ka\nrin",
        "Ka\trin",
        "Karin\x00",
        "Karin\u2028",
        "\u202enirak",
        "K\u2066arin",
        "Ka\u200brin",
        "Karin\ud800",
        "Karin\ue000",
    ],
)
def test_what_nobody_sees_or_nobody_is_called_is_refused(text: str) -> None:
    with pytest.raises(InvalidName) as caught:
        written_name(text, "given_name")
    assert caught.value.field == "given_name"
    assert str(caught.value) == "INVALID_NAME"
