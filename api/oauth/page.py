"""The pages that a person sees: signing in to an app through the browser, and signing out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlencode, urlsplit
from uuid import UUID

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from api.oauth.forms import NoForm, Pairs, form_of, form_pairs, query_pairs
from api.oauth.html import page
from api.oauth.parts import OAuthParts, PartsOf
from api.rates import address_of
from auth.authorization import (
    AuthorizationDenied,
    AuthorizationRequest,
    CannotRedirect,
    Recipient,
    read_recipient,
    read_request,
)
from auth.refresh import new_refresh_token
from domain.identity.contacts import Contact
from domain.identity.errors import SignInRefused
from domain.identity.processes import SignInProcess
from domain.identity.senders import Sender
from domain.kernel.errors import Busy, Rejection, Unavailable
from gateways.words.negotiation import negotiate

COOKIE_SECONDS: Final = 600
LONGEST_CONTACT: Final = 254
"""In characters; no number or address that people type is longer."""


@dataclass(frozen=True, slots=True)
class _Visit:
    """One request of one browser's."""

    http: Request
    parts: OAuthParts
    locale: str

    def say(self, key: str, data: dict[str, Any] | None = None) -> str:
        return self.parts.words.say(self.locale, key, data)


class SignInPage:
    """The handlers. Nothing is kept here between the steps: the form carries the request, and it is checked anew."""

    def __init__(self, parts_of: PartsOf) -> None:
        self._parts_of = parts_of

    async def authorize(self, http: Request) -> Response:
        """Where an app sends its person. Answers with the first form, or with an error to the app."""
        visit = self._visit(http)
        try:
            pairs = await form_pairs(http) if http.method == "POST" else query_pairs(http)
            recipient = read_recipient(pairs, visit.parts.identity.clients)
        except (NoForm, CannotRedirect):
            return _told(visit, "page.bad_request", status=400)
        try:
            asked = read_request(pairs, recipient)
        except AuthorizationDenied as denied:
            return _denied(visit, recipient, denied)
        visit = self._visit(http, asked)
        return self._ask_for_contact(visit, asked, contact=(asked.login_hint or "")[:LONGEST_CONTACT])

    async def sign_in(self, http: Request) -> Response:
        """Where the forms are sent: a phone number or an e-mail address first, then the code.

        The request comes along in the query.
        """
        visit = self._visit(http)
        try:
            pairs, form = query_pairs(http), await form_of(http)
            recipient = read_recipient(pairs, visit.parts.identity.clients)
            asked = read_request(pairs, recipient)
        except (NoForm, CannotRedirect, AuthorizationDenied):
            return _told(visit, "page.bad_request", status=400)
        visit = self._visit(http, asked)
        if not _is_our_own(visit, asked, form):
            return self._ask_for_contact(visit, asked, error=visit.say("page.expired"), status=403)
        if form.get("step") == "cancel":
            return _denied(visit, recipient, AuthorizationDenied("access_denied", "The person did not sign in."))
        try:
            if "challenge_id" in form and form.get("step") == "code":
                return await self._take_code(visit, asked, form)
            return await self._send_code(visit, asked, form)
        except (Busy, Unavailable):
            return _told(visit, "page.unavailable", status=503)

    async def log_out(self, http: Request) -> Response:
        """RP-initiated log-out (OpenID Connect): ends the session that the app's ID token is about."""
        visit = self._visit(http)
        try:
            pairs: Pairs = await form_pairs(http) if http.method == "POST" else query_pairs(http)
            given = dict(pairs)
            if len(given) < len(pairs):
                raise NoForm("A parameter comes more than once.")
            visit = self._visit(http, locales=tuple(given.get("ui_locales", "").split()))
            identity, there = visit.parts.identity, given.get("post_logout_redirect_uri")
            hint = await identity.token_status.hint(given.get("id_token_hint", ""), client_id=given.get("client_id"))
            client = identity.clients.find(hint.client_id) if hint else None
            if hint is None or client is None or (there and there not in client.post_logout_redirect_uris):
                return _told(visit, "page.bad_request", status=400)
            await identity.token_status.log_out(hint)
        except NoForm:
            return _told(visit, "page.bad_request", status=400)
        except (Busy, Unavailable):
            return _told(visit, "page.unavailable", status=503)
        if not there:
            return _told(visit, "page.signed_out")
        return _redirected(there, {"state": given["state"]} if given.get("state") else {})

    async def _send_code(self, visit: _Visit, asked: AuthorizationRequest, form: dict[str, str]) -> Response:
        typed = form.get("contact", "")[:LONGEST_CONTACT]
        try:
            contact = Contact.typed(typed)
            challenge = await visit.parts.identity.sign_in.request(contact, sender=_sender(visit, asked))
        except tuple(SignInProcess.rejects) as refused:
            return self._ask_for_contact(visit, asked, contact=typed, error=_said(visit, refused), status=400)
        return self._ask_for_code(visit, asked, challenge_id=str(challenge.id), contact=typed)

    async def _take_code(self, visit: _Visit, asked: AuthorizationRequest, form: dict[str, str]) -> Response:
        code, granted = "".join(form.get("code", "").split()), new_refresh_token()
        challenge_id, contact = form["challenge_id"], form.get("contact", "")[:LONGEST_CONTACT]
        try:
            await visit.parts.identity.sign_in.authorize(
                UUID(challenge_id), code, sender=_sender(visit, asked), terms=asked.terms, code_digest=granted.digest
            )
        except (SignInRefused, ValueError):
            error = visit.say("SIGN_IN_REFUSED")
            return self._ask_for_code(visit, asked, challenge_id=challenge_id, contact=contact, error=error, status=400)
        answer = {"code": granted.text, **_state_and_issuer(visit, asked.state)}
        response = _redirected(asked.terms.redirect_uri, answer)
        response.delete_cookie(_cookie_name(visit), path="/", secure=_is_secure(visit), httponly=True, samesite="lax")
        return response

    def _ask_for_contact(
        self, visit: _Visit, asked: AuthorizationRequest, *, contact: str = "", error: str = "", status: int = 200
    ) -> Response:
        return _form(visit, asked, "contact.html", status, contact=contact, error=error)

    def _ask_for_code(
        self,
        visit: _Visit,
        asked: AuthorizationRequest,
        *,
        challenge_id: str,
        contact: str,
        error: str = "",
        status: int = 200,
    ) -> Response:
        return _form(visit, asked, "code.html", status, challenge_id=challenge_id, contact=contact, error=error)

    def _visit(
        self, http: Request, asked: AuthorizationRequest | None = None, *, locales: tuple[str, ...] = ()
    ) -> _Visit:
        """In the first language of `ui_locales` that there is, or else the browser's."""
        parts = self._parts_of(http)
        wanted = ",".join([*(asked.ui_locales if asked else locales), http.headers.get("accept-language", "")])
        return _Visit(http, parts, negotiate(wanted, None, offered=parts.identity.operator.locales))


