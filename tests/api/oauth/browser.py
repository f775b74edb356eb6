"""A browser and an app, as small as the flow allows."""

from __future__ import annotations

import base64
import hashlib
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from html import unescape
from itertools import count
from typing import Any, Final
from urllib.parse import parse_qs, urlsplit
from uuid import UUID

import httpx2

from auth.clients import Client, ClientKind
from tests.auth.support import SignInWorld

REDIRECT: Final = "https://app.example/signed-in"
AFTER_LOG_OUT: Final = "https://app.example/signed-out"
SECRET: Final = "a server's secret, made by a machine"
CLIENTS: Final = (
    Client(
        id="web",
        name="Mitt & <Norrsken>",
        kind=ClientKind.WEB,
        redirect_uris=(REDIRECT, "https://app.example/second?kept=1"),
        post_logout_redirect_uris=(AFTER_LOG_OUT,),
    ),
    Client(
        id="native",
        name="App",
        kind=ClientKind.NATIVE,
        redirect_uris=("com.example.app:/in", "http://127.0.0.1/in", "http://[::1]:7000/in"),
    ),
    Client(id="support", name="Support", kind=ClientKind.STAFF, redirect_uris=("https://support.example/in",)),
    Client(id="other-support", name="Other", kind=ClientKind.STAFF, redirect_uris=("https://other.example/in",)),
    Client(
        id="server",
        name="Server",
        kind=ClientKind.RESOURCE_SERVER,
        secret_sha256=hashlib.sha256(SECRET.encode()).hexdigest(),
    ),
)
_numbers = count(46701750000)


@dataclass
class App:
    """A client with PKCE. What it asks for can be changed, and left out with None."""

    client_id: str = "web"
    redirect_uri: str = REDIRECT
    verifier: str = field(default_factory=lambda: secrets.token_urlsafe(48))

    @property
    def challenge(self) -> str:
        return base64.urlsafe_b64encode(hashlib.sha256(self.verifier.encode()).digest()).rstrip(b"=").decode()

    def request(self, **changes: str | None) -> dict[str, str]:
        asked: dict[str, str | None] = {
            "response_type": "code",
            "client_id": self.client_id,
            "redirect_uri": self.redirect_uri,
            "scope": "openid",
            "state": "the app's own state",
            "nonce": "n-1",
            "code_challenge": self.challenge,
            "code_challenge_method": "S256",
            **changes,
        }
        return {name: value for name, value in asked.items() if value is not None}

    def redemption(self, code: str, **changes: str | None) -> dict[str, str]:
        form: dict[str, str | None] = {
            "grant_type": "authorization_code",
            "client_id": self.client_id,
            "redirect_uri": self.redirect_uri,
            "code": code,
            "code_verifier": self.verifier,
            **changes,
        }
        return {name: value for name, value in form.items() if value is not None}


class Page:
    """What a browser shows: the form and its hidden fields."""

    def __init__(self, response: httpx2.Response) -> None:
        self.response, self.text = response, response.text
        found = re.search(r'<form method="post" action="([^"]+)"', self.text)
        self.action = unescape(found[1]) if found else ""
        hidden = re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', self.text)
        self.hidden = {name: unescape(value) for name, value in hidden}

    @property
    def error(self) -> str | None:
        found = re.search(r'role="alert">([^<]+)<', self.text)
        return unescape(found[1]) if found else None


class Browser:
    """Goes where it is sent, and keeps cookies."""

    def __init__(self, signing: SignInWorld, http: httpx2.AsyncClient, person: UUID, number: str) -> None:
        self.signing, self.http, self.person, self.number = signing, http, person, number

    @classmethod
    async def of_someone(cls, signing: SignInWorld, http: httpx2.AsyncClient) -> Browser:
        number = f"+{next(_numbers)}"
        assert signing.people is not None
        return cls(signing, http, await signing.people.person(phone_number=number), number)

    async def open(self, request: Mapping[str, str], **headers: str) -> Page:
        return Page(await self.http.get("/oauth/authorize", params=dict(request), headers=headers))

    async def send(self, page: Page, headers: Mapping[str, str] | None = None, **fields: str) -> Page:
        """Sends the page's form as a browser does."""
        own = {"Origin": self.signing.operator.issuer, "Sec-Fetch-Site": "same-origin"}
        form = {**page.hidden, **fields}
        return Page(await self.http.post(page.action, data=form, headers={**own, **(headers or {})}))

    async def to_code(self, request: Mapping[str, str]) -> tuple[Page, str]:
        """The page that asks for the code, and the code that was sent."""
        page = await self.send(await self.open(request), contact=self.number, step="contact")
        return page, self.signing.identity.codes.code_of(UUID(page.hidden["challenge_id"]))

    async def sign_in(self, request: Mapping[str, str]) -> dict[str, str]:
        """What the app is answered in the end."""
        page, code = await self.to_code(request)
        return answered(await self.send(page, code=code, step="code"))

    async def post(self, path: str, form: Mapping[str, str], **more: Any) -> httpx2.Response:
        """A request of the app's, or of a server's."""
        return await self.http.post(path, data=dict(form), **more)

    async def tokens(self, app: App, **changes: str | None) -> dict[str, Any]:
        code = (await self.sign_in(app.request(**changes)))["code"]
        response = await self.post("/oauth/token", app.redemption(code))
        assert response.status_code == 200, response.text
        return response.json()

    async def is_active(self, token: str) -> bool:
        response = await self.post("/oauth/introspect", {"token": token}, auth=("server", SECRET))
        return response.json()["active"]


def answered(page: Page) -> dict[str, str]:
    """The parameters of a redirection to the app."""
    assert page.response.status_code == 303, page.text
    query = parse_qs(urlsplit(page.response.headers["location"]).query, strict_parsing=True)
    return {name: value for name, [value] in query.items()}
