"""The two operators that tests know."""

from __future__ import annotations

from domain.operators.operator import ConsentPurpose, Operator, TopUpOffer, TopUpRange


def _asked(*locales: str) -> tuple[ConsentPurpose, ...]:
    """Two purposes: offers, and questions. The second has been reworded once."""
    return tuple(
        ConsentPurpose(
            code=code,
            text_version=version,
            titles={locale: f"{code} in {locale}" for locale in locales},
            texts={locale: f"We ask about {code} in {locale}." for locale in locales},
        )
        for version, code in enumerate(("MARKETING_SMS", "SURVEYS"), start=1)
    )


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
    consent_purposes=_asked("sv-SE", "en"),
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
    consent_purposes=_asked("lv-LV", "ru-LV", "en"),
)
