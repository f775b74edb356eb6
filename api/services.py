"""What the routes of one operator work with. Made once at start, by `kontant`."""

from __future__ import annotations

from dataclasses import dataclass

from auth.identity import Identity
from domain.kernel.executor import Executor
from domain.kernel.time import Clock
from domain.operators.operator import Operator
from domain.payments.ports import PaymentGateway
from domain.topups.processes import TopUpProcess
from gateways.words.words import Words
from persistence.database import Database


@dataclass(frozen=True, slots=True, kw_only=True)
class Services:
    """One operator's."""

    operator: Operator
    database: Database
    executor: Executor
    identity: Identity
    top_ups: TopUpProcess
    payments: PaymentGateway
    words: Words
    clock: Clock
