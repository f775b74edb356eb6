"""What happens in the demo: the same at every operator, in its currency and under its people's names."""

from __future__ import annotations

from datetime import date, timedelta
from itertools import cycle
from typing import Final

from domain.cards.card import BlockReason
from domain.cards.usecases import BlockCard, EndCardPeriods, IssueCard
from domain.customers.usecases import RegisterCustomer
from domain.families.family import FamilyRole
from domain.families.usecases import AddFamilyMember, CreateFamily
from domain.kernel.access import customer
from domain.kernel.quantities import Money, UsageType
from domain.kernel.time import add_months
from domain.ledger.usecases import RecordUsage
from domain.loyalty.bonus import GrantBonus
from domain.operators.operator import Operator, TopUpOffer
from domain.payments.usecases import SavePaymentMethod
from domain.topups.usecases import LeaseTopUp, TopUpCard
from kontant.demo.people import Part
from kontant.demo.stage import Scene, Stage
from kontant.demo.year import (
    BONUSES,
    CARDS,
    DECLINES,
    FAILS_LATE,
    NEEDS_ACTION,
    OTHERS_METHOD,
    PARENTS_METHODS,
    SUCCEEDS,
    SUCCEEDS_LATE,
    BonusPlot,
    CardPlot,
)

_NINE: Final = timedelta(0)
_A_YEAR_AND_MORE_DAYS: Final = 430
_NUMBER_OF_CLOSED_AFTER: Final = 40  # still one of those that are kept for fiction
_SPENT_PERCENT: Final = (80, 65, 90)
_WELCOMED_WITH_MONEY: Final = {
    bonus.card for bonus in BONUSES if bonus.usage_type is UsageType.MONEY and bonus.valid_days is None
}


def first_day(operator: Operator, day: date) -> date:
    """When a demo begins that is made for `day`: long enough before it for a card to have come into grace."""
    return day - timedelta(days=_days_played(operator))


def day_of(operator: Operator, first: date) -> date:
    """The day for which a demo was made that began on `first`."""
    return first + timedelta(days=_days_played(operator))


def plot(operator: Operator, day: date) -> tuple[Scene, ...]:
    """The scenes of the demo, in order; the first makes the parent known. None for an operator without demo people."""
    stage = Stage(operator, day)
    if stage.cast:
        _people_come(stage)
        _the_family_forms(stage)
        _methods_are_saved(stage)
        for card in CARDS:
            _card_is_issued(stage, card.user, card.holder, days_ago=card.issued)
            _card_is_used(stage, card)
        for bonus in BONUSES:
            _bonus_is_granted(stage, bonus)
        _payments_go_otherwise(stage)
        _cards_are_in_the_way(stage)
        _a_card_has_ended(stage)
    return stage.scenes()


def _days_played(operator: Operator) -> int:
    """Long enough for a card to have come into grace, and for another one to have been closed after it."""
    return max(_A_YEAR_AND_MORE_DAYS, 31 * (operator.card_active_months + operator.card_grace_months) + 60)


def _people_come(stage: Stage) -> None:
    for minute, person in enumerate(stage.cast.values()):
        birthday = stage.day - timedelta(days=person.days_since_birthday)
        command = RegisterCustomer(
            given_name=person.given_name,
            family_name=person.family_name,
            birth_date=add_months(birthday, -12 * person.age),
            phone_number=person.phone_number,
            locale=person.locale,
            email=person.email,
        )
        stage.add(person.part, command, days_ago=_days_played(stage.operator), after=timedelta(minutes=minute))


