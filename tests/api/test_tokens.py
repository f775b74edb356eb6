"""Who is asking: real access tokens, at the API."""

from __future__ import annotations

import base64
import json
from collections.abc import AsyncGenerator
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

import pytest

from persistence.database import open_database
from tests.api.conftest import Person
from tests.support.client import Answer, Client, a_client
from tests.support.databases import TestServer
from tests.support.operators import BALTIKA
from tests.support.time import TestClock, TestIds
from tests.support.world import World, a_sandbox

ASK_FOR_CODE: Final = """
mutation ($number: PhoneNumber!) { requestSignInCode(input: {phoneNumber: $number}) { challengeId } }"""
CODE_GRANT: Final = "urn:kontant:grant-type:sign-in-code"
TOO_LITTLE: Final = """
mutation {
  topUpCard(input: {
    cardId: "card_00000000000000000000000000000000"
    paymentMethodId: "method_00000000000000000000000000000000"
    amount: {amount: "1", currency: "SEK"}
    idempotencyKey: "some-key"
  }) { errors { message } }
}"""
VIEWER: Final = "{ viewer { customer { id } } operator { name } }"


async def ask(client: Client, authorization: str) -> Answer:
    return await client.ask(VIEWER, headers={"Authorization": authorization})


def assert_refused(answer: Answer) -> None:
    """As a whole, and not as if nobody had been signed in: the app has to sign in again."""
    assert (answer.status, answer.code) == (401, "UNAUTHENTICATED")
    assert answer.headers["www-authenticate"].startswith("Bearer")
    assert "data" not in answer.body


async def test_a_good_token_is_its_customers(client: Client, karin: Person) -> None:
    token = await client.token(karin.id)
    for scheme in ("Bearer", "bearer", "BEARER"):
        assert (await ask(client, f"{scheme} {token}")).data["viewer"]["customer"]["id"].endswith(karin.id.hex)


async def test_a_token_is_good_for_ten_minutes(client: Client, karin: Person) -> None:
    token = await client.token(karin.id)
    client.worlds[0].clock.advance(timedelta(minutes=10) - timedelta(seconds=1))
    assert (await ask(client, f"Bearer {token}")).data["viewer"] is not None
    client.worlds[0].clock.advance(timedelta(seconds=1))
    assert_refused(await ask(client, f"Bearer {token}"))


async def test_who_says_no_language_is_spoken_to_in_their_own(client: Client) -> None:
    """Also after a refresh, and without another look at the customer. What the app asks for goes before it."""
    number = "+46701740633"
    await client.worlds[0].person(phone_number=number, locale="en")
    asked = await client.ask(ASK_FOR_CODE, {"number": number})
    challenge = asked.data["requestSignInCode"]["challengeId"]
    form = {"grant_type": CODE_GRANT, "challenge_id": challenge, "code": client.code_of(challenge)}
    tokens = await _tokens(client, form)
    for _ in range(2):
        headers = {"Authorization": f"Bearer {tokens['access_token']}"}
        refusals: list[str] = []
        for language in ("", "fi", "en", "sv"):
            answer = await client.ask(TOO_LITTLE, headers=headers, language=language)
            [error] = answer.data["topUpCard"]["errors"]
            refusals.append(error["message"])
        assert refusals[0] == refusals[1] == refusals[2] != refusals[3]
        tokens = await _tokens(client, {"grant_type": "refresh_token", "refresh_token": tokens["refresh_token"]})


async def _tokens(client: Client, form: dict[str, str]) -> dict[str, str]:
    return (await client.http.post("/oauth/token", data={"client_id": "kontant-app", **form})).json()


async def test_what_is_no_token_of_ours_is_refused(client: Client, karin: Person) -> None:
    token = await client.token(karin.id)
    header, claims, signature = token.split(".")
    nobodys = _encoded({"alg": "none", "typ": "at+jwt"})
    for authorization in (
        "", "Bearer", "Bearer ", "Bearer x", "Bearer a.b.c", f"Basic {token}", token, f"Bearer {token} {token}",
        f"Bearer {token[:-2]}", f"Bearer {header}.{claims}.", f"Bearer {nobodys}.{claims}.",
        f"Bearer {header}.{_changed(claims, sub=str(client.worlds[0].ids.new()))}.{signature}",
        f"Bearer {header}.{_changed(claims, exp=2**40)}.{signature}",
        f"Bearer {'x' * 100_000}",
    ):  # fmt: skip
        assert_refused(await ask(client, authorization))


