"""Every use case there is. The executor knows no others."""

from __future__ import annotations

from typing import Any, Final

from domain.adjustments import usecases as adjustments
from domain.approvals import usecases as approvals
from domain.cards import usecases as cards
from domain.consents import usecases as consents
from domain.contacts import usecases as contacts
from domain.customers import profile
from domain.customers import usecases as customers
from domain.families import usecases as families
from domain.identity import usecases as identity
from domain.kernel.executor import UseCase
from domain.ledger import expiry
from domain.ledger import usecases as ledger
from domain.loyalty import bonus as loyalty
from domain.notifications import usecases as notifications
from domain.payments import usecases as payments
from domain.registration import usecases as registration
from domain.support import usecases as support
from domain.topups import usecases as topups

USE_CASES: Final[tuple[UseCase[Any, Any], ...]] = (
    *adjustments.USE_CASES,
    *approvals.USE_CASES,
    *cards.USE_CASES,
    *consents.USE_CASES,
    *contacts.USE_CASES,
    *customers.USE_CASES,
    *families.USE_CASES,
    *identity.USE_CASES,
    *expiry.USE_CASES,
    *ledger.USE_CASES,
    *loyalty.USE_CASES,
    *notifications.USE_CASES,
    *payments.USE_CASES,
    *registration.USE_CASES,
    *profile.USE_CASES,
    *support.USE_CASES,
    *topups.USE_CASES,
)
