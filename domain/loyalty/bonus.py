"""Bonuses: rewards granted to a customer, with their cause."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final, Protocol
from uuid import UUID

from domain.cards.ports import Cards
from domain.kernel.access import Permission
from domain.kernel.events import Event
from domain.kernel.executor import Command, Work, use_case
from domain.kernel.quantities import UsageType, unit_of
from domain.ledger.ledger import Ledger, Origin, Posting, Purpose, TransactionKind


class BonusCode(StrEnum):
    """The rewards that have words of their own."""

    WELCOME = "WELCOME"
    FIRST_TOP_UP = "FIRST_TOP_UP"
    RECURRING_TOP_UP = "RECURRING_TOP_UP"
    BIRTHDAY = "BIRTHDAY"
    INVITED_FRIEND = "INVITED_FRIEND"


@dataclass(frozen=True, slots=True, kw_only=True)
class Bonus:
    """A quantity of one usage type on a card, in its unit, usable until `valid_until`."""

    id: UUID
    customer_id: UUID
    card_id: UUID
    code: str
    usage_type: UsageType
    quantity: int
    unit: str
    valid_until: datetime | None


class Bonuses(Protocol):
    """The bonuses within a transaction."""

    async def add(self, bonus: Bonus, granted_at: datetime, /) -> None: ...


class BonusWork(Work, Protocol):
    @property
    def cards(self) -> Cards: ...
    @property
    def bonuses(self) -> Bonuses: ...
    @property
    def ledger(self) -> Ledger: ...


@dataclass(frozen=True, kw_only=True)
class GrantBonus(Command[Bonus]):
    """Give a customer something on a card, for a reason that `code` names."""

    customer_id: UUID
    card_id: UUID
    code: BonusCode
    usage_type: UsageType
    quantity: int
    valid_until: datetime | None


@use_case(Permission.BONUS_GRANT)
async def grant_bonus(command: GrantBonus, work: BonusWork) -> Bonus:
    """Grants it: a granted bucket on the card, and the record that says why."""
    card = await work.cards.get(command.card_id)
    unit = unit_of(command.usage_type, work.operator.currency)
    bonus = Bonus(
        id=work.id,
        customer_id=command.customer_id,
        card_id=card.id,
        code=command.code,
        usage_type=command.usage_type,
        quantity=command.quantity,
        unit=unit,
        valid_until=command.valid_until,
    )
    await work.bonuses.add(bonus, work.now)
    await work.ledger.post(
        TransactionKind.BONUS,
        bonus.id,
        [
            Posting(
                owner_id=card.id,
                purpose=Purpose(command.usage_type),
                unit=unit,
                amount=command.quantity,
                origin=Origin.GRANTED,
                valid_until=command.valid_until,
            ),
            Posting(purpose=Purpose.GRANTS, unit=unit, amount=-command.quantity),
        ],
    )
    data = {"bonus_id": str(bonus.id), "card_id": str(card.id), "code": bonus.code, "quantity": bonus.quantity}
    work.emit(Event("bonus.granted", bonus.customer_id, data | {"unit": unit}))
    return bonus


USE_CASES: Final = (grant_bonus,)
