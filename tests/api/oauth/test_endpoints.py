"""What programs ask: metadata, introspection, revocation, log-out; and refresh tokens that are abused."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from datetime import timedelta
from typing import Any
from urllib.parse import quote_plus

import pytest

from tests.api.oauth.browser import AFTER_LOG_OUT, SECRET, App, Browser
from tests.auth.support import SignInWorld

ISSUER = "http://norrsken.localhost"


# Metadata


@pytest.mark.parametrize("path", ["/.well-known/openid-configuration", "/.well-known/oauth-authorization-server"])
async def test_every_address_in_the_metadata_is_there(browser: Browser, path: str) -> None:
    told: dict[str, Any] = (await browser.http.get(path)).json()
    assert told["issuer"] == ISSUER
    addresses = {name: value for name, value in told.items() if name.endswith(("_endpoint", "_uri"))}
    assert len(addresses) == 7
    for address in addresses.values():
        assert address.startswith(ISSUER)
        assert (await browser.http.get(address.removeprefix(ISSUER))).status_code in (200, 400, 401, 405)


async def test_what_the_metadata_offers_works_and_nothing_else_does(browser: Browser, app: App) -> None:
    told = (await browser.http.get("/.well-known/openid-configuration")).json()
    for prompt in told["prompt_values_supported"]:
        assert (await browser.open(app.request(prompt=prompt))).response.status_code in (200, 303)
    for grant in (*told["grant_types_supported"], "password"):
        answer = (await browser.post("/oauth/token", {"grant_type": grant, "client_id": "native"})).json()
        assert (answer["error"] == "unsupported_grant_type") == (grant == "password")
    tokens = await browser.tokens(app, scope=" ".join(told["scopes_supported"]))
    assert tokens["scope"] == " ".join(told["scopes_supported"])
    for locale in told["ui_locales_supported"]:
        assert f'<html lang="{locale}">' in (await browser.open(app.request(ui_locales=locale))).text


# Introspection


async def test_a_server_is_told_of_both_kinds_of_token(browser: Browser, app: App) -> None:
    tokens = await browser.tokens(app)
    for name in ("access_token", "refresh_token"):
        form = {"token": tokens[name], "token_type_hint": "nonsense"}
        told = (await browser.post("/oauth/introspect", form, auth=("server", SECRET))).json()
        assert (told["active"], told["sub"], told["client_id"]) == (True, str(browser.person), "web")
        assert (told["iss"], told["scope"]) == (ISSUER, "openid")
    token = tokens["access_token"]
    encoded = base64.b64encode(f"server:{quote_plus(SECRET)}".encode()).decode()
    answer = await browser.post("/oauth/introspect", {"token": token}, headers={"Authorization": f"Basic {encoded}"})
    assert answer.json()["active"]
    by_post = {"token": token, "client_id": "server", "client_secret": SECRET}
    assert (await browser.post("/oauth/introspect", by_post)).json()["active"]


@pytest.mark.parametrize(
    ("form", "auth"),
    [
        ({}, None),
        ({"client_id": "web"}, None),
        ({"client_id": "server"}, None),
        ({"client_id": "server", "client_secret": "guessed"}, None),
        ({"client_id": "web", "client_secret": SECRET}, None),
        ({}, ("server", "guessed")),
        ({}, ("server", "")),
        ({}, ("web", SECRET)),
        ({}, ("unknown", SECRET)),
    ],
)
async def test_nobody_else_is_told(browser: Browser, app: App, form: dict[str, str], auth: Any) -> None:
    tokens = await browser.tokens(app)
    more = {"auth": auth} if auth else {}
    answer = await browser.post("/oauth/introspect", {"token": tokens["access_token"], **form}, **more)
    assert (answer.status_code, answer.json()["error"]) == (401, "invalid_client")


@pytest.mark.parametrize("header", ["Basic", "Basic ", "Basic !", "Basic /w==", "Basic eA==", "Bearer x", "Basic x y"])
async def test_a_malformed_header_is_no_client(browser: Browser, header: str) -> None:
    answer = await browser.post("/oauth/introspect", {"token": "x"}, headers={"Authorization": header})
    assert (answer.status_code, answer.json()["error"]) == (401, "invalid_client")


@pytest.mark.parametrize("token", ["", "x", "a.b.c", "é", "x" * 5000])
async def test_what_is_no_token_is_not_active(browser: Browser, token: str) -> None:
    answer = await browser.post("/oauth/introspect", {"token": token}, auth=("server", SECRET))
    assert answer.json() == {"active": False} or (token == "" and answer.status_code == 400)


async def test_what_has_expired_is_not_active(browser: Browser, app: App, signing: SignInWorld) -> None:
    tokens = await browser.tokens(app)
    signing.clock.advance(timedelta(minutes=10))
    assert not await browser.is_active(tokens["access_token"])
    assert await browser.is_active(tokens["refresh_token"])
    signing.clock.advance(timedelta(days=30))
    assert not await browser.is_active(tokens["refresh_token"])


async def test_an_id_token_is_never_active(browser: Browser, app: App) -> None:
    assert not await browser.is_active((await browser.tokens(app))["id_token"])


# Revocation


@pytest.mark.parametrize("name", ["access_token", "refresh_token"])
async def test_a_revoked_token_takes_its_session_along_at_once(browser: Browser, app: App, name: str) -> None:
    tokens = await browser.tokens(app)
    for _ in range(2):
        answer = await browser.post("/oauth/revoke", {"token": tokens[name], "client_id": "web"})
        assert answer.status_code == 200
    assert not await browser.is_active(tokens["access_token"])
    assert not await browser.is_active(tokens["refresh_token"])


async def test_what_is_not_the_clients_own_is_not_revoked_and_not_told_of(browser: Browser, app: App) -> None:
    tokens = await browser.tokens(app)
    for name in ("access_token", "refresh_token"):
        answer = await browser.post("/oauth/revoke", {"token": tokens[name], "client_id": "native"})
        assert (answer.status_code, answer.json()) == (200, {})
        assert await browser.is_active(tokens[name])
    for form in ({"client_id": "unknown"}, {}, {"client_id": "server"}):
        answer = await browser.post("/oauth/revoke", {"token": tokens["refresh_token"], **form})
        assert answer.json()["error"] == "invalid_client"
    assert (await browser.post("/oauth/revoke", {"token": "nonsense", "client_id": "web"})).status_code == 200
    assert (await browser.post("/oauth/revoke", {"client_id": "web"})).json()["error"] == "invalid_request"


@pytest.mark.parametrize("path", ["/oauth/revoke", "/oauth/introspect"])
@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
async def test_tokens_are_not_sent_in_addresses(browser: Browser, path: str, method: str) -> None:
    assert (await browser.http.request(method, f"{path}?token=x&client_id=web")).status_code == 405


# Log-out


@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_who_logs_out_is_out_and_back_at_the_app(browser: Browser, app: App, method: str) -> None:
    tokens = await browser.tokens(app)
    asked = {"id_token_hint": tokens["id_token"], "post_logout_redirect_uri": AFTER_LOG_OUT, "state": "s"}
    where: dict[str, Any] = {"params": asked} if method == "GET" else {"data": asked}
    answer = await browser.http.request(method, "/oauth/logout", **where)
    assert (answer.status_code, answer.headers["location"]) == (303, f"{AFTER_LOG_OUT}?state=s")
    assert not await browser.is_active(tokens["access_token"])


async def test_an_old_id_token_still_logs_out(browser: Browser, app: App, signing: SignInWorld) -> None:
    tokens = await browser.tokens(app)
    signing.clock.advance(timedelta(days=3))
    answer = await browser.http.get("/oauth/logout", params={"id_token_hint": tokens["id_token"]})
    assert answer.status_code == 200
    assert not await browser.is_active(tokens["refresh_token"])


@pytest.mark.parametrize(
    "change",
    [
        {"id_token_hint": ""},
        {"id_token_hint": "nonsense"},
        {"client_id": "native"},
        {"post_logout_redirect_uri": "https://attacker.example/"},
        {"post_logout_redirect_uri": f"{AFTER_LOG_OUT}/"},
        {"post_logout_redirect_uri": f"{AFTER_LOG_OUT}?more"},
        {"post_logout_redirect_uri": "https://app.example/signed-in"},
    ],
)
async def test_a_wrong_log_out_ends_nothing_and_leads_nowhere(
    browser: Browser, app: App, change: Mapping[str, str]
) -> None:
    tokens = await browser.tokens(app)
    asked = {"id_token_hint": tokens["id_token"], "post_logout_redirect_uri": AFTER_LOG_OUT, **change}
    answer = await browser.http.get("/oauth/logout", params=asked)
    assert (answer.status_code, "location" in answer.headers) == (400, False)
    assert await browser.is_active(tokens["access_token"])


async def test_an_access_token_is_no_hint(browser: Browser, app: App) -> None:
    tokens = await browser.tokens(app)
    answer = await browser.http.get("/oauth/logout", params={"id_token_hint": tokens["access_token"]})
    assert answer.status_code == 400
    assert await browser.is_active(tokens["access_token"])


# Refresh tokens


class Line:
    """A session's line of refresh tokens."""

    def __init__(self, browser: Browser, tokens: Mapping[str, Any]) -> None:
        self.browser, self.tokens = browser, [dict(tokens)]

    async def refresh(self, token: str | None = None, **changes: str) -> Any:
        form = {
            "grant_type": "refresh_token",
            "client_id": "web",
            "refresh_token": token or self.tokens[-1]["refresh_token"],
            **changes,
        }
        answer = await self.browser.post("/oauth/token", form)
        if answer.status_code == 200 and token is None:
            self.tokens.append(answer.json())
        return answer

    async def is_alive(self) -> bool:
        return await self.browser.is_active(self.tokens[-1]["refresh_token"])


