"""Signing in by an identity provider, with one that can be made to say anything."""

from __future__ import annotations

import gzip
from collections.abc import AsyncGenerator, Callable
from datetime import date, timedelta
from typing import Any, Final, cast
from urllib.parse import urlsplit
from uuid import UUID

import httpx2
import pytest
from joserfc.jwk import ECKey
from starlette.applications import Starlette

from api.oauth import routes
from domain.kernel.access import Assurance, StaffRole
from domain.kernel.errors import Unauthenticated
from persistence.database import open_database
from tests.api.oauth.browser import CLIENTS, App, Browser, Page, answered
from tests.api.oauth.forger import BROKER, EMPLOYER, KARIN, Forger, come_back, rsa, symmetric
from tests.auth.support import SignInWorld
from tests.support.databases import TestServer
from tests.support.operators import NORRSKEN
from tests.support.time import TestClock, TestIds
from tests.support.world import World

STRONG: Final = "urn:kontant:acr:electronic-id"


@pytest.fixture(scope="module")
def forged() -> Forger:
    return Forger(TestClock())


@pytest.fixture(scope="module")
async def signing(server: TestServer, forged: Forger) -> AsyncGenerator[SignInWorld]:
    name = await server.new_database()
    database = await open_database(server.server.application_url(name), connections=5)
    world = World(database, NORRSKEN, forged.clock, TestIds(forged.clock), cast("Any", None))
    signing = SignInWorld(
        database,
        NORRSKEN,
        forged.clock,
        world.ids,
        clients=CLIENTS,
        providers=(BROKER, EMPLOYER),
        transport=forged.transport,
    )
    signing.people = world
    yield signing
    await signing.identity.aclose()
    await database.close()
    await server.drop(name)


@pytest.fixture
async def browser(signing: SignInWorld, forged: Forger) -> AsyncGenerator[Browser]:
    """A browser without cookies. The provider is honest, has met nobody, and its keys are read anew."""
    forged.forget()
    for relying in signing.identity.providers.values():
        relying.forget()
    app = Starlette(routes=routes(lambda _: signing))
    transport = httpx2.ASGITransport(cast("Any", app))
    async with httpx2.AsyncClient(transport=transport, base_url=NORRSKEN.issuer) as http:
        yield await Browser.of_someone(signing, http)


@pytest.fixture
def staff_app() -> App:
    return App(client_id="support", redirect_uri="https://support.example/in")


async def left(browser: Browser, forged: Forger, app: App, **changes: str | None) -> dict[str, str]:
    """Somebody goes to the provider. What they would honestly bring back."""
    page = await browser.open(app.request(**changes))
    return forged.went(page.response)


async def identified(browser: Browser, forged: Forger, app: App, **who: Any) -> Page:
    """A customer goes and comes back, as this person."""
    forged.who = {**KARIN, "sub": f"of {browser.number}", **who}
    return Page(await come_back(browser.http, await left(browser, forged, app, acr_values=STRONG)))


async def linked(browser: Browser, page: Page, number: str | None = None) -> Page:
    """From the page that asks for the phone to the end."""
    page = await browser.send(page, contact=number or browser.number, step="contact")
    code = browser.signing.identity.codes.code_of(UUID(page.hidden["challenge_id"]))
    return await browser.send(page, code=code, step="code")


async def admitted(browser: Browser, forged: Forger, app: App, *groups: str, sub: str = "sven") -> httpx2.Response:
    forged.who = {"sub": sub, "name": "Sven Agent", "groups": list(groups)}
    return await come_back(browser.http, await left(browser, forged, app))


async def tokens(browser: Browser, app: App, answer: Page) -> dict[str, Any]:
    response = await browser.post("/oauth/token", app.redemption(answered(answer)["code"]))
    assert response.status_code == 200, response.text
    return response.json()


def must_be_refused(response: httpx2.Response, error: str = "server_error") -> None:
    told = answered(Page(response))
    assert (told["error"], told["state"], told["iss"]) == (error, "the app's own state", NORRSKEN.issuer)
    assert "code" not in told


# Customers


