"""Where a code can be sent: phone numbers and e-mail addresses, as people type them and as they are kept."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from email_validator import EmailNotValidError, validate_email

from domain.customers.customer import ContactKind
from domain.identity.errors import InvalidEmailAddress
from domain.identity.phone_numbers import e164
from domain.notifications.messages import Channel

_CHANNELS: Final = {ContactKind.PHONE: Channel.SMS, ContactKind.EMAIL: Channel.EMAIL}
_LONGEST_EMAIL: Final = 254
"""In characters (RFC 5321, section 4.5.3.1.3)."""


@dataclass(frozen=True, slots=True)
class Contact:
    """A phone number in E.164 or an e-mail address in its one form, which may be nobody's."""

    kind: ContactKind
    value: str = field(repr=False)

    @property
    def channel(self) -> Channel:
        """The way a message goes there."""
        return _CHANNELS[self.kind]

    @classmethod
    def phone(cls, text: str) -> Contact:
        """A phone number in international form. Raises `InvalidPhoneNumber`."""
        return cls(ContactKind.PHONE, e164(text))

    @classmethod
    def email(cls, text: str) -> Contact:
        """An e-mail address. Raises `InvalidEmailAddress`."""
        return cls(ContactKind.EMAIL, email_address(text))

    @classmethod
    def typed(cls, text: str) -> Contact:
        """What somebody typed where either is taken. Raises `InvalidPhoneNumber` and `InvalidEmailAddress`."""
        return cls.email(text) if "@" in text else cls.phone(text)


def email_address(text: str) -> str:
    """The address in lower case, its domain in ASCII (IDNA 2008), as in `karin@xn--smrgs-pra0j.example`.

    No mail server that matters tells upper from lower case before the `@`, and the code goes to the form that is kept,
    so whoever reads there is who is signed in. Nothing before the `@` is dropped: to one server `karin+a` is `karin`,
    to another somebody else. Raises `InvalidEmailAddress`, also for addresses that only SMTPUTF8 could reach.
    """
    typed = text.strip()
    if len(typed) > _LONGEST_EMAIL:
        raise InvalidEmailAddress
    try:
        found = validate_email(typed, check_deliverability=False, allow_smtputf8=False)
    except EmailNotValidError:
        raise InvalidEmailAddress from None
    return f"{found.local_part}@{found.ascii_domain}".lower()
