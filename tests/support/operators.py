"""The two operators that tests know."""

from __future__ import annotations

from domain.operators.operator import Operator, TopUpOffer, TopUpRange

NORRSKEN = Operator(
    slug="norrsken",
    name="Norrsken",
    country="SE",
    currency="SEK",
    currency_digits=2,
    time_zone="Europe/Stockholm",
    locales=("sv-SE", "en"),
    hosts=("norrsken.localhost",),
    issuer="http://norrsken.localhost",
    top_up_offer=TopUpOffer(fixed_minor=(5000, 10000, 20000, 30000, 50000, 100000)),
    card_active_months=12,
    card_grace_months=3,
)

BALTIKA = Operator(
    slug="baltika",
    name="Baltika",
    country="LV",
    currency="EUR",
    currency_digits=2,
    time_zone="Europe/Riga",
    locales=("lv-LV", "ru-LV", "en"),
    hosts=("baltika.localhost",),
    issuer="http://baltika.localhost",
    top_up_offer=TopUpOffer(
        fixed_minor=(300, 500, 1000, 2000), range=TopUpRange(minimum_minor=300, maximum_minor=10000, step_minor=100)
    ),
    card_active_months=12,
    card_grace_months=3,
)