async def test_a_new_identity_is_linked_by_the_phone_once_and_then_enough(
    browser: Browser, forged: Forger, app: App, signing: SignInWorld
) -> None:
    page = await identified(browser, forged, app)
    assert page.response.status_code == 200
    assert "telefonnummer" in page.text
    first = await tokens(browser, app, await linked(browser, page))
    again = await identified(browser, forged, app)
    for body in (first, await tokens(browser, app, again)):
        actor = await signing.identity.authenticator.actor(f"Bearer {body['access_token']}")
        assert actor.subject == browser.person
        assert actor.authentication is not None
        assert actor.authentication.assurance is Assurance.STRONG


async def test_the_provider_is_asked_for_what_it_must_be(browser: Browser, forged: Forger, app: App) -> None:
    await left(browser, forged, app, acr_values=STRONG)
    asked = forged.asked
    assert (asked["client_id"], asked["redirect_uri"]) == ("norrsken", "http://norrsken.localhost/oauth/callback")
    assert (asked["response_type"], asked["code_challenge_method"], asked["scope"]) == (
        "code",
        "S256",
        "openid profile",
    )
    assert (asked["acr_values"], asked["prompt"], asked["ui"]) == ("urn:broker:high", "login", "same-device")
    assert min(len(asked["state"]), len(asked["nonce"]), len(asked["code_challenge"])) >= 43


async def test_the_page_shows_the_way_to_the_electronic_identity(browser: Browser, forged: Forger, app: App) -> None:
    page = await browser.open(app.request())
    assert "BankID" in page.text
    [address] = [line.split('href="')[1].split('"')[0] for line in page.text.splitlines() if 'class="button"' in line]
    forged.went(await browser.http.get(address.replace("&amp;", "&")))


async def test_who_asks_for_either_gets_the_page(browser: Browser, app: App) -> None:
    page = await browser.open(app.request(acr_values=f"{STRONG} urn:kontant:acr:sign-in-code"))
    assert page.response.status_code == 200
    assert page.action


async def test_an_identity_that_is_another_customers_cannot_be_linked(
    browser: Browser, forged: Forger, app: App, signing: SignInWorld
) -> None:
    await linked(browser, await identified(browser, forged, app))
    other = await Browser.of_someone(signing, browser.http)
    answer = await linked(other, await identified(other, forged, app, sub="another"), browser.number)
    assert answer.response.status_code == 403
    assert answer.error
    assert "Karin" not in answer.text
    kept = await signing.database.fetch("select subject from federated_identity where customer_id = $1", browser.person)
    assert [row[0] for row in kept] == [f"of {browser.number}"]


async def test_a_birth_date_that_is_not_the_customers_refuses(
    browser: Browser, forged: Forger, app: App, signing: SignInWorld
) -> None:
    people = signing.people
    assert people is not None
    number = "+46701760001"
    await people.person(phone_number=number, born=date(1990, 1, 1))
    answer = await linked(browser, await identified(browser, forged, app), number)
    assert answer.response.status_code == 403
    signing.clock.advance(timedelta(minutes=5))  # another code is not sent at once
    answer = await linked(browser, await identified(browser, forged, app, birthdate="19900101"), number)
    assert answered(answer)["code"]


async def test_an_identity_whose_number_is_another_customers_is_refused_at_the_callback_too(
    browser: Browser, forged: Forger, app: App, signing: SignInWorld
) -> None:
    """Two identities of one provider that have the same national identity number."""
    await linked(browser, await identified(browser, forged, app, pnr="19121212-1212"))
    other = await Browser.of_someone(signing, browser.http)
    await linked(other, await identified(other, forged, app, pnr="19121212-1220"))
    answer = await identified(other, forged, app, pnr="19121212-1212")
    assert answer.response.status_code == 403
    assert "location" not in answer.response.headers


async def test_an_e_mail_address_and_a_wrong_code_link_nothing(
    browser: Browser, forged: Forger, app: App, signing: SignInWorld
) -> None:
    page = await identified(browser, forged, app)
    assert (await browser.send(page, contact="karin@example.com", step="contact")).response.status_code == 400
    page = await browser.send(page, contact=browser.number, step="contact")
    right = signing.identity.codes.code_of(UUID(page.hidden["challenge_id"]))
    answer = await browser.send(page, code=f"{(int(right) + 1) % 10**6:06}", step="code")
    assert answer.response.status_code == 400
    assert not await signing.database.fetch("select from federated_identity where customer_id = $1", browser.person)


