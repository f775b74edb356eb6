"""Signing in through the browser, and what people try with it."""

from __future__ import annotations

import asyncio
import re
from datetime import timedelta
from urllib.parse import urlencode

import pytest
from joserfc import jwt
from joserfc.jwk import KeySet

from tests.api.oauth.browser import REDIRECT, App, Browser, Page, answered
from tests.auth.support import NOBODYS_NUMBER, SignInWorld

ISSUER = "http://norrsken.localhost"


async def test_a_person_signs_in_and_the_app_gets_tokens(browser: Browser, app: App, signing: SignInWorld) -> None:
    answer = await browser.sign_in(app.request())
    assert (answer["state"], answer["iss"], set(answer)) == ("the app's own state", ISSUER, {"code", "state", "iss"})
    response = await browser.post("/oauth/token", app.redemption(answer["code"]))
    body = response.json()
    assert set(body) == {"access_token", "token_type", "expires_in", "refresh_token", "scope", "id_token"}
    actor = await signing.identity.authenticator.actor(f"Bearer {body['access_token']}")
    assert actor.subject == browser.person


async def test_the_id_token_says_who_when_how_and_for_whom(browser: Browser, app: App, signing: SignInWorld) -> None:
    signed_in_at = int(signing.clock.now().timestamp())
    code = (await browser.sign_in(app.request(nonce="of this request")))["code"]
    signing.clock.advance(timedelta(seconds=30))
    body = (await browser.post("/oauth/token", app.redemption(code))).json()
    keys = KeySet.import_key_set((await browser.http.get("/oauth/jwks")).json())
    token = jwt.decode(body["id_token"], keys, algorithms=["ES256"])
    assert token.header["typ"] == "JWT"
    claims = token.claims
    assert (claims["iss"], claims["aud"], claims["sub"]) == (ISSUER, "web", str(browser.person))
    assert (claims["nonce"], claims["auth_time"], claims["iat"]) == ("of this request", signed_in_at, signed_in_at + 30)
    assert claims["acr"] == "urn:kontant:acr:sign-in-code"
    refreshed = await browser.post(
        "/oauth/token",
        {"grant_type": "refresh_token", "client_id": "web", "refresh_token": body["refresh_token"]},
    )
    again = jwt.decode(refreshed.json()["id_token"], keys, algorithms=["ES256"]).claims
    assert again["auth_time"] == signed_in_at
    assert "nonce" not in again
    shown = await browser.http.get("/oauth/userinfo", headers={"Authorization": f"Bearer {body['access_token']}"})
    assert shown.json() == {"sub": claims["sub"]}


async def test_without_openid_there_is_no_id_token(browser: Browser, app: App) -> None:
    assert "id_token" not in await browser.tokens(app, scope=None)


async def test_an_id_token_opens_nothing(browser: Browser, app: App) -> None:
    token = (await browser.tokens(app))["id_token"]
    response = await browser.http.get("/oauth/userinfo", headers={"Authorization": f"Bearer {token}"})
    assert response.status_code == 401
    assert response.headers["www-authenticate"] == 'Bearer error="invalid_token"'


async def test_an_answer_is_added_to_the_query_that_an_address_has(browser: Browser) -> None:
    app = App(redirect_uri="https://app.example/second?kept=1")
    assert (await browser.sign_in(app.request()))["kept"] == "1"


@pytest.mark.parametrize("uri", ["com.example.app:/in", "http://127.0.0.1:51234/in", "http://[::1]:9/in"])
async def test_a_native_app_is_answered_where_it_listens(browser: Browser, uri: str) -> None:
    app = App(client_id="native", redirect_uri=uri)
    page, code = await browser.to_code(app.request())
    response = (await browser.send(page, code=code, step="code")).response
    assert response.headers["location"].startswith(f"{uri}?code=")


# What is refused before the app may hear of it


@pytest.mark.parametrize(
    "change",
    [
        {"client_id": "unknown"},
        {"client_id": None},
        {"client_id": "server"},
        {"redirect_uri": None},
        {"redirect_uri": "https://attacker.example/"},
        {"redirect_uri": f"{REDIRECT}/"},
        {"redirect_uri": f"{REDIRECT}?more=1"},
        {"redirect_uri": f"{REDIRECT}#fragment"},
        {"redirect_uri": f"{REDIRECT}/../../other"},
        {"redirect_uri": REDIRECT.replace("https", "http")},
        {"redirect_uri": REDIRECT.replace("app.", "APP.")},
        {"redirect_uri": "https://app.example:444/signed-in"},
        {"redirect_uri": "https://app.example@attacker.example/signed-in"},
        {"redirect_uri": "https://app.example.attacker.example/signed-in"},
        {"redirect_uri": "javascript:alert(1)"},
        {"redirect_uri": "http://127.0.0.1/in"},
        {"client_id": "native", "redirect_uri": "http://localhost/in"},
        {"client_id": "native", "redirect_uri": "http://127.0.0.1@attacker.example/in"},
        {"client_id": "native", "redirect_uri": "http://127.0.0.1:1@attacker.example/in"},
        {"client_id": "native", "redirect_uri": "http://127.0.0.1:80/other"},
        {"client_id": "native", "redirect_uri": "http://127.0.0.2:80/in"},
        {"client_id": "native", "redirect_uri": "https://127.0.0.1:80/in"},
    ],
)
async def test_nobody_is_sent_where_no_client_is(browser: Browser, app: App, change: dict[str, str | None]) -> None:
    response = (await browser.open(app.request(**change))).response
    assert (response.status_code, "location" in response.headers) == (400, False)
    assert "<form" not in response.text


