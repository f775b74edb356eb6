"""To an identity provider and back.

What has to fit when the person comes back is kept by their browser, sealed: so nobody else's browser can come back in
their place (login CSRF), and each departure is good for one return.
"""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from dataclasses import asdict
from datetime import date, datetime
from typing import Any, Final
from urllib.parse import parse_qsl

from starlette.responses import Response

from api.oauth.asking import ask_for_contact, read
from api.oauth.forms import NoForm, query_pairs
from api.oauth.visit import Visit, denied, granted, redirected, told
from auth.authorization import AuthorizationDenied, AuthorizationRequest, CannotRedirect, Recipient, read_recipient
from auth.providers import ProviderKind
from auth.refresh import NewRefreshToken, new_refresh_token
from auth.relying import Departure, NotIdentified, RelyingParty
from auth.sealing import TooMuchToSeal
from domain.identity.errors import IdentityNotLinkable
from domain.identity.identification import Identification
from domain.kernel.errors import Busy, Unavailable

DEPARTURE_COOKIE: Final = "kontant-departure"
IDENTIFIED_COOKIE: Final = "kontant-identified"
_DEPARTURE: Final = "departure"


async def depart(visit: Visit, asked: AuthorizationRequest, recipient: Recipient) -> Response:
    """Sends the person to the provider that the request needs."""
    assert asked.provider is not None, "the caller has looked"
    identity = visit.parts.identity
    relying = identity.providers[asked.provider]
    departure = relying.departure(asked.query, max_age_seconds=asked.max_age_seconds, is_asked_anew=asked.is_asked_anew)
    try:
        sealed = identity.seals.seal(departure.to_json(), _DEPARTURE)
        response = redirected(await relying.begin(departure), {})
    except TooMuchToSeal:
        return denied(visit, recipient, AuthorizationDenied("invalid_request", "The request is too long."))
    except NotIdentified as failed:
        return denied(visit, recipient, AuthorizationDenied(failed.error, failed.description))
    visit.keep(response, DEPARTURE_COOKIE, sealed)
    return response


async def come_back(visit: Visit) -> Response:
    """Takes the person in whom a provider has sent back; whatever comes of it, it is tried once."""
    response = await _come_back(visit)
    visit.forget(response, DEPARTURE_COOKIE)
    return response


def identified(visit: Visit, asked: AuthorizationRequest) -> Identification | None:
    """Whom a provider has identified in this browser, for this request, while it is not linked to a customer yet."""
    content = visit.parts.identity.seals.open(visit.cookie(IDENTIFIED_COOKIE), _identified_for(asked))
    return _identification_of(content) if content is not None else None


async def _come_back(visit: Visit) -> Response:
    identity = visit.parts.identity
    try:
        pairs = query_pairs(visit.http)
        answer = dict(pairs)
        departure = _departure(visit, answer) if len(answer) == len(pairs) else None
        if departure is None:
            return told(visit, "page.came_back_wrong", status=400)
        request = parse_qsl(departure.query)
        recipient = read_recipient(request, identity.clients)
        asked = read(visit, request, recipient)
    except (NoForm, CannotRedirect, AuthorizationDenied):  # the settings may have changed meanwhile
        return told(visit, "page.bad_request", status=400)
    visit = Visit.of(visit.http, visit.parts, asked.ui_locales)
    try:
        return await _take_in(visit, asked, recipient, departure, answer)
    except NotIdentified as failed:
        return denied(visit, recipient, AuthorizationDenied(failed.error, failed.description))
    except IdentityNotLinkable as refused:
        return told(visit, refused.code, status=403)
    except (Busy, Unavailable):
        return told(visit, "page.unavailable", status=503)


def _departure(visit: Visit, answer: Mapping[str, str]) -> Departure | None:
    """What this browser left with, if it is what it comes back from."""
    content = visit.parts.identity.seals.open(visit.cookie(DEPARTURE_COOKIE), _DEPARTURE)
    if content is None:
        return None
    departure = Departure.of_json(content)
    fits = hmac.compare_digest(departure.state.encode(), answer.get("state", "").encode(errors="surrogatepass"))
    return departure if fits else None


async def _take_in(
    visit: Visit, asked: AuthorizationRequest, recipient: Recipient, departure: Departure, answer: Mapping[str, str]
) -> Response:
    """Raises `NotIdentified`, `IdentityNotLinkable`, `Busy` and `Unavailable`."""
    relying, for_app = visit.parts.identity.providers[departure.kind], new_refresh_token()
    if departure.kind is ProviderKind.STAFF:
        if not await _admit(visit, asked, relying, departure, answer, for_app):
            raise NotIdentified("access_denied", "The person has no role here.")
        return granted(visit, recipient.redirect_uri, recipient.state, for_app.text)
    identification = await relying.identify(departure, answer)
    is_linked = await visit.parts.identity.federation.authorize(
        identification, terms=asked.terms, code_digest=for_app.digest
    )
    if is_linked:
        return granted(visit, recipient.redirect_uri, recipient.state, for_app.text)
    try:
        content = asdict(identification) | _texts(identification)
        sealed = visit.parts.identity.seals.seal(content, _identified_for(asked))
    except TooMuchToSeal:
        raise NotIdentified("server_error", "The identity provider says too much.") from None
    response = ask_for_contact(visit, asked)
    visit.keep(response, IDENTIFIED_COOKIE, sealed)
    return response


async def _admit(
    visit: Visit,
    asked: AuthorizationRequest,
    relying: RelyingParty,
    departure: Departure,
    answer: Mapping[str, str],
    for_app: NewRefreshToken,
) -> bool:
    who = await relying.recognise(departure, answer)
    return await visit.parts.identity.federation.admit(
        issuer=who.issuer,
        subject=who.subject,
        name=who.name,
        roles=who.roles,
        terms=asked.terms,
        code_digest=for_app.digest,
    )


def _identified_for(asked: AuthorizationRequest) -> str:
    """An identification is good for the request that it was made for."""
    return f"identified\n{asked.query}"


def _texts(identification: Identification) -> dict[str, Any]:
    """What JSON does not know."""
    born = identification.birth_date
    return {"birth_date": born and born.isoformat(), "identified_at": identification.identified_at.isoformat()}


def _identification_of(content: Mapping[str, Any]) -> Identification:
    born = content["birth_date"]
    return Identification(
        provider=content["provider"],
        subject=content["subject"],
        given_name=content["given_name"],
        family_name=content["family_name"],
        birth_date=born and date.fromisoformat(born),
        identity_number=content["identity_number"],
        identified_at=datetime.fromisoformat(content["identified_at"]),
    )