async def test_a_code_by_phone_alone_does_not_make_a_strong_session(browser: Browser, app: App) -> None:
    """The form of a request that needs an electronic identity is worth nothing before somebody was identified."""
    page = await browser.open(app.request())
    page.action = f"{page.action}&acr_values={STRONG}"
    assert (await browser.send(page, contact=browser.number, step="contact")).response.status_code == 403


async def test_an_identification_is_good_for_its_own_request_and_ten_minutes(
    browser: Browser, forged: Forger, app: App, signing: SignInWorld
) -> None:
    page = await identified(browser, forged, app)
    elsewhere = page.action.replace("state=the+app", "state=another+app")
    assert elsewhere != page.action
    proof = signing.identity.forms.proof(browser.http.cookies["kontant-sign-in"], elsewhere.partition("?")[2])
    form = {"proof": proof, "contact": browser.number, "step": "contact"}
    response = await browser.http.post(elsewhere, data=form)
    assert response.status_code == 403
    signing.clock.advance(timedelta(minutes=10))
    assert (await browser.send(page, contact=browser.number, step="contact")).response.status_code == 403


# Staff


@pytest.mark.parametrize(
    ("groups", "roles"),
    [
        (("support",), {StaffRole.AGENT}),
        (("chiefs", "canteen"), {StaffRole.LEAD, StaffRole.ANALYST}),
        (("support", "chiefs"), {StaffRole.AGENT, StaffRole.LEAD, StaffRole.ANALYST}),
    ],
)
async def test_staff_have_the_roles_of_their_groups(
    browser: Browser,
    forged: Forger,
    staff_app: App,
    signing: SignInWorld,
    groups: tuple[str, ...],
    roles: set[StaffRole],
) -> None:
    answer = Page(await admitted(browser, forged, staff_app, *groups))
    body = await tokens(browser, staff_app, answer)
    actor = await signing.identity.authenticator.actor(f"Bearer {body['access_token']}")
    assert (actor.staff_id is not None, actor.roles) == (True, roles)
    assert actor.authentication is not None
    assert actor.authentication.assurance is Assurance.BASIC


@pytest.mark.parametrize("groups", [(), ("canteen",), ("Support",), ("support ",)])
async def test_who_is_in_no_group_is_not_let_in_nor_kept(
    browser: Browser, forged: Forger, staff_app: App, signing: SignInWorld, groups: tuple[str, ...]
) -> None:
    response = await admitted(browser, forged, staff_app, *groups, sub="nobody")
    must_be_refused(response, "access_denied")
    assert not await signing.database.fetch("select from staff where subject = 'nobody'")


@pytest.mark.parametrize("groups", [(), ("support",)])
async def test_a_role_that_was_taken_away_ends_every_session(
    browser: Browser, forged: Forger, staff_app: App, signing: SignInWorld, groups: tuple[str, ...]
) -> None:
    before = await tokens(browser, staff_app, Page(await admitted(browser, forged, staff_app, "chiefs", "support")))
    await admitted(browser, forged, staff_app, *groups)
    refused = await browser.post(
        "/oauth/token",
        {"grant_type": "refresh_token", "client_id": "support", "refresh_token": before["refresh_token"]},
    )
    assert refused.json()["error"] == "invalid_grant"
    signing.clock.advance(timedelta(seconds=31))
    with pytest.raises(Unauthenticated):
        await signing.identity.authenticator.actor(f"Bearer {before['access_token']}")


async def test_another_sign_in_with_the_same_roles_ends_nothing(
    browser: Browser, forged: Forger, staff_app: App, signing: SignInWorld
) -> None:
    before = await tokens(browser, staff_app, Page(await admitted(browser, forged, staff_app, "support", sub="same")))
    await admitted(browser, forged, staff_app, "support", "chiefs", sub="same")
    signing.clock.advance(timedelta(seconds=31))
    assert await signing.identity.authenticator.actor(f"Bearer {before['access_token']}")


async def test_the_app_decides_how_fresh_the_employers_word_must_be(
    browser: Browser, forged: Forger, staff_app: App
) -> None:
    await left(browser, forged, staff_app, prompt="login", max_age="60")
    assert (forged.asked["prompt"], forged.asked["max_age"]) == ("login", "60")
    await left(browser, forged, staff_app)
    assert not {"prompt", "max_age"} & forged.asked.keys()
    forged.who = {"sub": "sven", "name": "Sven Agent", "groups": ["support"]}
    for auth_time in (None, "yesterday", int(forged.clock.now().timestamp()) - 100):
        forged.claims = {"auth_time": auth_time}
        must_be_refused(await come_back(browser.http, await left(browser, forged, staff_app, max_age="60")))


