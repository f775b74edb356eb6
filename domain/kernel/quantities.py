"""Money, quantities and units. Whole numbers of the smallest unit, always; what is counted never mixes."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class UsageType(StrEnum):
    """What a bucket is for (TMF654)."""

    MONEY = "MONEY"
    DATA = "DATA"
    VOICE = "VOICE"
    SMS = "SMS"


class Unit(StrEnum):
    """What is counted where it is not money. Money's unit is its currency code."""

    BYTE = "BYTE"
    SECOND = "SECOND"
    PIECE = "PIECE"
    POINT = "POINT"


UNITS = {UsageType.DATA: Unit.BYTE, UsageType.VOICE: Unit.SECOND, UsageType.SMS: Unit.PIECE}


def unit_of(usage: UsageType, currency: str) -> str:
    """The unit that a usage type is counted in at an operator with this currency."""
    return currency if usage is UsageType.MONEY else UNITS[usage]


@dataclass(frozen=True, slots=True, order=True)
class Money:
    """An amount in minor units (öre, cents) of an ISO 4217 currency."""

    amount_minor: int
    currency: str
