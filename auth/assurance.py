"""How somebody proved who they are, in the words of OpenID Connect (`acr`) and RFC 8176 (`amr`)."""

from __future__ import annotations

from typing import Final

from domain.identity.session import AuthenticationMethod
from domain.kernel.access import Assurance

_ACR: Final = {
    AuthenticationMethod.SMS_CODE: "urn:kontant:acr:sign-in-code",
    AuthenticationMethod.EMAIL_CODE: "urn:kontant:acr:sign-in-code",
    AuthenticationMethod.ELECTRONIC_ID: "urn:kontant:acr:electronic-id",
    AuthenticationMethod.SINGLE_SIGN_ON: "urn:kontant:acr:single-sign-on",
}
_AMR: Final = {AuthenticationMethod.SMS_CODE: ("otp", "sms"), AuthenticationMethod.EMAIL_CODE: ("otp",)}
"""Nothing is claimed of what another provider did."""
_ASSURANCE: Final = {acr: method.assurance for method, acr in _ACR.items()}

ACR_OF_CUSTOMERS: Final = (_ACR[AuthenticationMethod.SMS_CODE], _ACR[AuthenticationMethod.ELECTRONIC_ID])
"""What an app can ask for, the surer last."""


def acr_of(method: AuthenticationMethod) -> str:
    """The `acr` of a way to sign in."""
    return _ACR[method]


def amr_of(method: AuthenticationMethod) -> tuple[str, ...]:
    """The `amr` of a way to sign in; empty when that is not ours to say."""
    return _AMR.get(method, ())


def assurance_of(acr: str) -> Assurance:
    """How sure an `acr` of ours is. Raises `KeyError` for any other."""
    return _ASSURANCE[acr]


def acr_values_for(assurance: Assurance) -> tuple[str, ...]:
    """What an app asks for (`acr_values`) to be as sure as that."""
    return tuple(acr for acr in ACR_OF_CUSTOMERS if _ASSURANCE[acr] >= assurance)
