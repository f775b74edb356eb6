"""How signing in is refused. None of these says whether anybody is known."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from domain.kernel.errors import Rejection


@dataclass(eq=False)
class InvalidPhoneNumber(Rejection):
    """It is not a phone number in international form, such as +46701740605."""

    code = "INVALID_PHONE_NUMBER"


@dataclass(eq=False)
class InvalidEmailAddress(Rejection):
    """It is not an e-mail address, or none that every mail server takes."""

    code = "INVALID_EMAIL_ADDRESS"


@dataclass(eq=False)
class TooManySignInCodes(Rejection):
    """So many codes were asked for, with this number or address or from there, that the next has to wait."""

    code = "TOO_MANY_SIGN_IN_CODES"
    retry_after_seconds: int


@dataclass(eq=False)
class SignInCodesPaused(Rejection):
    """No more codes are sent this way for now, to anybody: so many have been that something is wrong."""

    code = "SIGN_IN_CODES_PAUSED"
    retry_after_seconds: int


@dataclass(eq=False)
class TextMessagesPaused(Rejection):
    """Codes in text messages have cost today what they may. By e-mail they still go."""

    code = "TEXT_MESSAGES_PAUSED"
    retry_after_seconds: int
    day: date
    """At the operator's place."""


@dataclass(eq=False)
class PhoneNumberNotServed(Rejection):
    """No text messages are sent to numbers of this country or kind."""

    code = "PHONE_NUMBER_NOT_SERVED"


@dataclass(eq=False)
class SignInRefused(Rejection):
    """The code is wrong, used, expired or out of tries, or there is no such challenge: always the same answer."""

    code = "SIGN_IN_REFUSED"


@dataclass(eq=False)
class RefreshRefused(Rejection):
    """The refresh token is unknown, expired or another client's, or its session has ended."""

    code = "REFRESH_REFUSED"


@dataclass(eq=False)
class RefreshTokenReplayed(Rejection):
    """The refresh token was replaced before. Someone has a copy of it, so its session must end."""

    code = "REFRESH_TOKEN_REPLAYED"


@dataclass(eq=False)
class AuthorizationRefused(Rejection):
    """The authorization code is unknown, expired, another client's, or not for this redirection and verifier."""

    code = "AUTHORIZATION_REFUSED"


@dataclass(eq=False)
class AuthorizationCodeReplayed(Rejection):
    """The authorization code was redeemed before. Someone has a copy of it, so the session that it made must end."""

    code = "AUTHORIZATION_CODE_REPLAYED"


@dataclass(eq=False)
class IdentityNotLinked(Rejection):
    """The electronic identity is linked to no customer yet: the person shows which customer they are by their phone."""

    code = "IDENTITY_NOT_LINKED"


@dataclass(eq=False)
class IdentityNotLinkable(Rejection):
    """The identity or the customer is linked otherwise, or they are different people: always the same answer."""

    code = "IDENTITY_NOT_LINKABLE"


@dataclass(eq=False)
class SessionNotFound(Rejection):
    """There is no such session of one's own."""

    code = "SESSION_NOT_FOUND"
