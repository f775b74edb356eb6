"""The pages that a person sees: signing in to an app through the browser, and signing out."""

from __future__ import annotations

from typing import Final
from uuid import UUID

from starlette.requests import Request
from starlette.responses import Response

from api.oauth import federated
from api.oauth.asking import ask_for_code, ask_for_contact, is_our_own, read
from api.oauth.forms import NoForm, Pairs, form_of, form_pairs, query_pairs
from api.oauth.parts import PartsOf
from api.oauth.visit import DEVICE_COOKIE, Visit, denied, granted, redirected, told
from api.rates import address_of
from auth.authorization import AuthorizationDenied, AuthorizationRequest, CannotRedirect, read_recipient
from auth.refresh import new_refresh_token
from domain.identity.contacts import Contact
from domain.identity.errors import IdentityNotLinkable, SignInRefused
from domain.identity.processes import SignInProcess
from domain.identity.senders import Sender
from domain.kernel.errors import Busy, Rejection, Unavailable

LONGEST_CONTACT: Final = 254
"""In characters; no number or address that people type is longer."""


class SignInPage:
    """The handlers. Nothing is kept here between the steps: the form carries the request, and it is checked anew."""

    def __init__(self, parts_of: PartsOf) -> None:
        self._parts_of = parts_of

    async def authorize(self, http: Request) -> Response:
        """Where an app sends its person. Answers with the first form, a way to a provider, or an error to the app."""
        visit = self._visit(http)
        try:
            pairs = await form_pairs(http) if http.method == "POST" else query_pairs(http)
            recipient = read_recipient(pairs, visit.parts.identity.clients)
        except (NoForm, CannotRedirect):
            return told(visit, "page.bad_request", status=400)
        try:
            asked = read(visit, pairs, recipient)
        except AuthorizationDenied as refused:
            return denied(visit, recipient, refused)
        visit = self._visit(http, asked.ui_locales)
        if asked.provider is not None:
            return await federated.depart(visit, asked, recipient)
        return ask_for_contact(visit, asked, contact=(asked.login_hint or "")[:LONGEST_CONTACT])

    async def come_back(self, http: Request) -> Response:
        """Where an identity provider sends the person to afterwards."""
        return await federated.come_back(self._visit(http))

    async def sign_in(self, http: Request) -> Response:
        """Where the forms are sent: a phone number or an e-mail address first, then the code.

        The request comes along in the query.
        """
        visit = self._visit(http)
        try:
            pairs, form = query_pairs(http), await form_of(http)
            recipient = read_recipient(pairs, visit.parts.identity.clients)
            asked = read(visit, pairs, recipient)
        except (NoForm, CannotRedirect, AuthorizationDenied):
            return told(visit, "page.bad_request", status=400)
        visit = self._visit(http, asked.ui_locales)
        if asked.provider is not None and federated.identified(visit, asked) is None:
            return told(visit, "page.came_back_wrong", status=403)
        if not is_our_own(visit, asked, form):
            return ask_for_contact(visit, asked, error=visit.say("page.expired"), status=403)
        if form.get("step") == "cancel":
            return denied(visit, recipient, AuthorizationDenied("access_denied", "The person did not sign in."))
        try:
            if "challenge_id" in form and form.get("step") == "code":
                return await self._take_code(visit, asked, form)
            return await self._send_code(visit, asked, form)
        except (Busy, Unavailable):
            return told(visit, "page.unavailable", status=503)

    async def log_out(self, http: Request) -> Response:
        """RP-initiated log-out (OpenID Connect): ends the session that the app's ID token is about."""
        visit = self._visit(http)
        try:
            pairs: Pairs = await form_pairs(http) if http.method == "POST" else query_pairs(http)
            given = dict(pairs)
            if len(given) < len(pairs):
                raise NoForm("A parameter comes more than once.")
            visit = self._visit(http, tuple(given.get("ui_locales", "").split()))
            identity, there = visit.parts.identity, given.get("post_logout_redirect_uri")
            hint = await identity.token_status.hint(given.get("id_token_hint", ""), client_id=given.get("client_id"))
            client = identity.clients.find(hint.client_id) if hint else None
            if hint is None or client is None or (there and there not in client.post_logout_redirect_uris):
                return told(visit, "page.bad_request", status=400)
            await identity.token_status.log_out(hint)
        except NoForm:
            return told(visit, "page.bad_request", status=400)
        except (Busy, Unavailable):
            return told(visit, "page.unavailable", status=503)
        if not there:
            return told(visit, "page.signed_out")
        return redirected(there, {"state": given["state"]} if given.get("state") else {})

    async def _send_code(self, visit: Visit, asked: AuthorizationRequest, form: dict[str, str]) -> Response:
        typed = form.get("contact", "")[:LONGEST_CONTACT]
        try:
            # An identity is linked to whom the phone belongs to; an e-mail address is too little for that.
            contact = Contact.typed(typed) if asked.provider is None else Contact.phone(typed)
            challenge = await visit.parts.identity.sign_in.request(contact, sender=_sender(visit, asked))
        except tuple(SignInProcess.rejects) as refused:
            return ask_for_contact(visit, asked, contact=typed, error=_said(visit, refused), status=400)
        return ask_for_code(visit, asked, challenge_id=str(challenge.id), contact=typed)

    async def _take_code(self, visit: Visit, asked: AuthorizationRequest, form: dict[str, str]) -> Response:
        code, for_app = "".join(form.get("code", "").split()), new_refresh_token()
        challenge_id, contact = form["challenge_id"], form.get("contact", "")[:LONGEST_CONTACT]
        identity, identification = visit.parts.identity, federated.identified(visit, asked)
        sender = _sender(visit, asked)
        try:
            if identification is not None:
                await identity.federation.link(
                    identification,
                    UUID(challenge_id),
                    code,
                    sender=sender,
                    terms=asked.terms,
                    code_digest=for_app.digest,
                )
            else:
                await identity.sign_in.authorize(
                    UUID(challenge_id), code, sender=sender, terms=asked.terms, code_digest=for_app.digest
                )
        except (SignInRefused, ValueError):
            error = visit.say("SIGN_IN_REFUSED")
            return ask_for_code(visit, asked, challenge_id=challenge_id, contact=contact, error=error, status=400)
        except IdentityNotLinkable as refused:
            return ask_for_contact(visit, asked, contact=contact, error=_said(visit, refused), status=403)
        response = granted(visit, asked.terms.redirect_uri, asked.state, for_app.text)
        visit.forget(response, federated.IDENTIFIED_COOKIE)
        return response

    def _visit(self, http: Request, locales: tuple[str, ...] = ()) -> Visit:
        return Visit.of(http, self._parts_of(http), locales)


def _said(visit: Visit, refusal: Rejection) -> str:
    return visit.say(refusal.code, refusal.data())


def _sender(visit: Visit, asked: AuthorizationRequest) -> Sender:
    cookie = visit.cookie(DEVICE_COOKIE)
    device = cookie if visit.parts.identity.forms.is_browser(cookie) else None
    return Sender(address=address_of(visit.http.scope), client_id=asked.client.id, device=device)
