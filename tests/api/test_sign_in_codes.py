"""Asking for codes through GraphQL: by phone or e-mail, from a sender, and so often."""

from __future__ import annotations

from typing import Any

import pytest

from api.rates import address_of
from domain.customers.customer import ContactKind, ContactPoint
from domain.kernel.access import system
from tests.support.client import Client
from tests.support.world import World

ASK = """mutation($input: RequestSignInCodeInput!) { requestSignInCode(input: $input) {
    challengeId errors { __typename code message path ... on TooManySignInCodesError { retryAfterSeconds } } } }"""


async def asked(client: Client, **input: Any) -> dict[str, Any]:
    return (await client.ask(ASK, {"input": input})).data["requestSignInCode"]


async def test_a_code_by_email_signs_in_and_the_token_says_so(client: Client, world: World) -> None:
    person = await world.person()
    async with world.unit(system("test"), world.ids.new()) as work:
        point = ContactPoint(customer_id=person, kind=ContactKind.EMAIL, value="karin@xn--smrgs-pra0j.example")
        await work.customers.add_contact_point(point, work.now)
    challenge = (await asked(client, email=" Karin@Smörgås.example "))["challengeId"]
    [message] = await world.database.fetch("select channel, address, customer_id from message")
    assert tuple(message) == ("EMAIL", "karin@xn--smrgs-pra0j.example", person)
    form = {"grant_type": "urn:kontant:grant-type:sign-in-code", "challenge_id": challenge, "client_id": "kontant-app"}
    answer = await client.http.post("/oauth/token", data={**form, "code": client.code_of(challenge)})
    assert answer.status_code == 200
    assert await world.database.fetchval("select method from session") == "EMAIL_CODE"


@pytest.mark.parametrize("input", [{}, {"email": None}, {"phoneNumber": "+46701740699", "email": "karin@example.com"}])
async def test_exactly_one_of_phone_number_and_email_is_given(client: Client, input: dict[str, Any]) -> None:
    answer = await client.ask(ASK, {"input": input})
    assert answer.code == "BAD_USER_INPUT"
    assert answer.body["data"] == {"requestSignInCode": None}


@pytest.mark.parametrize(
    "address",
    [
        *("", "@", "karin", "a@b@example.com", "åsa@example.com", "a@localhost", "a@[127.0.0.1]", '"a b"@example.com'),
        *("a@x.example\nBcc: b@x.example", "a\x00@x.example", "a@" + "x" * 300 + ".example"),
    ],
)
async def test_what_is_no_email_address_is_refused_with_a_sentence(client: Client, address: str) -> None:
    [error] = (await asked(client, email=address))["errors"]
    assert (error["__typename"], error["code"]) == ("InvalidEmailAddressError", "INVALID_EMAIL_ADDRESS")
    assert error["path"] == ["input", "email"]


@pytest.mark.parametrize("secret", ["", "short", "x" * 129, "with a space in the middle", "ünïcödé ünïcödé"])
async def test_a_device_secret_is_long_and_plain(client: Client, secret: str) -> None:
    answer = await client.ask(ASK, {"input": {"phoneNumber": "+46701740699", "deviceSecret": secret}})
    assert answer.code == "BAD_USER_INPUT"


async def test_several_requests_in_one_document_are_counted_one_by_one(client: Client) -> None:
    fields = " ".join(
        f'n{n}: requestSignInCode(input: {{phoneNumber: "+46701740699"}}) {{ challengeId errors {{ code }} }}'
        for n in range(5)
    )
    answers = list((await client.ask(f"mutation {{ {fields} }}")).data.values())
    assert [answer["challengeId"] is not None for answer in answers] == [True, False, False, False, False]
    assert {error["code"] for answer in answers for error in answer["errors"]} == {"TOO_MANY_SIGN_IN_CODES"}


async def test_a_sender_is_counted_by_the_address_of_the_connection(client: Client, world: World) -> None:
    codes: list[list[str]] = []
    for n in range(121):  # what one address can ask for in an hour
        payload = await asked(client, email=f"somebody-{n}@example.com")
        codes.append([error["code"] for error in payload["errors"]])
    assert codes[:120] == [[]] * 120
    assert codes[120] == ["TOO_MANY_SIGN_IN_CODES"]


async def test_a_number_that_gets_no_messages_is_told_so(client: Client) -> None:
    [error] = (await asked(client, phoneNumber="+46900123456"))["errors"]
    assert (error["__typename"], error["path"]) == ("PhoneNumberNotServedError", ["input", "phoneNumber"])
    assert "e-mail" in error["message"]


def test_a_request_without_a_sender_has_no_address() -> None:
    assert address_of({"client": None}) == ""
    assert address_of({"client": ("192.0.2.7", 1)}) == "192.0.2.7"


async def test_the_costs_of_the_day_are_among_the_metrics(client: Client, world: World) -> None:
    await world.person(phone_number="+46701740605")
    await asked(client, phoneNumber="+46701740605")
    metrics = (await client.http.get("/metrics")).text
    assert 'kontant_sms_cost_minor{operator="norrsken"} 50.0' in metrics
    assert 'kontant_sms_ceiling_minor{operator="norrsken"} 1e+06' in metrics