def _the_family_forms(stage: Stage) -> None:
    parent, partner = stage.id(Part.PARENT), stage.id(Part.PARTNER)
    days_ago = _days_played(stage.operator) - 1
    family = CreateFamily(name=stage.cast[Part.PARENT].family_name, owner_id=parent)
    family_id = stage.add("family", family, days_ago=days_ago, after=_NINE)
    members = (
        (Part.PARTNER, FamilyRole.MANAGER, ()),
        (Part.TEENAGER, FamilyRole.CHILD, (parent, partner)),
        (Part.CHILD, FamilyRole.CHILD, (parent, partner)),
    )
    for minute, (part, role, guardian_ids) in enumerate(members, start=1):
        member = AddFamilyMember(family_id=family_id, customer_id=stage.id(part), role=role, guardian_ids=guardian_ids)
        stage.add(f"family/{part}", member, days_ago=days_ago, after=timedelta(minutes=minute))


def _methods_are_saved(stage: Stage) -> None:
    others = (Part.PARTNER, Part.ALONE, Part.IN_GRACE, Part.BLOCKED, Part.UNREGISTERED)
    methods = [(Part.PARENT, method) for method in PARENTS_METHODS] + [(part, OTHERS_METHOD) for part in others]
    for minute, (owner, method) in enumerate(methods):
        command = SavePaymentMethod(
            customer_id=stage.id(owner),
            token=method.token,
            brand=method.brand,
            last_digits=method.last_digits,
            expires_on=stage.day + timedelta(days=method.valid_days),
            is_default=method.name == SUCCEEDS,
        )
        days_ago = _days_played(stage.operator) - 2
        stage.add(f"{owner}/method/{method.name}", command, days_ago=days_ago, after=timedelta(minutes=minute))


def _card_is_issued(stage: Stage, user: Part, holder: Part, *, days_ago: int, is_registered: bool = True) -> None:
    number = stage.cast[user].phone_number
    command = IssueCard(
        phone_number=number,
        iccid=f"89{number[1:]:0>17}",
        holder_id=stage.id(holder),
        user_id=stage.id(user),
        is_registered=is_registered,
    )
    stage.add(f"{user}/card", command, days_ago=days_ago)


def _a_card_has_ended(stage: Stage) -> None:
    """Never topped up, and so its grace is over when the calendar is looked at for the card in grace."""
    number = f"+{int(stage.cast[Part.PARENT].phone_number) + _NUMBER_OF_CLOSED_AFTER}"
    holder_id = stage.id(Part.ALONE)
    command = IssueCard(
        phone_number=number, iccid=f"89{number[1:]:0>17}", holder_id=holder_id, user_id=holder_id, is_registered=True
    )
    stage.add("closed/card", command, days_ago=_days_played(stage.operator) - 3)


def _card_is_used(stage: Stage, card: CardPlot) -> None:
    """Most of a top-up is spent half-way to the next one, and before the last top-up everything that was bought.

    So there are a few lots to draw on at each time, and one at the end, whatever was bought in between.
    """
    payers, amounts, percents = cycle(card.payers), cycle(card.amounts), cycle(_SPENT_PERCENT)
    money = _pocket_money(stage.operator) if card.user in _WELCOMED_WITH_MONEY else 0
    for days_ago, following in zip(card.top_ups, [*card.top_ups[1:], None], strict=True):
        amount = _amount(stage.operator, next(amounts))
        _top_up(stage, card.user, days_ago, by=next(payers), amount=amount, method=card.methods.get(days_ago, SUCCEEDS))
        money += amount.amount_minor
        if following is None:
            spent, when = _pocket_money(stage.operator) // 4, days_ago - 1
        else:
            percent = 100 if following == card.top_ups[-1] else next(percents)
            spent, when = money * percent // 100, (days_ago + following) // 2
        _use(stage, card.user, UsageType.MONEY, spent, days_ago=when)
        money -= spent


def _top_up(stage: Stage, card: Part, days_ago: int, *, by: Part, amount: Money, method: str = SUCCEEDS) -> None:
    name = _name_of_top_up(card, days_ago, method)
    command = TopUpCard(
        card_id=stage.id(f"{card}/card"),
        amount=amount,
        payment_method_id=stage.id(f"{by}/method/{method}"),
        idempotency_key=f"{stage.operator.slug}/{name}",
    )
    stage.add(name, command, days_ago=days_ago, actor=customer(stage.id(by)))