# What the provider says


@pytest.mark.parametrize(
    "claims",
    [
        {"iss": "https://other.example"},
        {"iss": None},
        {"aud": "another"},
        {"aud": ["norrsken", "another"]},
        {"aud": ["norrsken", "another"], "azp": "another"},
        {"azp": "another"},
        {"aud": ["another"], "azp": "norrsken"},
        {"nonce": "of another sign-in"},
        {"nonce": None},
        {"exp": 1_000_000_000},
        {"exp": None},
        {"exp": "never"},
        {"iat": 4_000_000_000},
        {"iat": 1_000_000_000},
        {"iat": None},
        {"auth_time": 1_000_000_000},
        {"acr": None},
        {"acr": "urn:broker:low"},
        {"acr": ["urn:broker:high"]},
        {"at_hash": "AAAAAAAAAAAAAAAAAAAAAA"},
        {"at_hash": 1},
        {"sub": None},
        {"sub": ""},
        {"sub": 7},
        {"sub": "x" * 256},
        {"sub": "karin\u202e"},
        {"given_name": 1},
        {"given_name": "K" * 256},
        {"family_name": None},
        {"family_name": "Lind\nqvist"},
        {"birthdate": "1985-13-01"},
        {"birthdate": "12/07/1985"},
        {"birthdate": 1985},
        {"pnr": ["19850712-9805"]},
    ],
    ids=str,
)
async def test_a_claim_that_is_not_right_refuses(
    browser: Browser, forged: Forger, app: App, claims: dict[str, Any]
) -> None:
    forged.claims = claims
    must_be_refused((await identified(browser, forged, app)).response)


@pytest.mark.parametrize(
    ("key", "header"),
    [
        (symmetric, {"alg": "HS256"}),
        (rsa, {"alg": "RS256"}),
        (lambda: ECKey.generate_key("P-256", {"kid": "first"}), {}),
        (lambda: ECKey.generate_key("P-256", {"kid": "unknown"}), {}),
        (None, {"alg": "none"}),
    ],
)
async def test_a_token_that_is_not_signed_by_the_providers_key_refuses(
    browser: Browser, forged: Forger, app: App, key: Callable[[], Any] | None, header: dict[str, Any]
) -> None:
    forged.key = key() if key else forged.key
    forged.header = header
    must_be_refused((await identified(browser, forged, app)).response)


@pytest.mark.parametrize("id_token", [None, 7, "a.b.c", "x" * 20_000])
async def test_an_answer_without_an_id_token_refuses(browser: Browser, forged: Forger, app: App, id_token: Any) -> None:
    forged.token = {"id_token": id_token}
    must_be_refused((await identified(browser, forged, app)).response)


async def test_a_token_that_names_no_key_is_good_only_where_there_is_one(
    browser: Browser, forged: Forger, app: App
) -> None:
    forged.header = {"kid": None}
    assert (await identified(browser, forged, app)).response.status_code == 200
    browser.signing.identity.providers[BROKER.kind].forget()
    forged.published = [*forged.published, ECKey.generate_key("P-256", {"kid": "other"})]
    must_be_refused((await identified(browser, forged, app)).response)


async def test_a_provider_that_changes_its_keys_is_followed(browser: Browser, forged: Forger, app: App) -> None:
    assert (await identified(browser, forged, app)).response.status_code == 200
    following = ECKey.generate_key("P-256", {"kid": "second", "use": "sig", "alg": "ES256"})
    forged.published = [following]
    forged.key = following
    assert (await identified(browser, forged, app)).response.status_code == 200


def failing(what: str) -> Callable[[httpx2.Request], httpx2.Response]:
    def answer(request: httpx2.Request) -> httpx2.Response:
        match what:
            case "down":
                raise httpx2.ConnectError("no route", request=request)
            case "slow":
                raise httpx2.ReadTimeout("still nothing", request=request)
            case "broken":
                return httpx2.Response(500, text="<h1>Oops</h1>")
            case "nonsense":
                return httpx2.Response(200, text="[[[")
            case "list":
                return httpx2.Response(200, json=[1, 2])
            case "bomb":
                packed = gzip.compress(b"{}")
                return httpx2.Response(200, headers={"Content-Encoding": "gzip"}, content=packed)
            case _:
                return httpx2.Response(302, headers={"Location": "https://attacker.example/"})

    return answer


