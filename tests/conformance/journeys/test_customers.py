"""What must hold for customers whatever server the databases are on: KONTANT_TEST_DATABASE_SERVER, or the embedded."""

from __future__ import annotations

import json
from typing import Any, Final

import pytest

from tests.conformance.support.application import Application
from tests.conformance.support.people import Customer

pytestmark = pytest.mark.conformance

AT_ONCE: Final = 50


def test_the_demo_family_of_each_operator_sees_its_home_screen(application: Application) -> None:
    for url, operator in zip(application.urls, application.facts["operators"], strict=True):
        with Customer(url, operator["people"][0]["phoneNumber"]) as parent:
            parent.sign_in()
            home = parent.home()
            assert len(home["family"]["members"]) == 4
            assert all(card["balance"] for member in home["family"]["members"] for card in member["cards"])
            assert len(home["topUps"]["nodes"]) == 5


def test_fifty_top_ups_at_once_all_land_and_the_balance_is_exact(karin: Customer) -> None:
    card, method, before = karin.card(), karin.method("Visa"), karin.balance()
    keys = [f"conformance-each-{n}" for n in range(AT_ONCE)]
    payloads = karin.top_up_at_once(card, amount=100, method=method, keys=keys)
    assert [payload["errors"] for payload in payloads] == [[]] * AT_ONCE
    assert {payload["topUp"]["status"] for payload in payloads} == {"COMPLETED"}
    assert len({payload["topUp"]["id"] for payload in payloads}) == AT_ONCE
    assert karin.balance() == before + AT_ONCE * 100


def test_fifty_top_ups_at_once_with_one_key_are_one(karin: Customer) -> None:
    card, method, before = karin.card(), karin.method("Visa"), karin.balance()
    keys = ["conformance-one-key"] * AT_ONCE
    payloads = karin.top_up_at_once(card, amount=100, method=method, keys=keys)
    assert len({payload["topUp"]["id"] for payload in payloads}) == 1
    assert karin.balance() == before + 100


def test_a_payment_that_times_out_is_resolved_without_the_customer(karin: Customer) -> None:
    card, method, before = karin.card(), karin.method("Visa (times out, then succeeds)"), karin.balance()
    payload = karin.top_up(card, amount=100, method=method, key="conformance-late")
    assert payload["topUp"]["status"] == "UNKNOWN"
    found = karin.status_after(payload["topUp"]["id"], seconds=40, is_settled=lambda status: status != "UNKNOWN")
    assert found == "COMPLETED"
    assert karin.balance() == before + 100


def test_what_was_there_is_there_after_a_restart(application: Application, karin: Customer) -> None:
    home = karin.home()
    application.stop()
    application.start()
    assert karin.home() == home, "with the token from before, too"


def test_nothing_went_wrong_unseen(application: Application) -> None:
    log = [json.loads(line) for line in application.log.read_text().splitlines()]
    assert log
    assert [line for line in log if _is_trouble(line)] == []


def _is_trouble(line: dict[str, Any]) -> bool:
    return line["level"].upper() in {"WARNING", "ERROR", "CRITICAL"}
