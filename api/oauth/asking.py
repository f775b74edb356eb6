"""The forms: what the page asks a person, and whether it was our own page that asked."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qsl, urlencode

from starlette.responses import Response

from api.oauth.html import page
from api.oauth.visit import DEVICE_COOKIE, DEVICE_SECONDS, FORM_COOKIE, Visit
from auth.authorization import ELECTRONIC_ID, AuthorizationRequest, Parameters, Recipient, read_request
from auth.providers import ProviderKind


def read(visit: Visit, parameters: Parameters, recipient: Recipient) -> AuthorizationRequest:
    """The request, as this operator can answer it. Raises `AuthorizationDenied`."""
    return read_request(parameters, recipient, providers=visit.parts.identity.providers)


def ask_for_contact(
    visit: Visit, asked: AuthorizationRequest, *, contact: str = "", error: str = "", status: int = 200
) -> Response:
    """For a phone number or an e-mail address; for a phone number where an electronic identity is to be linked.

    Where there is one, the page also shows the way to it.
    """
    is_linking = asked.provider is not None
    there = None if is_linking else visit.parts.identity.providers.get(ProviderKind.ELECTRONIC_ID)
    return _form(
        visit,
        asked,
        "contact.html",
        status,
        contact=contact,
        error=error,
        is_linking=is_linking,
        electronic_id=there and there.provider.name,
        # A link, not a button: browsers hold the redirections that follow a form against the policy.
        to_electronic_id=_asking_for(asked, ELECTRONIC_ID),
    )


def ask_for_code(
    visit: Visit,
    asked: AuthorizationRequest,
    *,
    challenge_id: str,
    contact: str,
    error: str = "",
    status: int = 200,
) -> Response:
    """For the code that was sent."""
    return _form(visit, asked, "code.html", status, challenge_id=challenge_id, contact=contact, error=error)


def is_our_own(visit: Visit, asked: AuthorizationRequest, form: dict[str, str]) -> bool:
    """Whether our own page sent the form: the browser says so, and the proof that was in it fits the cookie.

    A browser names the origin of every form that is sent with POST; what names none is no browser, and needs the proof.
    """
    headers, identity = visit.http.headers, visit.parts.identity
    if headers.get("origin", identity.operator.issuer) != identity.operator.issuer:
        return False
    if headers.get("sec-fetch-site", "same-origin") != "same-origin":
        return False
    return identity.forms.is_good(form.get("proof", ""), visit.cookie(FORM_COOKIE), asked.query)


def _form(visit: Visit, asked: AuthorizationRequest, template: str, status: int, **values: Any) -> Response:
    """A page with a form, and the cookie without which the form is worth nothing."""
    forms, known = visit.parts.identity.forms, visit.cookie(FORM_COOKIE)
    browser = known if known is not None and forms.is_browser(known) else forms.new_browser()
    response = page(
        template,
        visit.say,
        locale=visit.locale,
        status=status,
        redirects_to=asked.terms.redirect_uri,
        operator=visit.parts.identity.operator.name,
        client=asked.client.name,
        action=f"/oauth/sign-in?{asked.query}",
        proof=forms.proof(browser, asked.query),
        **values,
    )
    visit.keep(response, FORM_COOKIE, browser)
    device = visit.cookie(DEVICE_COOKIE)
    known_again = device if device is not None and forms.is_browser(device) else forms.new_browser()
    visit.keep(response, DEVICE_COOKIE, known_again, max_age_seconds=DEVICE_SECONDS)
    return response


def _asking_for(asked: AuthorizationRequest, acr: str) -> str:
    """The address where the same request is made with this `acr_values`."""
    rest = [(name, value) for name, value in parse_qsl(asked.query) if name != "acr_values"]
    return f"/oauth/authorize?{urlencode([*rest, ('acr_values', acr)])}"
