"""Operators as far as words are concerned."""

from __future__ import annotations

from domain.operators.operator import Operator, TopUpOffer

CURRENCIES = {"SE": "SEK", "LV": "EUR", "FI": "EUR"}
TIME_ZONES = {"SE": "Europe/Stockholm", "LV": "Europe/Riga", "FI": "Europe/Helsinki"}


def operator(name: str, country: str, *locales: str) -> Operator:
    """An operator in Sweden, Latvia or Finland."""
    return Operator(
        slug=name.lower(),
        name=name,
        country=country,
        currency=CURRENCIES[country],
        currency_digits=2,
        time_zone=TIME_ZONES[country],
        locales=locales,
        hosts=(),
        issuer="https://example.org",
        top_up_offer=TopUpOffer(),
        card_active_months=12,
        card_grace_months=3,
    )