def _form(visit: _Visit, asked: AuthorizationRequest, template: str, status: int, **values: str) -> Response:
    """A page with a form, and the cookie without which the form is worth nothing."""
    forms, known = visit.parts.identity.forms, visit.http.cookies.get(_cookie_name(visit))
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
    response.set_cookie(
        _cookie_name(visit),
        browser,
        max_age=COOKIE_SECONDS,
        path="/",
        secure=_is_secure(visit),
        httponly=True,
        samesite="lax",
    )
    return response


def _told(visit: _Visit, key: str, *, status: int = 200) -> Response:
    return page(
        "notice.html",
        visit.say,
        locale=visit.locale,
        status=status,
        operator=visit.parts.identity.operator.name,
        notice=visit.say(key),
    )


def _said(visit: _Visit, refusal: Rejection) -> str:
    return visit.say(refusal.code, refusal.data())


def _sender(visit: _Visit, asked: AuthorizationRequest) -> Sender:
    return Sender(address=address_of(visit.http.scope), client_id=asked.client.id)


def _is_our_own(visit: _Visit, asked: AuthorizationRequest, form: dict[str, str]) -> bool:
    """Whether our own page sent the form: the browser says so, and the proof that was in it fits the cookie.

    A browser names the origin of every form that is sent with POST; what names none is no browser, and needs the proof.
    """
    headers, identity = visit.http.headers, visit.parts.identity
    if headers.get("origin", identity.operator.issuer) != identity.operator.issuer:
        return False
    if headers.get("sec-fetch-site", "same-origin") != "same-origin":
        return False
    return identity.forms.is_good(form.get("proof", ""), visit.http.cookies.get(_cookie_name(visit)), asked.query)


def _denied(visit: _Visit, recipient: Recipient, denied: AuthorizationDenied) -> Response:
    answer = {"error": denied.error, "error_description": denied.description}
    return _redirected(recipient.redirect_uri, answer | _state_and_issuer(visit, recipient.state))


def _state_and_issuer(visit: _Visit, state: str | None) -> dict[str, str]:
    """`iss` by RFC 9207: an app that uses several servers sees which one has answered."""
    return ({"state": state} if state is not None else {}) | {"iss": visit.parts.identity.operator.issuer}


def _redirected(uri: str, answer: dict[str, str]) -> Response:
    """303, so that a browser never sends a form on. The address was registered, so it may have a query of its own."""
    if answer:
        uri += ("&" if urlsplit(uri).query else "?") + urlencode(answer)
    return RedirectResponse(
        uri, status_code=303, headers={"Cache-Control": "no-store", "Referrer-Policy": "no-referrer"}
    )


def _is_secure(visit: _Visit) -> bool:
    return visit.parts.identity.operator.issuer.startswith("https://")


def _cookie_name(visit: _Visit) -> str:
    """`__Host-` keeps other hosts of the site from setting it. It needs TLS, which a developer's machine has not."""
    return "__Host-kontant-sign-in" if _is_secure(visit) else "kontant-sign-in"