@pytest.fixture
async def line(browser: Browser, app: App) -> Line:
    return Line(browser, await browser.tokens(app))


@pytest.mark.parametrize("back", [1, 2, 3])
async def test_a_token_that_was_replaced_ends_the_whole_line(line: Line, signing: SignInWorld, back: int) -> None:
    for _ in range(3):
        await line.refresh()
        signing.clock.advance(timedelta(seconds=11))
    assert (await line.refresh(line.tokens[-1 - back]["refresh_token"])).json()["error"] == "invalid_grant"
    assert not await line.is_alive()
    assert not await line.browser.is_active(line.tokens[-1]["access_token"])
    for tokens in line.tokens:
        assert (await line.refresh(tokens["refresh_token"])).status_code == 400


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"client_id": "native"}, "invalid_grant"),
        ({"client_id": "server"}, "invalid_client"),
        ({"client_id": "unknown"}, "invalid_client"),
        ({"client_id": ""}, "invalid_client"),
        ({"client_secret": "x"}, "invalid_client"),
        ({"refresh_token": "x" * 43}, "invalid_grant"),
        ({"refresh_token": "\x00"}, "invalid_grant"),
        ({"refresh_token": "' or 1=1 --"}, "invalid_grant"),
        ({"refresh_token": "x" * 9000}, "invalid_grant"),
        ({"grant_type": "REFRESH_TOKEN"}, "unsupported_grant_type"),
    ],
)
async def test_a_refused_refresh_leaves_the_line_alive(line: Line, change: dict[str, str], error: str) -> None:
    assert (await line.refresh(line.tokens[-1]["refresh_token"], **change)).json()["error"] == error
    assert await line.is_alive()


@pytest.mark.parametrize("name", ["access_token", "id_token"])
async def test_another_kind_of_token_refreshes_nothing(line: Line, name: str) -> None:
    assert (await line.refresh(line.tokens[-1][name])).json()["error"] == "invalid_grant"
    assert await line.is_alive()


async def test_a_wider_scope_is_not_had_by_refreshing(line: Line) -> None:
    refreshed = (await line.refresh(scope="openid admin")).json()
    assert refreshed["scope"] == "openid"


async def test_what_was_replaced_is_not_active_any_more(line: Line) -> None:
    await line.refresh()
    assert not await line.browser.is_active(line.tokens[0]["refresh_token"])
    assert await line.is_alive()


async def test_a_token_of_an_ended_session_is_refused(line: Line) -> None:
    await line.browser.post("/oauth/revoke", {"token": line.tokens[0]["refresh_token"], "client_id": "web"})
    assert (await line.refresh()).json()["error"] == "invalid_grant"


async def test_one_line_that_ends_leaves_the_others(line: Line, browser: Browser, app: App) -> None:
    other = Line(browser, await browser.tokens(app))
    await line.browser.post("/oauth/revoke", {"token": line.tokens[0]["refresh_token"], "client_id": "web"})
    assert await other.is_alive()
