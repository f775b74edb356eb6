"""The section about codes: to whom they go, how often, and what they may cost. `docs/LIMITS.md` explains each."""

from __future__ import annotations

from typing import Annotated, Final

from pydantic import Field, NonNegativeInt, PositiveInt

from domain.identity.rules import DAY_SECONDS, HOUR_SECONDS, CodeRules, Limit
from kontant.settings.values import Country, Section

_DEFAULT: Final = CodeRules()


class SignInSection(Section):
    """`[operators.….sign_in]`. A limit of 0 is none."""

    countries: Annotated[tuple[Country, ...], Field(max_length=250)] = ()
    first_wait_seconds: PositiveInt = _DEFAULT.first_wait_seconds
    longest_wait_seconds: PositiveInt = _DEFAULT.longest_wait_seconds
    codes_per_contact_and_network_per_day: NonNegativeInt = _DEFAULT.contact_network.quota
    codes_per_address_per_hour: NonNegativeInt = _DEFAULT.address.quota
    codes_per_network_per_hour: NonNegativeInt = _DEFAULT.network.quota
    codes_per_prefix_per_hour: NonNegativeInt = _DEFAULT.prefix.quota
    codes_per_client_per_hour: NonNegativeInt = _DEFAULT.client.quota
    codes_per_day: NonNegativeInt = _DEFAULT.everybody.quota
    tries_per_contact_per_day: PositiveInt = _DEFAULT.tries_a_day
    tries_per_address_per_hour: NonNegativeInt = _DEFAULT.address_tries.quota
    tries_per_network_per_hour: NonNegativeInt = _DEFAULT.network_tries.quota
    sms_price_minor: NonNegativeInt = _DEFAULT.sms_price_minor
    sms_prices_minor: dict[Country, NonNegativeInt] = Field(default_factory=dict[str, int])
    sms_ceiling_minor: NonNegativeInt = _DEFAULT.sms_ceiling_minor

    def to_rules(self) -> CodeRules:
        return CodeRules(
            first_wait_seconds=self.first_wait_seconds,
            longest_wait_seconds=self.longest_wait_seconds,
            contact_network=Limit(self.codes_per_contact_and_network_per_day, DAY_SECONDS),
            address=Limit(self.codes_per_address_per_hour, HOUR_SECONDS),
            network=Limit(self.codes_per_network_per_hour, HOUR_SECONDS),
            prefix=Limit(self.codes_per_prefix_per_hour, HOUR_SECONDS),
            client=Limit(self.codes_per_client_per_hour, HOUR_SECONDS),
            everybody=Limit(self.codes_per_day, DAY_SECONDS),
            tries_a_day=self.tries_per_contact_per_day,
            address_tries=Limit(self.tries_per_address_per_hour, HOUR_SECONDS),
            network_tries=Limit(self.tries_per_network_per_hour, HOUR_SECONDS),
            countries=frozenset(self.countries),
            sms_price_minor=self.sms_price_minor,
            sms_prices_minor=self.sms_prices_minor,
            sms_ceiling_minor=self.sms_ceiling_minor,
        )
