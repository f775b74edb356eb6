"""What an app asks of a person's browser: an authorization request, checked to the letter (RFC 6749, 7636, OIDC Core).

Authlib's own check lets a missing challenge and `plain` through, and repeats in its errors what was sent.
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import urlencode

from auth.assurance import ACR_OF_CUSTOMERS, acr_of
from auth.clients import AUTHORIZATION_CODE, Client, ClientKind, Clients
from auth.providers import ProviderKind
from domain.identity.authorization import AuthorizationTerms
from domain.identity.session import AuthenticationMethod

SCOPES: Final = ("openid",)
ELECTRONIC_ID: Final = acr_of(AuthenticationMethod.ELECTRONIC_ID)
PROMPTS: Final = frozenset({"none", "login", "consent", "select_account"})
LONGEST_PARAMETER: Final = 1024
"""In characters. What an app wants to remember beyond that it keeps itself, and sends the key as `state`."""

_CHALLENGE: Final = re.compile(r"[A-Za-z0-9_-]{43}", re.ASCII)
_VERIFIER: Final = re.compile(r"[A-Za-z0-9._~-]{43,128}", re.ASCII)
_VISIBLE: Final = re.compile(r"[\x20-\x7e]*", re.ASCII)
_KEPT: Final = (
    "response_type", "client_id", "redirect_uri", "scope", "state", "nonce", "code_challenge", "code_challenge_method",
    "prompt", "max_age", "acr_values", "ui_locales",
)  # fmt: skip


class CannotRedirect(Exception):
    """It is not certain who asks or where they are to be answered, so the person is told, and nobody else."""


@dataclass(eq=False)
class AuthorizationDenied(Exception):
    """An answer to the app: an error by RFC 6749, section 4.1.2.1."""

    error: str
    description: str


@dataclass(frozen=True, slots=True)
class AuthorizationRequest:
    """A good request, as far as the page needs it."""

    client: Client
    terms: AuthorizationTerms
    state: str | None
    ui_locales: tuple[str, ...]
    login_hint: str | None = field(repr=False)
    provider: ProviderKind | None
    """Which identity provider the person is sent to at once; None where our own page asks who it is."""
    is_asked_anew: bool
    """Whether a provider must ask the person again, whom it may know from before."""
    max_age_seconds: int | None
    """How long ago the person may have proved it to a provider; None when the app does not mind."""
    query: str = field(repr=False)
    """The request again, as a query string: the page's form sends it along, and it is checked anew each time."""


@dataclass(frozen=True, slots=True)
class Recipient:
    """Who is answered, and where: as much of a request as has to be right before the app can be told of anything."""

    client: Client
    redirect_uri: str
    state: str | None = field(repr=False)


Parameters = Sequence[tuple[str, str]]


def read_recipient(parameters: Parameters, clients: Clients) -> Recipient:
    """Raises `CannotRedirect`."""
    client = clients.find(_single(parameters, "client_id"))
    redirect_uri = _single(parameters, "redirect_uri")
    if client is None or redirect_uri is None or not client.check_redirect_uri(redirect_uri):
        raise CannotRedirect
    state = _single(parameters, "state")
    is_state_good = state is not None and len(state) <= LONGEST_PARAMETER and _VISIBLE.fullmatch(state)
    return Recipient(client, redirect_uri, state if is_state_good else None)


def read_request(
    parameters: Parameters, recipient: Recipient, *, providers: Collection[ProviderKind] = ()
) -> AuthorizationRequest:
    """The whole request, where people can be sent to these identity providers. Raises `AuthorizationDenied`."""
    given = _once_each(parameters)
    if not recipient.client.check_grant_type(AUTHORIZATION_CODE):
        raise AuthorizationDenied("unauthorized_client", "This client may not use authorization codes.")
    _refuse_what_is_not_there(given)
    if given.get("code_challenge_method") != "S256" or not _CHALLENGE.fullmatch(given.get("code_challenge", "")):
        raise _malformed("PKCE is required: code_challenge_method=S256 and a code_challenge of 43 characters.")
    _check_prompt(given)
    provider = _provider(recipient.client, given.get("acr_values", "").split(), providers)
    terms = AuthorizationTerms(
        client_id=recipient.client.id,
        redirect_uri=recipient.redirect_uri,
        code_challenge=given["code_challenge"],
        scope=_scope(given.get("scope")),
        nonce=given.get("nonce"),
    )
    return AuthorizationRequest(
        client=recipient.client,
        terms=terms,
        state=recipient.state,
        ui_locales=tuple(given.get("ui_locales", "").split()),
        login_hint=given.get("login_hint"),
        provider=provider,
        # What an electronic identity proves is good for what cannot be taken back: it is proved each time.
        is_asked_anew=provider is ProviderKind.ELECTRONIC_ID or "login" in given.get("prompt", "").split(),
        max_age_seconds=int(given["max_age"]) if "max_age" in given else None,
        query=urlencode({name: given[name] for name in _KEPT if name in given}),
    )


