"""Every use case there is. The executor knows no others."""

from __future__ import annotations

from typing import Any, Final

from domain.identity import usecases as identity
from domain.kernel.executor import UseCase
from domain.ledger import usecases as ledger
from domain.loyalty import bonus as loyalty
from domain.notifications import usecases as notifications
from domain.topups import usecases as topups

USE_CASES: Final[tuple[UseCase[Any, Any], ...]] = (
    *identity.USE_CASES,
    *ledger.USE_CASES,
    *loyalty.USE_CASES,
    *notifications.USE_CASES,
    *topups.USE_CASES,
)