# What the app is told


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"response_type": "token"}, "unsupported_response_type"),
        ({"response_type": "code id_token"}, "unsupported_response_type"),
        ({"response_type": '"<é>'}, "invalid_request"),
        ({"response_type": None}, "invalid_request"),
        ({"response_mode": "fragment"}, "invalid_request"),
        ({"code_challenge": None}, "invalid_request"),
        ({"code_challenge": "short"}, "invalid_request"),
        ({"code_challenge_method": None}, "invalid_request"),
        ({"code_challenge_method": "plain"}, "invalid_request"),
        ({"code_challenge_method": "s256"}, "invalid_request"),
        ({"code_challenge": None, "code_challenge_method": None}, "invalid_request"),
        ({"prompt": "none"}, "login_required"),
        ({"prompt": "none login"}, "invalid_request"),
        ({"prompt": "dance"}, "invalid_request"),
        ({"max_age": "-1"}, "invalid_request"),
        ({"max_age": "soon"}, "invalid_request"),
        ({"scope": "admin"}, "invalid_scope"),
        ({"request": "eyJ"}, "request_not_supported"),
        ({"request_uri": "https://attacker.example"}, "request_uri_not_supported"),
        ({"nonce": "x" * 1025}, "invalid_request"),
        ({"nonce": "a\r\nSet-Cookie: b"}, "invalid_request"),
    ],
)
async def test_the_app_is_told_what_is_wrong(
    browser: Browser, app: App, change: dict[str, str | None], error: str
) -> None:
    page = await browser.open(app.request(**change))
    answer = answered(page)
    assert page.response.headers["location"].startswith(f"{REDIRECT}?")
    assert (answer["error"], answer["iss"], answer["state"]) == (error, ISSUER, "the app's own state")
    assert answer["error_description"].endswith(".")


@pytest.mark.parametrize("name", ["scope", "state", "nonce", "code_challenge", "unknown"])
async def test_a_parameter_that_comes_twice_is_refused(browser: Browser, app: App, name: str) -> None:
    query = urlencode([*app.request(unknown="1").items(), (name, "2")])
    assert answered(Page(await browser.http.get(f"/oauth/authorize?{query}")))["error"] == "invalid_request"


@pytest.mark.parametrize("name", ["client_id", "redirect_uri"])
async def test_an_address_that_comes_twice_is_no_address(browser: Browser, app: App, name: str) -> None:
    query = urlencode([*app.request().items(), (name, app.request()[name])])
    assert (await browser.http.get(f"/oauth/authorize?{query}")).status_code == 400


@pytest.mark.parametrize("prompt", ["login", "consent", "select_account", "login consent"])
async def test_who_is_to_be_asked_is_asked(browser: Browser, app: App, prompt: str) -> None:
    page = await browser.open(app.request(prompt=prompt, max_age="0", login_hint=browser.number))
    assert f'value="{browser.number}"' in page.text


async def test_an_app_may_ask_by_post_too(browser: Browser, app: App) -> None:
    page = Page(await browser.post("/oauth/authorize", app.request(), headers={"Origin": "https://app.example"}))
    assert page.response.status_code == 200
    assert page.hidden["proof"]


async def test_who_gives_up_is_sent_back(browser: Browser, app: App) -> None:
    answer = answered(await browser.send(await browser.open(app.request()), step="cancel"))
    assert answer["error"] == "access_denied"


# The code


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"code_verifier": "x" * 43}, "invalid_grant"),
        ({"code_verifier": None}, "invalid_request"),
        ({"code_verifier": "short"}, "invalid_request"),
        ({"code_verifier": "x" * 129}, "invalid_request"),
        ({"redirect_uri": None}, "invalid_request"),
        ({"redirect_uri": "https://app.example/second?kept=1"}, "invalid_grant"),
        ({"client_id": "native"}, "invalid_grant"),
        ({"client_id": "server"}, "invalid_client"),
        ({"client_id": None}, "invalid_client"),
    ],
)
async def test_a_stolen_code_is_worth_nothing(
    browser: Browser, app: App, change: dict[str, str | None], error: str
) -> None:
    code = (await browser.sign_in(app.request()))["code"]
    response = await browser.post("/oauth/token", app.redemption(code, **change))
    assert response.json()["error"] == error
    assert (await browser.post("/oauth/token", app.redemption(code))).status_code == 200, "a thief used it up"


