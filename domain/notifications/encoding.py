"""How a message's data is kept until it is sent: as JSON that remembers what each value is."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from domain.kernel.quantities import Money
from domain.notifications.messages import MessageValue, Quantity


def encoded(data: Mapping[str, MessageValue]) -> dict[str, Any]:
    """The data as JSON: texts and numbers as they are, anything else as an object with its kind for a key."""
    return {name: _encoded(value) for name, value in data.items()}


def decoded(kept: Mapping[str, Any]) -> dict[str, MessageValue]:
    """The data as it was."""
    return {name: _decoded(value) for name, value in kept.items()}


def _encoded(value: MessageValue) -> Any:
    match value:
        case Money():
            return {"money": [value.amount_minor, value.currency]}
        case Quantity():
            return {"quantity": [value.amount, value.unit]}
        case datetime():
            return {"datetime": value.isoformat()}
        case date():
            return {"date": value.isoformat()}
        case str() | int():
            return value


def _decoded(value: Any) -> MessageValue:
    match value:
        case {"money": [amount_minor, currency]}:
            return Money(amount_minor, currency)
        case {"quantity": [amount, unit]}:
            return Quantity(amount, unit)
        case {"datetime": text}:
            return datetime.fromisoformat(text)
        case {"date": text}:
            return date.fromisoformat(text)
        case _:
            return value
