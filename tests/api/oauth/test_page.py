"""The sign-in page: its form under everything that a browser can send, its cookie, policy and languages."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, cast
from urllib.parse import urlencode
from uuid import UUID

import httpx2
import pytest
from starlette.applications import Starlette

from api.oauth import routes
from tests.api.oauth.browser import CLIENTS, App, Browser, Page
from tests.auth.support import SignInWorld

ISSUER = "http://norrsken.localhost"


async def challenges(signing: SignInWorld) -> int:
    return await signing.database.fetchval("select count(*) from sign_in_challenge")


@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE"])
async def test_the_form_is_sent_by_post_only(browser: Browser, app: App, signing: SignInWorld, method: str) -> None:
    page = await browser.open(app.request())
    before = await challenges(signing)
    fields = {**page.hidden, "contact": browser.number, "step": "contact"}
    response = await browser.http.request(method, f"{page.action}&{urlencode(fields)}")
    assert response.status_code == 405
    assert await challenges(signing) == before


@pytest.mark.parametrize(
    "content_type",
    [
        "text/plain",
        "text/plain; application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "application/json",
        "",
    ],
)
async def test_the_form_has_one_content_type(
    browser: Browser, app: App, signing: SignInWorld, content_type: str
) -> None:
    page = await browser.open(app.request())
    before = await challenges(signing)
    content = urlencode({**page.hidden, "contact": browser.number, "step": "contact"})
    response = await browser.http.post(page.action, content=content, headers={"Content-Type": content_type})
    assert response.status_code == 400
    assert await challenges(signing) == before


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://attacker.example"},
        {"Origin": "null"},
        {"Origin": "https://norrsken.localhost"},
        {"Origin": f"{ISSUER}.attacker.example"},
        {"Origin": f"{ISSUER}:8000"},
        {"Origin": ISSUER.upper()},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Sec-Fetch-Site": "none"},
    ],
)
async def test_a_form_from_elsewhere_does_nothing(
    browser: Browser, app: App, signing: SignInWorld, headers: dict[str, str]
) -> None:
    page = await browser.open(app.request())
    before = await challenges(signing)
    answer = await browser.send(page, headers, contact=browser.number, step="contact")
    assert answer.response.status_code == 403
    assert answer.error
    assert await challenges(signing) == before


async def test_a_form_without_the_cookie_or_with_anothers_does_nothing(
    browser: Browser, app: App, signing: SignInWorld
) -> None:
    page = await browser.open(app.request())
    own = next(each for each in browser.http.cookies.jar if each.name == "kontant-sign-in")
    assert own.value is not None
    before = await challenges(signing)
    for cookie in (None, "", "x", signing.identity.forms.new_browser(), own.value[:-1]):
        browser.http.cookies.clear()
        if cookie is not None:
            browser.http.cookies.set("kontant-sign-in", cookie)
        answer = await browser.send(page, contact=browser.number, step="contact")
        assert answer.response.status_code == 403
    assert await challenges(signing) == before


@pytest.mark.parametrize("proof", ["", "x", "0" * 64, "é"])
async def test_a_form_without_its_proof_does_nothing(browser: Browser, app: App, proof: str) -> None:
    page = await browser.open(app.request())
    answer = await browser.send(page, proof=proof, contact=browser.number, step="contact")
    assert answer.response.status_code == 403


async def test_a_proof_is_good_for_its_own_request_only(browser: Browser, app: App) -> None:
    """Else a form that somebody began for one app could end at another."""
    page, code = await browser.to_code(app.request())
    other = await browser.open(App(client_id="native", redirect_uri="com.example.app:/in").request())
    page.action = other.action
    assert (await browser.send(page, code=code, step="code")).response.status_code == 403


async def test_a_request_that_was_changed_on_its_way_is_refused(browser: Browser, app: App) -> None:
    page, code = await browser.to_code(app.request())
    page.action = page.action.replace("signed-in", "elsewhere")
    assert (await browser.send(page, code=code, step="code")).response.status_code == 400


async def test_the_cookie_is_short_and_for_this_page(browser: Browser, app: App) -> None:
    page = await browser.open(app.request())
    cookie = page.response.headers["set-cookie"].lower()
    for part in ("httponly", "samesite=lax", "path=/", "max-age=600"):
        assert part in cookie
    assert "domain" not in cookie
    page, code = await browser.to_code(app.request())
    await browser.send(page, code=code, step="code")
    assert [each.name for each in browser.http.cookies.jar] == ["kontant-device"]


async def test_with_tls_the_cookie_is_the_hosts_own(signing: SignInWorld, app: App) -> None:
    operator = replace(signing.operator, issuer="https://norrsken.localhost")
    secure = SignInWorld(signing.database, operator, signing.clock, signing.ids, clients=CLIENTS)
    transport = httpx2.ASGITransport(cast("Any", Starlette(routes=routes(lambda _: secure))))
    async with httpx2.AsyncClient(transport=transport, base_url=operator.issuer) as http:
        response = await http.get("/oauth/authorize", params=app.request())
        assert response.headers["set-cookie"].startswith("__Host-kontant-sign-in=")
        assert "; Secure" in response.headers["set-cookie"]


async def test_the_policy_allows_nothing_but_the_form(browser: Browser, app: App) -> None:
    headers = (await browser.open(app.request())).response.headers
    policy = dict(part.strip().split(" ", 1) for part in headers["content-security-policy"].split(";"))
    assert policy["default-src"] == "'none'"
    assert policy["frame-ancestors"] == "'none'"
    assert policy["base-uri"] == "'none'"
    assert policy["form-action"] == "'self' https://app.example"
    assert "unsafe" not in headers["content-security-policy"]
    assert headers["cache-control"] == "no-store"
    assert headers["x-frame-options"] == "DENY"
    assert headers["referrer-policy"] == "same-origin"


async def test_what_is_typed_or_configured_is_escaped(browser: Browser, app: App) -> None:
    attack = '"><script>alert(1)</script>'
    page = await browser.open(app.request(login_hint=attack, state=attack))
    assert "Mitt &amp; &lt;Norrsken&gt;" in page.text
    again = await browser.send(page, contact=attack, step="contact")
    for text in (page.text, again.text):
        assert "<script" not in text


@pytest.mark.parametrize(
    ("ui_locales", "accept", "language"),
    [
        (None, "", "sv-SE"),
        (None, "en-GB", "en"),
        ("en", "sv", "en"),
        ("fi en-GB sv", "sv", "en"),
        ("fi", "en", "en"),
        ("xx-yy zz", "", "sv-SE"),
    ],
)
async def test_it_speaks_the_persons_language(
    browser: Browser, app: App, ui_locales: str | None, accept: str, language: str
) -> None:
    page = await browser.open(app.request(ui_locales=ui_locales), **{"Accept-Language": accept})
    assert f'<html lang="{language}">' in page.text
    assert page.response.headers["content-language"] == language
    following = await browser.send(page, {"Accept-Language": accept}, contact="nonsense", step="contact")
    assert f'<html lang="{language}">' in following.text


async def test_an_error_is_announced_and_tied_to_its_field(browser: Browser, app: App) -> None:
    page = await browser.open(app.request(ui_locales="en"))
    answer = await browser.send(page, contact="070", step="contact")
    assert answer.error == "The phone number is not correct. Check it and try again."
    assert 'aria-invalid="true"' in answer.text
    assert 'aria-describedby="error hint"' in answer.text
    assert "<title>Error: " in answer.text


async def test_who_asks_for_too_many_codes_is_told_to_wait(browser: Browser, app: App) -> None:
    page = await browser.open(app.request(ui_locales="en"))
    await browser.send(page, contact=browser.number, step="contact")
    answer: Page = await browser.send(page, contact=browser.number, step="contact")
    assert answer.error
    assert "too many codes" in answer.error


async def test_an_email_address_goes_into_the_same_field(browser: Browser, app: App, signing: SignInWorld) -> None:
    page = await browser.open(app.request())
    for part in ('<label for="contact">', 'autocomplete="username"', 'inputmode="email"', 'aria-describedby="hint"'):
        assert part in page.text
    answer = await browser.send(page, contact="Nobody@Example.com", step="contact")
    assert answer.hidden["contact"] == "Nobody@Example.com"
    kept = "select channel from sign_in_challenge where id = $1"
    assert await signing.database.fetchval(kept, UUID(answer.hidden["challenge_id"])) == "EMAIL"
    refused = await browser.send(page, contact="nobody@", step="contact")
    assert refused.error
    assert "E-post" in refused.error


async def test_a_browser_on_which_somebody_has_signed_in_is_not_kept_waiting_by_strangers(
    browser: Browser, app: App, signing: SignInWorld
) -> None:
    await browser.sign_in(app.request())
    await signing.code_for(browser.number)  # a stranger's
    await browser.sign_in(app.request())
    cookie = next(each for each in browser.http.cookies.jar if each.name == "kontant-device")
    assert cookie.has_nonstandard_attr("HttpOnly")
    browser.http.cookies.clear()
    page = await browser.send(await browser.open(app.request()), contact=browser.number, step="contact")
    assert page.error
