"""The year that lies behind the demo people, as tables. Days are counted back from the day of seeding."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from domain.kernel.quantities import UsageType
from domain.loyalty.bonus import BonusCode
from gateways.payments.scripts import TestToken
from kontant.demo.people import Part

GIGABYTE: Final = 10**9
MINUTE: Final = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class MethodPlot:
    """A payment method: what the sandbox makes of it, and what it is recognised by."""

    name: str
    token: TestToken
    brand: str
    last_digits: str
    valid_days: int = 3 * 365


@dataclass(frozen=True, slots=True, kw_only=True)
class CardPlot:
    """A card's year. `amounts` are places in the operator's offer, from the smallest; they come round, as payers do."""

    user: Part
    holder: Part
    issued: int
    top_ups: Sequence[int]
    payers: Sequence[Part]
    amounts: Sequence[int]
    methods: Mapping[int, str] = field(default_factory=dict[int, str])
    """How a top-up was paid, by its day, where it was not by the usual method."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BonusPlot:
    """A bonus for the card's holder, and how much of it is used the day after. Without `valid_days` it has no end.

    Money has no quantity of its own here: it is the least that the operator sells.
    """

    card: Part
    code: BonusCode
    usage_type: UsageType
    granted: int
    quantity: int = 0
    valid_days: int | None = None
    used: int = 0


SUCCEEDS: Final = "succeeds"
DECLINES: Final = "declines"
NEEDS_ACTION: Final = "needs_action"
SUCCEEDS_LATE: Final = "succeeds_late"
FAILS_LATE: Final = "fails_late"
TELLS_TWICE: Final = "tells_twice"
EXPIRED: Final = "expired"

# With these a newcomer can try every outcome from the parent's account; the name is shown where a brand would be.
PARENTS_METHODS: Final = (
    MethodPlot(name=SUCCEEDS, token=TestToken.SUCCEEDS, brand="Visa", last_digits="0001"),
    MethodPlot(name=DECLINES, token=TestToken.DECLINES, brand="Visa (declines)", last_digits="0002"),
    MethodPlot(name=NEEDS_ACTION, token=TestToken.NEEDS_ACTION, brand="Visa (asks you first)", last_digits="0003"),
    MethodPlot(
        name=SUCCEEDS_LATE,
        token=TestToken.TIMES_OUT_THEN_SUCCEEDS,
        brand="Visa (times out, then succeeds)",
        last_digits="0004",
    ),
    MethodPlot(
        name=FAILS_LATE,
        token=TestToken.TIMES_OUT_THEN_FAILS,
        brand="Visa (times out, then fails)",
        last_digits="0005",
    ),
    MethodPlot(name=TELLS_TWICE, token=TestToken.DUPLICATES_WEBHOOK, brand="Visa (tells us twice)", last_digits="0006"),
    MethodPlot(name=EXPIRED, token=TestToken.SUCCEEDS, brand="Visa (expired)", last_digits="0007", valid_days=-45),
)
OTHERS_METHOD: Final = MethodPlot(name=SUCCEEDS, token=TestToken.SUCCEEDS, brand="Mastercard", last_digits="0008")

CARDS: Final = (
    CardPlot(
        user=Part.PARENT,
        holder=Part.PARENT,
        issued=396,
        top_ups=range(362, 0, -30),
        payers=[Part.PARENT],
        amounts=[1, 1, 2, 1, 3],
    ),
    CardPlot(
        user=Part.PARTNER,
        holder=Part.PARTNER,
        issued=395,
        top_ups=range(350, 0, -45),
        payers=[Part.PARTNER],
        amounts=[2, 1],
    ),
    CardPlot(
        user=Part.TEENAGER,
        holder=Part.PARENT,
        issued=394,
        top_ups=range(355, 0, -30),
        payers=[Part.PARENT, Part.PARENT, Part.PARTNER],
        amounts=[0, 1],
        methods={175: TELLS_TWICE, 85: SUCCEEDS_LATE},
    ),
    CardPlot(
        user=Part.CHILD,
        holder=Part.PARENT,
        issued=344,
        top_ups=range(340, 0, -60),
        payers=[Part.PARTNER, Part.PARENT],
        amounts=[0],
    ),
    CardPlot(
        user=Part.ALONE,
        holder=Part.ALONE,
        issued=380,
        top_ups=range(345, 0, -40),
        payers=[Part.ALONE],
        amounts=[1, 2, 3],
    ),
    CardPlot(
        user=Part.BLOCKED,
        holder=Part.BLOCKED,
        issued=320,
        top_ups=range(300, 20, -50),
        payers=[Part.BLOCKED],
        amounts=[1],
    ),
)

