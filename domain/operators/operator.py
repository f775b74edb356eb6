"""An operator: the brand whose customers these are, and what it has decided."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class TopUpRange:
    """Any amount from the minimum to the maximum, in steps."""

    minimum_minor: int
    maximum_minor: int
    step_minor: int

    def holds(self, amount_minor: int) -> bool:
        """Whether the amount is one of them."""
        in_reach = self.minimum_minor <= amount_minor <= self.maximum_minor
        return in_reach and (amount_minor - self.minimum_minor) % self.step_minor == 0


@dataclass(frozen=True, slots=True, kw_only=True)
class TopUpOffer:
    """The amounts that can be bought: a list, a range, or both. In minor units of the operator's currency."""

    fixed_minor: tuple[int, ...] = ()
    range: TopUpRange | None = None

    @property
    def minimum_minor(self) -> int:
        """The least that can be bought."""
        return min(self._ends)

    @property
    def maximum_minor(self) -> int:
        """The most that can be bought at once."""
        return max(self._ends)

    @property
    def _ends(self) -> tuple[int, ...]:
        reach = (self.range.minimum_minor, self.range.maximum_minor) if self.range else ()
        return (*self.fixed_minor, *reach)

    def offers(self, amount_minor: int) -> bool:
        """Whether the amount can be bought."""
        return amount_minor in self.fixed_minor or (self.range is not None and self.range.holds(amount_minor))


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsentPurpose:
    """Something that people are asked their consent to, in words of the operator's."""

    code: str
    """As in `MARKETING_SMS`: for ever the same."""
    text_version: int
    """It rises when the text means something else. Who agreed to an earlier one is asked again."""
    titles: Mapping[str, str]
    """By locale (BCP 47), all of the operator's."""
    texts: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Operator:
    """One brand in one country, with one currency. Its settings do not change while the program runs."""

    slug: str
    """Its short name, as in `norrsken`: lower-case letters, digits and underscores."""
    name: str
    country: str
    """ISO 3166-1 alpha-2, as in `SE`."""
    currency: str
    """ISO 4217, as in `SEK`."""
    currency_digits: int
    """How many decimals the currency has: 2 means that 100 minor units are one."""
    time_zone: str
    """IANA, as in `Europe/Stockholm`: where its days begin and end."""
    locales: tuple[str, ...]
    """BCP 47, as in `sv-SE`; the first is what people get who have not chosen."""
    hosts: tuple[str, ...]
    """The host names by which it is addressed, in lower case, without ports."""
    issuer: str
    """Its public address without a slash at the end; also who its tokens say has issued them."""
    top_up_offer: TopUpOffer
    card_active_months: int
    """How long a top-up keeps a card active."""
    card_grace_months: int
    """How long after that a card can be brought back by a top-up."""
    card_registration_required: bool = True
    """Whether a card's holder must be identified before it can be used, as the law of some countries wants."""
    adjustment_approval_minor: int = 20_000
    """How much staff may adjust for one customer in a day without a second person's yes, in minor units."""
    consent_purposes: tuple[ConsentPurpose, ...] = ()
    consent_age: int = 13
    """From which age, in years, somebody decides about consents for themselves. Before, their guardians do."""

    def consent_purpose(self, code: str) -> ConsentPurpose | None:
        """The purpose with this code, if people are asked about it."""
        return next((purpose for purpose in self.consent_purposes if purpose.code == code), None)
