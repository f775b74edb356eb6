"""The operator: what is public."""

from __future__ import annotations

from api.schema.fields import shown, shown_field
from api.schema.money import Money, money
from api.schema.scalars import CountryCode, CurrencyCode, Locale
from domain.kernel.access import Access
from domain.operators import operator as domain


@shown(Access.PUBLIC)
class TopUpRange:
    """Any amount from the minimum to the maximum, in steps."""

    minimum: Money = shown_field("The smallest amount.")
    maximum: Money = shown_field("The greatest amount.")
    step: Money = shown_field("From one amount to the next.")


@shown(Access.PUBLIC)
class Operator:
    """The brand that a person is a customer of."""

    name: str = shown_field("The brand's name.")
    country: CountryCode = shown_field("Where it is.")
    currency: CurrencyCode = shown_field("What it sells in.")
    time_zone: str = shown_field("The IANA name of the zone in which its days begin and end, such as Europe/Stockholm.")
    locales: list[Locale] = shown_field("The languages that it speaks, its first one first.")
    top_up_amounts: list[Money] = shown_field("The fixed amounts that a card can be topped up with.")
    top_up_range: TopUpRange | None = shown_field("Further amounts; null when only the fixed ones are offered.")
    card_active_months: int = shown_field("How many months a top-up keeps a card active.")
    card_grace_months: int = shown_field("How many months after that a card can be called and brought back.")
    card_registration_required: bool = shown_field("Whether a card's holder must be identified before it can be used.")


def operator_of(operator: domain.Operator) -> Operator:
    """An operator as everybody may see it."""
    offer = operator.top_up_offer
    return Operator(
        name=operator.name,
        country=CountryCode(operator.country),
        currency=CurrencyCode(operator.currency),
        time_zone=operator.time_zone,
        locales=[Locale(locale) for locale in operator.locales],
        top_up_amounts=[money(minor, operator) for minor in offer.fixed_minor],
        top_up_range=TopUpRange(
            minimum=money(offer.range.minimum_minor, operator),
            maximum=money(offer.range.maximum_minor, operator),
            step=money(offer.range.step_minor, operator),
        )
        if offer.range
        else None,
        card_active_months=operator.card_active_months,
        card_grace_months=operator.card_grace_months,
        card_registration_required=operator.card_registration_required,
    )
