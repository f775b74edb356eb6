"""Which language one is spoken to in."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateways.words.negotiation import negotiate

OFFERED = ["lv-LV", "ru-LV", "en"]


@pytest.mark.parametrize(
    ("header", "chosen"),
    [
        ("ru-LV", "ru-LV"),
        ("RU-lv", "ru-LV"),
        ("ru", "ru-LV"),
        ("ru-RU", "ru-LV"),
        ("ru_RU", "ru-LV"),
        ("en-GB,en;q=0.9", "en"),
        ("lv;q=0.4, en;q=0.8, ru;q=0.6", "en"),
        ("fi, ru;q=0.5", "ru-LV"),
        ("en;q=0, ru;q=0.1", "ru-LV"),
        ("en;q=0", "lv-LV"),
        ("*", "lv-LV"),
        ("fi, *;q=0.1", "lv-LV"),
        ("en ; q=0.2 , ru ; q=0.3", "ru-LV"),
        ("ru, en", "ru-LV"),
        ("en, ru", "en"),
    ],
)
def test_the_header_chooses_by_quality_then_by_order(header: str, chosen: str) -> None:
    assert negotiate(header, None, offered=OFFERED) == chosen


@pytest.mark.parametrize("header", [None, "", "fi", ",", ";q=1", "en;q=high", "en;q=9", "en-", "<script>", "\x00"])
def test_what_says_nothing_leaves_the_operators_first(header: str | None) -> None:
    assert negotiate(header, None, offered=OFFERED) == "lv-LV"


def test_garbage_does_not_hide_what_makes_sense() -> None:
    assert negotiate("???, en;q=abc, ru;q=0.5", None, offered=OFFERED) == "ru-LV"


@pytest.mark.parametrize("header", [None, "", "fi", "fi, sv;q=0.5"])
def test_a_persons_own_language_counts_where_the_header_asks_for_none_that_is_offered(header: str | None) -> None:
    assert negotiate(header, "ru-LV", offered=OFFERED) == "ru-LV"
    assert negotiate(header, "fi-FI", offered=OFFERED) == "lv-LV"
    assert negotiate("en", "ru-LV", offered=OFFERED) == "en"


def test_an_exact_match_goes_before_a_relative() -> None:
    assert negotiate("en-GB", None, offered=["en-US", "en-GB"]) == "en-GB"


@given(st.text() | st.from_regex(r"[a-z*;=q0-9., -]*"))
def test_any_header_gives_an_offered_locale(header: str) -> None:
    assert negotiate(header, header, offered=OFFERED) in OFFERED


def test_a_huge_header_costs_nothing() -> None:
    started = time.process_time()
    negotiate("a-" * 500_000, "a-" * 500_000, offered=OFFERED)
    negotiate("en;q=0.5," * 200_000, None, offered=OFFERED)
    assert time.process_time() - started < 0.1