BONUSES: Final = (
    BonusPlot(card=Part.PARENT, code=BonusCode.WELCOME, usage_type=UsageType.MONEY, granted=395),
    BonusPlot(
        card=Part.PARENT,
        code=BonusCode.FIRST_TOP_UP,
        usage_type=UsageType.DATA,
        granted=361,
        quantity=5 * GIGABYTE,
        valid_days=30,
        used=3 * GIGABYTE,
    ),
    BonusPlot(
        card=Part.PARENT,
        code=BonusCode.RECURRING_TOP_UP,
        usage_type=UsageType.VOICE,
        granted=181,
        quantity=100 * MINUTE,
        valid_days=365,
        used=41 * MINUTE,
    ),
    BonusPlot(
        card=Part.PARENT,
        code=BonusCode.INVITED_FRIEND,
        usage_type=UsageType.SMS,
        granted=93,
        quantity=200,
        used=45,
    ),
    BonusPlot(
        card=Part.PARENT,
        code=BonusCode.RECURRING_TOP_UP,
        usage_type=UsageType.DATA,
        granted=61,
        quantity=10 * GIGABYTE,
        valid_days=120,
        used=3_400_000_000,
    ),
    BonusPlot(card=Part.PARENT, code=BonusCode.BIRTHDAY, usage_type=UsageType.MONEY, granted=10, valid_days=30),
    BonusPlot(
        card=Part.PARTNER,
        code=BonusCode.RECURRING_TOP_UP,
        usage_type=UsageType.VOICE,
        granted=128,
        quantity=60 * MINUTE,
        valid_days=180,
        used=22 * MINUTE,
    ),
    BonusPlot(
        card=Part.PARTNER,
        code=BonusCode.RECURRING_TOP_UP,
        usage_type=UsageType.DATA,
        granted=34,
        quantity=8 * GIGABYTE,
        valid_days=60,
        used=1_750_000_000,
    ),
    BonusPlot(
        card=Part.TEENAGER,
        code=BonusCode.RECURRING_TOP_UP,
        usage_type=UsageType.SMS,
        granted=54,
        quantity=100,
        valid_days=365,
        used=12,
    ),
    BonusPlot(
        card=Part.TEENAGER,
        code=BonusCode.RECURRING_TOP_UP,
        usage_type=UsageType.DATA,
        granted=27,
        quantity=3 * GIGABYTE,
        valid_days=30,
        used=2_200_000_000,
    ),
    BonusPlot(
        card=Part.CHILD,
        code=BonusCode.WELCOME,
        usage_type=UsageType.VOICE,
        granted=343,
        quantity=60 * MINUTE,
        used=25 * MINUTE,
    ),
    BonusPlot(
        card=Part.CHILD,
        code=BonusCode.RECURRING_TOP_UP,
        usage_type=UsageType.DATA,
        granted=39,
        quantity=GIGABYTE,
        valid_days=90,
        used=200_000_000,
    ),
    BonusPlot(
        card=Part.ALONE,
        code=BonusCode.WELCOME,
        usage_type=UsageType.DATA,
        granted=379,
        quantity=2 * GIGABYTE,
        valid_days=30,
        used=2 * GIGABYTE,
    ),
    BonusPlot(
        card=Part.ALONE,
        code=BonusCode.RECURRING_TOP_UP,
        usage_type=UsageType.SMS,
        granted=104,
        quantity=50,
        valid_days=180,
        used=9,
    ),
    BonusPlot(
        card=Part.BLOCKED,
        code=BonusCode.WELCOME,
        usage_type=UsageType.DATA,
        granted=299,
        quantity=2 * GIGABYTE,
        valid_days=365,
        used=600_000_000,
    ),
)
