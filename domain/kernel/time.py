"""Time as the domain needs it. Nothing here, or anywhere in `domain`, asks a computer what time it is."""

from __future__ import annotations

from datetime import date, datetime
from typing import Protocol
from zoneinfo import ZoneInfo

from whenever import Date


class Clock(Protocol):
    """Where `now` comes from when there is no transaction to ask. Tests hand in their own."""

    def now(self) -> datetime: ...


def local_date(at: datetime, time_zone: str) -> date:
    """The calendar date of an instant at the operator's place."""
    return at.astimezone(ZoneInfo(time_zone)).date()


def age_on(day: date, birth_date: date) -> int:
    """In whole years. Who was born on 29 February has a birthday on the last day of each other February."""
    years = day.year - birth_date.year
    return years if add_months(birth_date, 12 * years) <= day else years - 1


def add_months(day: date, months: int) -> date:
    """The same day some months later; the 31st becomes the month's last day."""
    return Date(day).add(months=months).to_stdlib()
