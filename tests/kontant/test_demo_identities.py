"""The demo's identity numbers: of a kind that is checked, and nobody's."""

from __future__ import annotations

import re
from datetime import date

import pytest

from domain.operators.operator import Operator
from domain.registration.identity_numbers import identity_number as checked
from kontant.demo.identities import identities
from kontant.demo.people import people
from tests.support.operators import BALTIKA, NORRSKEN

TODAY = date(2026, 3, 2)


@pytest.mark.parametrize(
    ("operator", "shape"), [(NORRSKEN, r"19850712-98\d\d"), (BALTIKA, r"329999-\d{5}")], ids=["SE", "LV"]
)
def test_each_person_has_a_number_of_their_own_that_nobody_has(operator: Operator, shape: str) -> None:
    born = {person.phone_number: date(1985, 7, 12) for person in people(operator)}
    numbers = [each.claims["identity_number"] for each in identities(operator, "electronic_id", born)]
    assert len(set(numbers)) == len(people(operator))
    for number in numbers:
        assert re.fullmatch(shape, number)
        assert checked(number, operator.country, TODAY)