@pytest.mark.parametrize("what", ["down", "slow", "broken", "nonsense", "list", "bomb", "elsewhere"])
@pytest.mark.parametrize("where", ["/openid-configuration", "/token", "/jwks"])
async def test_a_provider_that_does_not_answer_as_it_must_is_told_to_the_app(
    browser: Browser, forged: Forger, app: App, where: str, what: str
) -> None:
    forged.failing = {where: failing(what)}
    if where == "/openid-configuration":
        must_be_refused((await browser.open(app.request(acr_values=STRONG))).response, "temporarily_unavailable")
    else:
        must_be_refused((await identified(browser, forged, app)).response, "temporarily_unavailable")


async def test_no_answer_is_read_to_an_end_that_never_comes(browser: Browser, forged: Forger, app: App) -> None:
    forged.token = {"padding": "x" * 300_000}
    must_be_refused((await identified(browser, forged, app)).response, "temporarily_unavailable")
    forged.token = {"padding": "x" * 200_000}
    assert (await identified(browser, forged, app)).response.status_code == 200


@pytest.mark.parametrize(
    "metadata",
    [
        {"issuer": "https://other.example"},
        {"issuer": "https://broker.example/"},
        {"token_endpoint": "http://broker.example/token"},
        {"jwks_uri": "http://broker.example/jwks"},
        {"authorization_endpoint": "javascript:alert(1)"},
        {"authorization_endpoint": None},
    ],
    ids=str,
)
async def test_metadata_that_lead_elsewhere_are_not_followed(
    browser: Browser, forged: Forger, app: App, metadata: dict[str, Any]
) -> None:
    forged.metadata = metadata
    must_be_refused((await browser.open(app.request(acr_values=STRONG))).response, "temporarily_unavailable")


async def test_metadata_cannot_set_up_our_http_client(browser: Browser, forged: Forger, app: App) -> None:
    forged.metadata = {"verify": False, "transport": "x", "client_id": "y", "token": "z", "proxy": "http://a.example"}
    assert (await identified(browser, forged, app)).response.status_code == 200


# Coming back


async def must_lead_nowhere(browser: Browser, forged: Forger, response: httpx2.Response) -> None:
    """A plain page, and the provider's code was not even looked at."""
    assert response.status_code == 400
    assert "location" not in response.headers
    assert "form" not in response.text.partition("<main>")[2]
    assert not forged.redeemed


async def test_a_return_is_good_once(browser: Browser, forged: Forger, app: App) -> None:
    answer = await left(browser, forged, app, acr_values=STRONG)
    assert (await come_back(browser.http, answer)).status_code == 200
    forged.redeemed.clear()
    await must_lead_nowhere(browser, forged, await come_back(browser.http, answer))


async def test_another_browser_cannot_come_back_in_ones_place(
    browser: Browser, forged: Forger, app: App, signing: SignInWorld
) -> None:
    """Login CSRF: somebody is led to our address with the code and state of an attacker's own sign-in."""
    answer = await left(browser, forged, app, acr_values=STRONG)
    browser.http.cookies.clear()
    await must_lead_nowhere(browser, forged, await come_back(browser.http, answer))
    await left(browser, forged, app, acr_values=STRONG)
    await must_lead_nowhere(browser, forged, await come_back(browser.http, answer))


@pytest.mark.parametrize("state", ["", "guessed", "å"])
async def test_a_state_that_is_not_ours_leads_nowhere(browser: Browser, forged: Forger, app: App, state: str) -> None:
    answer = await left(browser, forged, app, acr_values=STRONG)
    await must_lead_nowhere(browser, forged, await come_back(browser.http, {**answer, "state": state}))


async def test_a_cookie_that_was_changed_leads_nowhere(browser: Browser, forged: Forger, app: App) -> None:
    answer = await left(browser, forged, app, acr_values=STRONG)
    sealed = browser.http.cookies["kontant-departure"]
    for changed in (sealed[:-5] + "AAAAA", "", "x", sealed[:40], sealed * 3):
        browser.http.cookies.clear()
        browser.http.cookies.set("kontant-departure", changed)
        await must_lead_nowhere(browser, forged, await come_back(browser.http, answer))