def challenge_of(verifier: str) -> str | None:
    """What PKCE's S256 makes of a verifier; None for what is none."""
    if not _VERIFIER.fullmatch(verifier):
        return None
    return base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()


def _single(parameters: Parameters, name: str) -> str | None:
    values = [value for given, value in parameters if given == name]
    return values[0] or None if len(values) == 1 else None


def _once_each(parameters: Parameters) -> dict[str, str]:
    """One that is empty counts as left out, and none may come twice (RFC 6749, section 3.1)."""
    names = [name for name, _ in parameters]
    if len(set(names)) < len(names):
        raise _malformed("A parameter comes more than once.")
    given = {name: value for name, value in parameters if value}
    for name, value in given.items():
        if len(value) > LONGEST_PARAMETER or not _VISIBLE.fullmatch(value):
            # Its name is repeated only if it is one of ours.
            what = f"The parameter {name}" if name in _KEPT else "A parameter"
            raise _malformed(f"{what} is longer than {LONGEST_PARAMETER} characters, or has others than visible ASCII.")
    return given


def _refuse_what_is_not_there(given: dict[str, str]) -> None:
    if "request" in given:
        raise AuthorizationDenied("request_not_supported", "Requests as an object are not supported.")
    if "request_uri" in given:
        raise AuthorizationDenied("request_uri_not_supported", "Requests by reference are not supported.")
    if "response_type" not in given:
        raise _malformed("The parameter response_type is missing.")
    if given["response_type"] != "code":
        raise AuthorizationDenied("unsupported_response_type", "The only response type is code.")
    if given.get("response_mode", "query") != "query":
        raise _malformed("The only response mode is query.")


def _check_prompt(given: dict[str, str]) -> None:
    """Nobody stays signed in at this page, so everybody is asked each time, whatever `prompt` and `max_age` say."""
    prompts = set(given.get("prompt", "").split())
    if prompts - PROMPTS or ("none" in prompts and len(prompts) > 1):
        raise _malformed("The prompts are login, consent and select_account, or none by itself.")
    if not re.fullmatch(r"\d{1,9}", given.get("max_age", "0"), re.ASCII):
        raise _malformed("The parameter max_age is a number of seconds.")
    if "none" in prompts:
        raise AuthorizationDenied("login_required", "Nobody stays signed in here, so the person has to be asked.")


def _provider(client: Client, acr_values: Sequence[str], there: Collection[ProviderKind]) -> ProviderKind | None:
    """Staff are always sent to their employer's; customers to an electronic identity, where nothing less will do."""
    if client.kind is ClientKind.STAFF:
        if ProviderKind.STAFF not in there:
            raise AuthorizationDenied("temporarily_unavailable", "There is no identity provider that staff sign in by.")
        return ProviderKind.STAFF
    if {acr for acr in acr_values if acr in ACR_OF_CUSTOMERS} != {ELECTRONIC_ID}:
        return None
    if ProviderKind.ELECTRONIC_ID not in there:
        raise AuthorizationDenied("unmet_authentication_requirements", "There is no electronic identity to sign in by.")
    return ProviderKind.ELECTRONIC_ID


def _scope(asked: str | None) -> str:
    """The scopes that there are, of those that are asked for. Others are passed over, as OpenID Connect has it."""
    wanted = (asked or "").split()
    granted = [scope for scope in SCOPES if scope in wanted]
    if wanted and not granted:
        raise AuthorizationDenied("invalid_scope", f"The scopes are: {' '.join(SCOPES)}.")
    return " ".join(granted)


def _malformed(description: str) -> AuthorizationDenied:
    return AuthorizationDenied("invalid_request", description)
