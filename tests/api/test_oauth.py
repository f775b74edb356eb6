"""The OAuth routes, over HTTP."""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import AsyncGenerator, AsyncIterator
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode
from uuid import uuid4

import httpx2
import pytest
from joserfc import jwt
from joserfc.jwk import KeySet
from starlette.applications import Starlette

from api.oauth import LARGEST_BODY_BYTES, routes
from tests.auth.support import KARINS_NUMBER, NOBODYS_NUMBER, MortalDatabase, SignInWorld
from tests.support.client import a_client
from tests.support.world import World

SIGN_IN_CODE = "urn:kontant:grant-type:sign-in-code"
FORM_TYPE = "application/x-www-form-urlencoded"
FORM = {"Content-Type": FORM_TYPE}


@pytest.fixture
def mortal(world: World) -> MortalDatabase:
    return MortalDatabase.over(world.database)


@pytest.fixture
async def signing(world: World, mortal: MortalDatabase) -> SignInWorld:
    await world.person(phone_number=KARINS_NUMBER)
    return SignInWorld(mortal, world.operator, world.clock, world.ids)


@pytest.fixture
async def client(signing: SignInWorld) -> AsyncGenerator[httpx2.AsyncClient]:
    app = Starlette(routes=routes(lambda _: signing))
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app), base_url="http://norrsken.localhost") as client:
        yield client


async def a_form(signing: SignInWorld, number: str = KARINS_NUMBER) -> dict[str, str]:
    challenge_id, code = await signing.code_for(number)
    return {
        "grant_type": SIGN_IN_CODE,
        "challenge_id": str(challenge_id),
        "code": code,
        "client_id": "kontant-app",
    }


def must_be_refused(answer: httpx2.Response, error: str, status: int = 400) -> None:
    """An error as RFC 6749, section 5.2, has it: JSON, never cached, and a sentence."""
    assert (answer.status_code, answer.json()["error"]) == (status, error)
    assert set(answer.json()) == {"error", "error_description"}
    assert answer.json()["error_description"].endswith(".")
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["cache-control"] == "no-store"


async def test_a_code_is_exchanged_for_tokens(client: httpx2.AsyncClient, signing: SignInWorld) -> None:
    answer = await client.post("/oauth/token", data=await a_form(signing))
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["pragma"] == "no-cache"
    body = answer.json()
    assert set(body) == {"access_token", "token_type", "expires_in", "refresh_token"}
    assert (body["token_type"], body["expires_in"], len(body["refresh_token"])) == ("Bearer", 600, 43)
    actor = await signing.identity.authenticator.actor(f"Bearer {body['access_token']}")
    assert actor.subject is not None


async def test_a_refresh_token_is_exchanged_for_the_next(client: httpx2.AsyncClient, signing: SignInWorld) -> None:
    body = (await client.post("/oauth/token", data=await a_form(signing))).json()
    for _ in range(2):
        signing.clock.advance(timedelta(minutes=9))
        form = {"grant_type": "refresh_token", "refresh_token": body["refresh_token"], "client_id": "kontant-app"}
        answer = await client.post("/oauth/token", data=form)
        assert answer.status_code == 200
        assert answer.json()["refresh_token"] != body["refresh_token"]
        body = answer.json()
    actor = await signing.identity.authenticator.actor(f"Bearer {body['access_token']}")
    assert actor.session_id == await signing.database.fetchval("select id from session")


async def test_a_refreshed_token_says_when_its_person_signed_in(
    client: httpx2.AsyncClient, signing: SignInWorld
) -> None:
    signed_in_at = int(signing.clock.now().timestamp())
    body = await signing.tokens()
    signing.clock.advance(timedelta(hours=1))
    refreshed = (await signing.ask(refresh_token=body["refresh_token"])).body
    payload = refreshed["access_token"].split(".")[1]
    said = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    assert (said["auth_time"], said["iat"]) == (signed_in_at, signed_in_at + 3600)


async def test_a_replayed_refresh_token_ends_the_session(client: httpx2.AsyncClient, signing: SignInWorld) -> None:
    first = (await signing.tokens())["refresh_token"]
    second = (await signing.ask(refresh_token=first)).body["refresh_token"]
    signing.clock.advance(timedelta(seconds=11))
    for token in (first, second):
        form = {"grant_type": "refresh_token", "refresh_token": token, "client_id": "kontant-app"}
        must_be_refused(await client.post("/oauth/token", data=form), "invalid_grant")


