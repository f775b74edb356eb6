"""The sections of the settings file: an operator, and what a deployment decides."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal, Self

from babel.numbers import get_currency_precision
from pydantic import Field, NonNegativeInt, PositiveInt, model_validator

from domain.operators.operator import Operator, TopUpOffer, TopUpRange
from kontant.settings.clients import APP_ALONE, CLIENT_ID, ClientSection
from kontant.settings.consents import NOTHING_ASKED, Consents
from kontant.settings.identity_providers import ElectronicIdSection, StaffSignInSection
from kontant.settings.sign_in import SignInSection
from kontant.settings.values import Amounts, Country, Currency, Host, LocaleTag, Origins, PublicUrl, Section, TimeZone


class RangeSection(Section):
    """`top_up.range`"""

    minimum_minor: PositiveInt
    maximum_minor: PositiveInt
    step_minor: PositiveInt

    @model_validator(mode="after")
    def _must_reach(self) -> Self:
        if self.maximum_minor < self.minimum_minor:
            raise ValueError("maximum_minor is less than minimum_minor")
        if (self.maximum_minor - self.minimum_minor) % self.step_minor:
            raise ValueError("no number of steps leads from minimum_minor to maximum_minor")
        return self


class TopUpSection(Section):
    """`[operators.….top_up]`"""

    fixed_minor: Amounts = ()
    range: RangeSection | None = None

    @model_validator(mode="after")
    def _must_offer(self) -> Self:
        if not self.fixed_minor and not self.range:
            raise ValueError("nothing is on offer: give fixed_minor, range, or both")
        return self

    def to_offer(self) -> TopUpOffer:
        reach = TopUpRange(**self.range.model_dump()) if self.range else None
        return TopUpOffer(fixed_minor=self.fixed_minor, range=reach)


class OperatorSection(Section):
    """`[operators.…]`"""

    name: Annotated[str, Field(min_length=1)]
    country: Country
    currency: Currency
    time_zone: TimeZone
    locales: Annotated[tuple[LocaleTag, ...], Field(min_length=1)]
    hosts: Annotated[tuple[Host, ...], Field(min_length=1)]
    public_url: PublicUrl | None = None
    web_origins: Origins = ()
    top_up: TopUpSection
    card_active_months: PositiveInt = 12
    card_grace_months: PositiveInt = 3
    electronic_id: ElectronicIdSection | None = None
    staff_sign_in: StaffSignInSection | None = None
    sign_in: SignInSection = SignInSection()
    card_registration_required: bool = True
    clients: Annotated[dict[Annotated[str, Field(pattern=CLIENT_ID)], ClientSection], Field(min_length=1)] = APP_ALONE
    adjustment_approval_minor: NonNegativeInt = 20_000
    consents: Consents = NOTHING_ASKED
    consent_age: Annotated[int, Field(ge=0, le=18)] = 13

    @model_validator(mode="after")
    def _must_ask_in_every_language(self) -> Self:
        problems = [f"{code}.{each}" for code, one in self.consents.items() for each in one.problems(self.locales)]
        if problems:
            raise ValueError(f"consents.{problems[0]}")
        return self

    def to_operator(self, slug: str, issuer: str) -> Operator:
        return Operator(
            slug=slug,
            name=self.name,
            country=self.country,
            currency=self.currency,
            currency_digits=get_currency_precision(self.currency),
            time_zone=self.time_zone,
            locales=self.locales,
            hosts=self.hosts,
            issuer=issuer,
            top_up_offer=self.top_up.to_offer(),
            card_active_months=self.card_active_months,
            card_grace_months=self.card_grace_months,
            card_registration_required=self.card_registration_required,
            adjustment_approval_minor=self.adjustment_approval_minor,
            consent_purposes=tuple(section.to_purpose(code) for code, section in self.consents.items()),
            consent_age=self.consent_age,
        )


class PaymentSection(Section):
    """`[payment]`"""

    provider: Literal["sandbox"] | None = None
    """In development the sandbox, also when nothing is said."""
    wait_seconds: Annotated[float, Field(gt=0, le=60)] = 8


class MessagesSection(Section):
    """`[messages]`"""

    carrier: Literal["outbox"] | None = None
    """In development the outbox, also when nothing is said."""


class WorkerSection(Section):
    """`[worker]`"""

    concurrency: Annotated[int, Field(ge=1, le=1000)] = 10
    poll_seconds: Annotated[float, Field(gt=0, le=60)] = 2


class AuditSection(Section):
    """`[audit]`"""

    heads_folder: Path | None = None
    head_seconds: Annotated[float, Field(gt=0, le=3600)] = 60