def _name_of_top_up(card: Part, days_ago: int, method: str) -> str:
    return f"{card}/top_up/{days_ago}/{method}"


def _use(stage: Stage, card: Part, usage_type: UsageType, quantity: int, *, days_ago: int) -> None:
    name = f"{card}/usage/{usage_type}/{days_ago}"
    command = RecordUsage(
        record_id=stage.outside_id(name, days_ago),
        card_id=stage.id(f"{card}/card"),
        usage_type=usage_type,
        quantity=quantity,
    )
    stage.add(name, command, days_ago=days_ago)


def _bonus_is_granted(stage: Stage, bonus: BonusPlot) -> None:
    valid_until = None if bonus.valid_days is None else stage.end_of_day(bonus.granted - bonus.valid_days)
    command = GrantBonus(
        customer_id=stage.id(_holder(bonus.card)),
        card_id=stage.id(f"{bonus.card}/card"),
        code=bonus.code,
        usage_type=bonus.usage_type,
        quantity=bonus.quantity or _pocket_money(stage.operator),
        valid_until=valid_until,
    )
    stage.add(f"{bonus.card}/bonus/{bonus.usage_type}/{bonus.granted}", command, days_ago=bonus.granted)
    if bonus.used:
        _use(stage, bonus.card, bonus.usage_type, bonus.used, days_ago=bonus.granted - 1)


def _payments_go_otherwise(stage: Stage) -> None:
    """Two were found out about later, one of them in vain; one was declined; one still waits for the customer."""
    least = _amount(stage.operator, 0)
    _top_up(stage, Part.PARENT, 140, by=Part.PARENT, amount=least, method=FAILS_LATE)
    _top_up(stage, Part.PARENT, 16, by=Part.PARENT, amount=_amount(stage.operator, 1), method=DECLINES)
    _top_up(stage, Part.TEENAGER, 1, by=Part.PARENT, amount=least, method=NEEDS_ACTION)
    for late in _name_of_top_up(Part.PARENT, 140, FAILS_LATE), _name_of_top_up(Part.TEENAGER, 85, SUCCEEDS_LATE):
        stage.add_soon(f"{late}/found_out", LeaseTopUp(top_up_id=stage.id(late)), earlier=late)


def _cards_are_in_the_way(stage: Stage) -> None:
    """One in grace since about a month, one lost, one whose holder has not been identified."""
    months = stage.operator.card_active_months
    topped_up = (stage.day - add_months(stage.day, -months)).days + 35
    _card_is_issued(stage, Part.IN_GRACE, Part.IN_GRACE, days_ago=topped_up + 5)
    _top_up(stage, Part.IN_GRACE, topped_up, by=Part.IN_GRACE, amount=_amount(stage.operator, 1))
    _use(stage, Part.IN_GRACE, UsageType.MONEY, _pocket_money(stage.operator), days_ago=topped_up - 40)
    stage.add("in_grace/period_ends", EndCardPeriods(), days_ago=30)
    stage.add("blocked/lost", BlockCard(card_id=stage.id("blocked/card"), reason=BlockReason.LOST), days_ago=6)
    _card_is_issued(stage, Part.UNREGISTERED, Part.UNREGISTERED, days_ago=3, is_registered=False)


def _holder(card: Part) -> Part:
    return next(plotted.holder for plotted in CARDS if plotted.user is card)


def _pocket_money(operator: Operator) -> int:
    return _offered(operator.top_up_offer)[0]


def _amount(operator: Operator, place: int) -> Money:
    amounts = _offered(operator.top_up_offer)
    return Money(amounts[min(place, len(amounts) - 1)], operator.currency)


def _offered(offer: TopUpOffer) -> tuple[int, ...]:
    if offer.range is None:
        return offer.fixed_minor
    reach = offer.range
    return offer.fixed_minor or tuple(range(reach.minimum_minor, reach.maximum_minor + 1, reach.step_minor))