async def test_why_a_code_is_refused_is_never_said(client: httpx2.AsyncClient, signing: SignInWorld) -> None:
    used = await a_form(signing)
    await client.post("/oauth/token", data=used)
    exhausted = await a_form(signing)
    wrong = exhausted | {"code": f"{(int(exhausted['code']) + 1) % 1_000_000:06}"}
    answers = [await client.post("/oauth/token", data=wrong) for _ in range(5)]
    answers.append(await client.post("/oauth/token", data=exhausted))
    answers.append(await client.post("/oauth/token", data=used))
    answers.append(await client.post("/oauth/token", data=used | {"challenge_id": str(uuid4())}))
    answers.append(await client.post("/oauth/token", data=used | {"challenge_id": "no id at all"}))
    answers.append(await client.post("/oauth/token", data=await a_form(signing, NOBODYS_NUMBER)))
    signing.clock.advance(timedelta(seconds=30))
    expired = await a_form(signing)
    signing.clock.advance(timedelta(minutes=5))
    answers.append(await client.post("/oauth/token", data=expired))
    for answer in answers:
        must_be_refused(answer, "invalid_grant")
    assert len({(answer.content, tuple(sorted(answer.headers.items()))) for answer in answers}) == 1


async def test_a_parameter_that_is_missing_or_empty_is_named(client: httpx2.AsyncClient, signing: SignInWorld) -> None:
    form = await a_form(signing)
    for missing in ("grant_type", "challenge_id", "code"):
        without = {name: value for name, value in form.items() if name != missing}
        for changed in (without, form | {missing: ""}):
            answer = await client.post("/oauth/token", data=changed)
            must_be_refused(answer, "invalid_request")
            assert missing in answer.json()["error_description"]
    assert (await client.post("/oauth/token", data=form)).status_code == 200, "a try was taken for a malformed request"


async def test_a_refresh_without_a_token_is_malformed(client: httpx2.AsyncClient) -> None:
    answer = await client.post("/oauth/token", data={"grant_type": "refresh_token", "client_id": "kontant-app"})
    must_be_refused(answer, "invalid_request")


async def test_only_the_public_app_is_a_client(client: httpx2.AsyncClient, signing: SignInWorld) -> None:
    form = await a_form(signing)
    for changed in ({"client_id": "another-app"}, {"client_id": ""}, {"client_secret": "guessed"}):
        must_be_refused(await client.post("/oauth/token", data=form | changed), "invalid_client")


async def test_a_client_that_authenticates_by_header_is_told_so_by_401(
    client: httpx2.AsyncClient, signing: SignInWorld
) -> None:
    form = {name: value for name, value in (await a_form(signing)).items() if name != "client_id"}
    answer = await client.post("/oauth/token", data=form, auth=("kontant-app", "secret"))
    must_be_refused(answer, "invalid_client", 401)
    assert answer.headers["www-authenticate"].startswith("Basic")


async def test_other_grants_are_not_there_and_not_repeated(client: httpx2.AsyncClient) -> None:
    for grant in ("password", "client_credentials", "<script>", '"\\\n', "å", "REFRESH_TOKEN"):
        answer = await client.post("/oauth/token", data={"grant_type": grant, "client_id": "kontant-app", "code": "1"})
        must_be_refused(answer, "unsupported_grant_type")
        assert grant not in answer.json()["error_description"]


async def test_only_forms_are_read(client: httpx2.AsyncClient, signing: SignInWorld) -> None:
    form = await a_form(signing)
    for content_type in ("application/json", "multipart/form-data; boundary=x", "text/plain", "", f"{FORM_TYPE}x"):
        for content in (urlencode(form), json.dumps(form)):
            answer = await client.post("/oauth/token", content=content, headers={"Content-Type": content_type})
            must_be_refused(answer, "invalid_request")
    right = {"Content-Type": "Application/X-WWW-Form-URLEncoded; charset=UTF-8"}
    assert (await client.post("/oauth/token", content=urlencode(form), headers=right)).status_code == 200


async def test_a_parameter_that_comes_twice_is_refused(client: httpx2.AsyncClient, signing: SignInWorld) -> None:
    form = {"unknown": "1"} | await a_form(signing)
    for name, value in form.items():
        for second in (value, ""):
            twice = f"{urlencode(form)}&{urlencode({name: second})}"
            must_be_refused(await client.post("/oauth/token", content=twice, headers=FORM), "invalid_request")


async def test_parameters_in_the_address_are_not_read(client: httpx2.AsyncClient, signing: SignInWorld) -> None:
    form = await a_form(signing)
    must_be_refused(await client.post("/oauth/token", params=form, content="", headers=FORM), "invalid_request")


async def test_a_body_that_is_no_form_is_refused(client: httpx2.AsyncClient, signing: SignInWorld) -> None:
    form = urlencode(await a_form(signing)).encode()
    many = urlencode({f"n{number}": 1 for number in range(40)}).encode()
    for body in (b"", b"%", b"=" * 200, b"\x00=\x00", *(form + b"&" + end for end in (b"x=\xff", b"x=%ff%fe", many))):
        must_be_refused(await client.post("/oauth/token", content=body, headers=FORM), "invalid_request")
    assert (await client.post("/oauth/token", content=form + b"&x=1&y=%C3%A5", headers=FORM)).status_code == 200


