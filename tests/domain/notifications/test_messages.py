"""A message as a value."""

from __future__ import annotations

import json
from dataclasses import FrozenInstanceError
from datetime import UTC
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.kernel.quantities import Money, Unit
from domain.notifications.encoding import decoded, encoded
from domain.notifications.messages import Message, MessageKind, MessageValue, Quantity

MESSAGE = Message(MessageKind.SIGN_IN_CODE, UUID(int=1), {"code": "012345", "minutes": 5})

WORDS = st.text()
AMOUNTS = st.integers(-(10**15), 10**15)
VALUES: st.SearchStrategy[MessageValue] = st.one_of(
    WORDS,
    AMOUNTS,
    st.dates(),
    st.datetimes(timezones=st.just(UTC)),
    st.builds(Money, AMOUNTS, WORDS),
    st.builds(Quantity, AMOUNTS, st.sampled_from(Unit).map(str)),
)


@given(st.dictionaries(WORDS, VALUES))
def test_data_is_kept_as_json_and_comes_back_the_same(data: dict[str, MessageValue]) -> None:
    back = decoded(json.loads(json.dumps(encoded(data))))
    assert back == data
    assert [type(value) for value in back.values()] == [type(value) for value in data.values()]


def test_a_printed_message_tells_its_kind_and_no_secrets() -> None:
    assert "SIGN_IN_CODE" in repr(MESSAGE)
    assert "012345" not in f"{MESSAGE} {MESSAGE!r}"


def test_a_message_does_not_change() -> None:
    with pytest.raises(FrozenInstanceError):
        MESSAGE.kind = MessageKind.BONUS_GRANTED  # pyright: ignore[reportAttributeAccessIssue]  # that is the point
