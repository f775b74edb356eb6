"""One request of one browser's, and what it can be answered: a page, a redirection, a cookie."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlencode, urlsplit

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from api.oauth.html import page
from api.oauth.parts import OAuthParts
from auth.authorization import AuthorizationDenied, Recipient
from gateways.words.negotiation import negotiate

COOKIE_SECONDS: Final = 600
DEVICE_SECONDS: Final = 180 * 86_400
"""How long a browser is known again on which somebody has signed in. It opens nothing."""
FORM_COOKIE: Final = "kontant-sign-in"
DEVICE_COOKIE: Final = "kontant-device"
"""By this cookie, who has signed in here before is told from strangers who ask for codes in their name."""


@dataclass(frozen=True, slots=True)
class Visit:
    """One request of one browser's."""

    http: Request
    parts: OAuthParts
    locale: str

    @classmethod
    def of(cls, http: Request, parts: OAuthParts, locales: tuple[str, ...] = ()) -> Visit:
        """In the first of these languages that there is, or else the browser's."""
        wanted = ",".join([*locales, http.headers.get("accept-language", "")])
        return cls(http, parts, negotiate(wanted, None, offered=parts.identity.operator.locales))

    def say(self, key: str, data: dict[str, Any] | None = None) -> str:
        return self.parts.words.say(self.locale, key, data)

    @property
    def _is_secure(self) -> bool:
        return self.parts.identity.operator.issuer.startswith("https://")

    def _name(self, cookie: str) -> str:
        """`__Host-` keeps other hosts of the site from setting it. It needs TLS, which development has not."""
        return f"__Host-{cookie}" if self._is_secure else cookie

    def cookie(self, name: str) -> str | None:
        """What the browser has kept for us."""
        return self.http.cookies.get(self._name(name))

    def keep(self, response: Response, name: str, value: str, *, max_age_seconds: int = COOKIE_SECONDS) -> None:
        """Has the browser keep something, for ten minutes if nothing is said."""
        response.set_cookie(
            self._name(name),
            value,
            max_age=max_age_seconds,
            path="/",
            secure=self._is_secure,
            httponly=True,
            samesite="lax",
        )

    def forget(self, response: Response, name: str) -> None:
        """Has the browser drop it."""
        response.delete_cookie(self._name(name), path="/", secure=self._is_secure, httponly=True, samesite="lax")


def told(visit: Visit, key: str, *, status: int = 200) -> Response:
    """A page with a sentence for the person."""
    return page(
        "notice.html",
        visit.say,
        locale=visit.locale,
        status=status,
        operator=visit.parts.identity.operator.name,
        notice=visit.say(key),
    )


def denied(visit: Visit, recipient: Recipient, refused: AuthorizationDenied) -> Response:
    """The app is told that it gets no code."""
    answer = {"error": refused.error, "error_description": refused.description}
    return redirected(recipient.redirect_uri, answer | _state_and_issuer(visit, recipient.state))


def granted(visit: Visit, redirect_uri: str, state: str | None, code: str) -> Response:
    """The app gets its code, and the form's cookie has served its time."""
    response = redirected(redirect_uri, {"code": code, **_state_and_issuer(visit, state)})
    visit.forget(response, FORM_COOKIE)
    return response


def redirected(uri: str, answer: dict[str, str]) -> Response:
    """303, so that a browser never sends a form on. The address was registered, so it may have a query of its own."""
    if answer:
        uri += ("&" if urlsplit(uri).query else "?") + urlencode(answer)
    return RedirectResponse(
        uri, status_code=303, headers={"Cache-Control": "no-store", "Referrer-Policy": "no-referrer"}
    )


def _state_and_issuer(visit: Visit, state: str | None) -> dict[str, str]:
    """`iss` by RFC 9207: an app that uses several servers sees which one has answered."""
    return ({"state": state} if state is not None else {}) | {"iss": visit.parts.identity.operator.issuer}