async def test_a_mutation_with_a_bad_token_does_nothing(client: Client) -> None:
    document = 'mutation { requestSignInCode(input: { phoneNumber: "+46701740699" }) { challengeId } }'
    assert_refused(await client.ask(document, headers={"Authorization": "Bearer x"}))
    assert await client.worlds[0].database.fetchval("select count(*) from message") == 0


@pytest.fixture
async def baltika(server: TestServer, clock: TestClock, tmp_path: Path) -> AsyncGenerator[World]:
    """Another operator, with a database of its own."""
    name = await server.new_database()
    database = await open_database(server.server.application_url(name), connections=2)
    sandbox = a_sandbox(tmp_path / "baltika.sqlite", clock)
    yield World(database, BALTIKA, clock, TestIds(clock), sandbox)
    await sandbox.aclose()
    await database.close()
    await server.drop(name)


async def test_a_token_of_one_operator_is_worth_nothing_at_the_other(world: World, baltika: World) -> None:
    async with a_client(world, baltika) as client:
        persons = {each.operator.slug: await each.person() for each in (world, baltika)}
        assert len(set(persons.values())) == 1  # the ids are even the same
        tokens = {each.operator.slug: await client.token(persons[each.operator.slug], each) for each in client.worlds}
        for asked in ("norrsken", "baltika"):
            for issuer, token in tokens.items():
                headers = {"Authorization": f"Bearer {token}", "Host": f"{asked}.localhost"}
                answer = await client.ask(VIEWER, headers=headers)
                if asked == issuer:
                    assert answer.data["viewer"] is not None
                else:
                    assert_refused(answer)


async def test_signing_in_gives_a_token_that_opens_the_screen(client: Client, world: World) -> None:
    person = await world.person(phone_number="+46701740699")
    document = """mutation($input: RequestSignInCodeInput!) { requestSignInCode(input: $input) {
        challengeId expiresAt errors { code } } }"""
    asked = (await client.ask(document, {"input": {"phoneNumber": "+46 70 174 06 99"}})).data["requestSignInCode"]
    assert (asked["errors"], asked["expiresAt"]) == ([], "2026-03-02T09:05:00Z")
    form = {
        "grant_type": "urn:kontant:grant-type:sign-in-code",
        "challenge_id": asked["challengeId"],
        "code": client.code_of(asked["challengeId"]),
        "client_id": "kontant-app",
    }
    tokens = (await client.http.post("/oauth/token", data=form)).json()
    answer = await ask(client, f"{tokens['token_type']} {tokens['access_token']}")
    assert answer.data["viewer"]["customer"]["id"].endswith(person.hex)


async def test_what_is_no_phone_number_is_refused_with_a_sentence(client: Client) -> None:
    document = """mutation($input: RequestSignInCodeInput!) { requestSignInCode(input: $input) {
        challengeId expiresAt errors { __typename code message path } } }"""
    answer = await client.ask(document, {"input": {"phoneNumber": "+4670174060512"}})
    payload = answer.data["requestSignInCode"]
    assert (payload["challengeId"], payload["expiresAt"]) == (None, None)
    [error] = payload["errors"]
    assert (error["__typename"], error["code"]) == ("InvalidPhoneNumberError", "INVALID_PHONE_NUMBER")
    assert error["path"] == ["input", "phoneNumber"]
    for number in ("", "070-174 06 05", "x", "+" + "1" * 40, 46701740605):
        answer = await client.ask(document, {"input": {"phoneNumber": number}})
        assert (answer.status, answer.code) == (400, "BAD_USER_INPUT"), number


async def test_too_many_codes_say_when_the_next_can_be_asked_for(client: Client) -> None:
    document = """mutation($input: RequestSignInCodeInput!) { requestSignInCode(input: $input) {
        challengeId errors { code message ... on TooManySignInCodesError { retryAfterSeconds } } } }"""
    payload: dict[str, Any] = {"errors": []}
    while not payload["errors"]:
        answer = await client.ask(document, {"input": {"phoneNumber": "+46701740699"}})
        payload = answer.data["requestSignInCode"]
    [error] = payload["errors"]
    assert (error["code"], payload["challengeId"]) == ("TOO_MANY_SIGN_IN_CODES", None)
    assert error["retryAfterSeconds"] > 0


def _encoded(part: dict[str, Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=").decode()


def _changed(claims: str, **changes: Any) -> str:
    return _encoded(json.loads(base64.urlsafe_b64decode(claims + "==")) | changes)