async def test_a_large_body_is_not_read_to_its_end(client: httpx2.AsyncClient) -> None:
    sent = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal sent
        for _ in range(10_000):
            sent += 1024
            yield b"a" * 1024

    answer = await client.post("/oauth/token", content=b"code=" + b"1" * LARGEST_BODY_BYTES, headers=FORM)
    must_be_refused(answer, "invalid_request", 413)
    must_be_refused(await client.post("/oauth/token", content=endless(), headers=FORM), "invalid_request", 413)
    assert sent <= 2 * LARGEST_BODY_BYTES


async def test_tokens_are_asked_for_with_post(client: httpx2.AsyncClient, signing: SignInWorld) -> None:
    form = await a_form(signing)
    for method in ("GET", "PUT", "DELETE", "PATCH", "OPTIONS"):
        answer = await client.request(method, "/oauth/token", params=form)
        must_be_refused(answer, "invalid_request", 405)
        assert answer.headers["allow"] == "POST"


async def test_what_is_no_oauth_request_is_refused_in_the_words_of_oauth(world: World) -> None:
    async with a_client(world) as client:
        for method, path, status in (
            ("PUT", "/oauth/jwks", 405),
            ("OPTIONS", "/oauth/jwks", 405),
            ("OPTIONS", "/oauth/token", 405),
            ("GET", "/oauth/tokens", 404),
        ):
            answer = await client.http.request(method, path)
            must_be_refused(answer, "invalid_request", status)
            allowed = {"/oauth/jwks": {"GET", "HEAD"}, "/oauth/token": {"POST"}, "/oauth/tokens": {""}}[path]
            assert set(answer.headers.get("allow", "").split(", ")) == allowed
        for path in ("/oauth/token", "/oauth/jwks"):
            strange = await client.http.post(path, headers={"Host": "evil.example"})
            must_be_refused(strange, "invalid_request", 421)


async def test_a_database_that_is_down_is_told_and_comes_back(
    client: httpx2.AsyncClient, signing: SignInWorld, mortal: MortalDatabase
) -> None:
    form = await a_form(signing)
    mortal.is_down = True
    for answer in (await client.post("/oauth/token", data=form), await client.get("/oauth/jwks")):
        must_be_refused(answer, "temporarily_unavailable", 503)
        assert int(answer.headers["retry-after"]) >= 1
    mortal.is_down = False
    tokens = (await client.post("/oauth/token", data=form)).json()
    mortal.is_down = True
    refresh = {"grant_type": "refresh_token", "refresh_token": tokens["refresh_token"], "client_id": "kontant-app"}
    must_be_refused(await client.post("/oauth/token", data=refresh), "temporarily_unavailable", 503)
    mortal.is_down = False
    assert (await client.post("/oauth/token", data=refresh)).status_code == 200


async def test_the_right_code_from_many_sides_at_once_is_one_session(
    client: httpx2.AsyncClient, signing: SignInWorld
) -> None:
    form = await a_form(signing)
    answers = await asyncio.gather(*[client.post("/oauth/token", data=form) for _ in range(12)])
    assert sorted(answer.status_code for answer in answers) == [200] + [400] * 11
    assert await signing.database.fetchval("select count(*) from session") == 1


async def test_the_public_keys_verify_the_tokens(client: httpx2.AsyncClient, signing: SignInWorld) -> None:
    answer = await client.get("/oauth/jwks")
    assert answer.headers["content-type"] == "application/jwk-set+json"
    assert answer.headers["cache-control"] == "public, max-age=300"
    assert all("d" not in key for key in answer.json()["keys"])
    token: Any = (await signing.tokens())["access_token"]
    read = jwt.decode(token, KeySet.import_key_set(answer.json()), algorithms=["ES256"])
    assert read.claims["iss"] == signing.operator.issuer


async def test_nothing_personal_or_secret_is_logged(
    client: httpx2.AsyncClient, signing: SignInWorld, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(0)
    form = await a_form(signing)
    tokens = (await client.post("/oauth/token", data=form)).json()
    await client.post("/oauth/token", data=form)
    await signing.ask(refresh_token=tokens["refresh_token"])
    await signing.ask(refresh_token="x" * 43)
    written = caplog.text
    assert written, "nothing is logged at all, so the test says nothing"
    for secret in (form["code"], KARINS_NUMBER, tokens["refresh_token"], tokens["access_token"], "x" * 43):
        assert secret not in written
