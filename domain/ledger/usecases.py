"""Rated usage: what the operator's charging system says was used of a card."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Protocol
from uuid import UUID

from domain.cards.ports import Cards
from domain.kernel.access import Permission
from domain.kernel.executor import Command, Work, use_case
from domain.kernel.quantities import UsageType, unit_of
from domain.ledger.ledger import InsufficientBalance, Ledger, Posting, Purpose, TransactionKind


class UsageWork(Work, Protocol):
    @property
    def cards(self) -> Cards: ...
    @property
    def ledger(self) -> Ledger: ...


@dataclass(frozen=True, kw_only=True)
class RecordUsage(Command[None]):
    """A quantity of one usage type was used. The record's id makes it count once."""

    record_id: UUID
    card_id: UUID
    usage_type: UsageType
    quantity: int


@use_case(Permission.USAGE_RECORD, rejects=[InsufficientBalance])
async def record_usage(command: RecordUsage, work: UsageWork) -> None:
    """Takes it from the card's buckets, by the rule of allocation."""
    card = await work.cards.get(command.card_id)
    unit = unit_of(command.usage_type, work.operator.currency)
    await work.ledger.post(
        TransactionKind.USAGE,
        command.record_id,
        [
            Posting(owner_id=card.id, purpose=Purpose(command.usage_type), unit=unit, amount=-command.quantity),
            Posting(purpose=Purpose.SALES, unit=unit, amount=command.quantity),
        ],
    )


USE_CASES: Final = (record_usage,)
