"""How staff find a customer: by something that only the right customer has, so often and no more."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final
from uuid import UUID

from domain.kernel.errors import RateLimited

SEARCHES: Final = 60
PER: Final = timedelta(hours=1)
"""More than a busy agent needs, and too few to copy the customers out by."""

FOUND_LATELY: Final = timedelta(hours=8)
"""How long a search lets its finder see who was found, and begin to act for them: a working day."""

MOST_FOUND: Final = 10


class SearchKind(StrEnum):
    """What a customer is looked for by."""

    PHONE_NUMBER = "PHONE_NUMBER"  # of the customer, or of a card that they hold or carry; E.164
    EMAIL = "EMAIL"
    CUSTOMER_NUMBER = "CUSTOMER_NUMBER"
    IDENTITY_NUMBER = "IDENTITY_NUMBER"  # in the way in which it is kept


@dataclass(frozen=True, slots=True)
class CustomerSearch:
    """A kind, and the whole value: nobody is found by a part of it."""

    kind: SearchKind
    value: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchMade:
    """What is kept of a search: who made it, when, by what kind of thing, and who was found."""

    id: UUID
    staff_id: UUID
    kind: SearchKind
    made_at: datetime
    found: Sequence[UUID]


def ensure_within_limit(earlier: Sequence[datetime], now: datetime) -> None:
    """Raises `RateLimited`. `earlier`: when the staff member's last searches were made, newest first."""
    if len(earlier) >= SEARCHES:
        wait = earlier[SEARCHES - 1] + PER - now
        if wait > timedelta(0):
            raise RateLimited(math.ceil(wait.total_seconds()))