async def test_what_was_sealed_for_one_step_opens_no_other(browser: Browser, forged: Forger, app: App) -> None:
    await identified(browser, forged, app)
    sealed = browser.http.cookies["kontant-identified"]
    answer = await left(browser, forged, app, acr_values=STRONG)
    forged.redeemed.clear()
    browser.http.cookies.clear()
    browser.http.cookies.set("kontant-departure", sealed)
    await must_lead_nowhere(browser, forged, await come_back(browser.http, answer))


async def test_who_comes_back_too_late_starts_again(browser: Browser, forged: Forger, app: App) -> None:
    answer = await left(browser, forged, app, acr_values=STRONG)
    forged.clock.advance(timedelta(minutes=10))
    await must_lead_nowhere(browser, forged, await come_back(browser.http, answer))


async def test_a_parameter_that_comes_twice_leads_nowhere(browser: Browser, forged: Forger, app: App) -> None:
    answer = await left(browser, forged, app, acr_values=STRONG)
    response = await browser.http.get(f"/oauth/callback?code=a-code&state={answer['state']}&state={answer['state']}")
    await must_lead_nowhere(browser, forged, response)


@pytest.mark.parametrize("iss", ["https://employer.example", "https://broker.example/", "", None])
async def test_an_answer_of_another_provider_is_not_believed(
    browser: Browser, forged: Forger, app: App, iss: str | None
) -> None:
    """Mix-up (RFC 9207)."""
    forged.metadata = {"authorization_response_iss_parameter_supported": True}
    answer = await left(browser, forged, app, acr_values=STRONG)
    must_be_refused(await come_back(browser.http, answer | ({} if iss is None else {"iss": iss})))
    assert not forged.redeemed
    answer = await left(browser, forged, app, acr_values=STRONG)
    assert (await come_back(browser.http, {**answer, "iss": "https://broker.example"})).status_code == 200


@pytest.mark.parametrize(
    ("given", "error"),
    [
        ({"error": "access_denied"}, "access_denied"),
        ({"error": "login_required", "error_description": "<script>"}, "temporarily_unavailable"),
        ({"code": "guessed"}, "temporarily_unavailable"),
        ({"code": ""}, "server_error"),
    ],
)
async def test_what_went_wrong_at_the_provider_is_told_to_the_app(
    browser: Browser, forged: Forger, app: App, given: dict[str, str], error: str
) -> None:
    answer = await left(browser, forged, app, acr_values=STRONG)
    response = await come_back(browser.http, {**answer, **given})
    must_be_refused(response, error)
    assert "%3C" not in response.headers["location"]


# Where nobody is sent


@pytest.mark.parametrize(
    "redirect_uri", ["https://attacker.example/", "https://support.example/in/", "//attacker.example"]
)
async def test_nobody_is_sent_off_for_an_address_that_is_not_the_apps(
    browser: Browser, staff_app: App, redirect_uri: str
) -> None:
    page = await browser.open(staff_app.request(redirect_uri=redirect_uri))
    assert page.response.status_code == 400
    assert not browser.http.cookies


async def test_the_callback_cannot_be_told_where_to_lead(browser: Browser, forged: Forger, app: App) -> None:
    answer = await left(browser, forged, app, acr_values=STRONG)
    evil = {**answer, "redirect_uri": "https://attacker.example/", "next": "//attacker.example", "error": "x"}
    response = await come_back(browser.http, evil)
    assert urlsplit(response.headers["location"]).hostname == "app.example"


async def test_a_request_that_is_too_long_to_keep_is_refused(browser: Browser, app: App) -> None:
    request = app.request(acr_values=STRONG, state=None, nonce="n" * 1000, ui_locales="s " * 500, scope="openid " * 140)
    told = answered(await browser.open(request))
    assert told["error"] == "invalid_request"


async def test_the_metadata_name_the_electronic_identity_where_there_is_one(browser: Browser) -> None:
    told = (await browser.http.get("/.well-known/openid-configuration")).json()
    assert told["acr_values_supported"] == ["urn:kontant:acr:sign-in-code", STRONG]