async def test_a_code_cannot_be_guessed(browser: Browser, app: App) -> None:
    code = (await browser.sign_in(app.request()))["code"]
    assert len(code) == 43
    for guess in ("x" * 43, code[:-1], f"{code}x", "\x00", "é"):
        response = await browser.post("/oauth/token", app.redemption(guess))
        assert response.json()["error"] == "invalid_grant"


async def test_the_challenge_itself_is_no_verifier(browser: Browser, app: App) -> None:
    """As it would be with `plain`: whoever reads the request in the address bar could redeem the code."""
    code = (await browser.sign_in(app.request()))["code"]
    response = await browser.post("/oauth/token", app.redemption(code, code_verifier=app.challenge))
    assert response.json()["error"] == "invalid_grant"


async def test_a_code_is_good_for_a_minute(browser: Browser, app: App, signing: SignInWorld) -> None:
    for seconds, status in ((59, 200), (60, 400)):
        code = (await browser.sign_in(app.request()))["code"]
        signing.clock.advance(timedelta(seconds=seconds))
        assert (await browser.post("/oauth/token", app.redemption(code))).status_code == status


@pytest.mark.parametrize("verifier", [None, "y" * 43])
async def test_a_code_used_twice_ends_the_session_it_made(browser: Browser, app: App, verifier: str | None) -> None:
    code = (await browser.sign_in(app.request()))["code"]
    body = (await browser.post("/oauth/token", app.redemption(code))).json()
    assert await browser.is_active(body["access_token"])
    again = app.redemption(code, **({"code_verifier": verifier} if verifier else {}))
    assert (await browser.post("/oauth/token", again)).json()["error"] == "invalid_grant"
    assert not await browser.is_active(body["access_token"])
    refresh = {"grant_type": "refresh_token", "client_id": "web", "refresh_token": body["refresh_token"]}
    assert (await browser.post("/oauth/token", refresh)).json()["error"] == "invalid_grant"


async def test_of_many_who_redeem_at_once_one_is_first_and_none_stays(browser: Browser, app: App) -> None:
    code = (await browser.sign_in(app.request()))["code"]
    answers = await asyncio.gather(*[browser.post("/oauth/token", app.redemption(code)) for _ in range(6)])
    [granted] = [answer.json() for answer in answers if answer.status_code == 200]
    assert not await browser.is_active(granted["access_token"])


async def test_a_web_front_end_may_not_ask_for_sign_in_codes(browser: Browser, signing: SignInWorld) -> None:
    challenge_id, code = await signing.code_for(browser.number)
    form = {"grant_type": "urn:kontant:grant-type:sign-in-code", "challenge_id": str(challenge_id), "code": code}
    assert (await browser.post("/oauth/token", form | {"client_id": "web"})).json()["error"] == "unauthorized_client"
    assert (await browser.post("/oauth/token", form | {"client_id": "native"})).status_code == 200


async def test_a_sign_in_code_is_worth_one_sign_in_whichever_way(
    browser: Browser, app: App, signing: SignInWorld
) -> None:
    page, code = await browser.to_code(app.request())
    form = {
        "grant_type": "urn:kontant:grant-type:sign-in-code",
        "challenge_id": page.hidden["challenge_id"],
        "code": code,
        "client_id": "native",
    }
    assert (await browser.post("/oauth/token", form)).status_code == 200
    assert (await browser.send(page, code=code, step="code")).error


async def test_five_wrong_codes_use_a_challenge_up(browser: Browser, app: App) -> None:
    page, code = await browser.to_code(app.request())
    wrong = f"{(int(code) + 1) % 1_000_000:06}"
    for _ in range(5):
        answer = await browser.send(page, code=wrong, step="code")
        assert (answer.response.status_code, answer.hidden["challenge_id"]) == (400, page.hidden["challenge_id"])
    assert (await browser.send(page, code=code, step="code")).error


async def test_the_page_does_not_tell_who_is_known(browser: Browser, app: App) -> None:
    page = await browser.open(app.request())
    known = await browser.send(page, contact=browser.number, step="contact")
    unknown = await browser.send(page, contact=NOBODYS_NUMBER, step="contact")

    def plain(one: Page, number: str) -> str:
        return re.sub(r'(name="challenge_id" value=")[^"]+', r"\1", one.text).replace(number, "")

    assert plain(known, browser.number) == plain(unknown, NOBODYS_NUMBER)
    assert (await browser.send(unknown, code="000000", step="code")).error


async def test_nothing_secret_is_logged(browser: Browser, app: App, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(0)
    tokens = await browser.tokens(app)
    assert caplog.text
    for secret in (tokens["id_token"], tokens["refresh_token"], app.verifier, browser.number):
        assert secret not in caplog.text
