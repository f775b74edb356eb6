"""Profile, consents and contact points, as an app asks for them."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from api.schema.ids import global_id
from tests.architecture.test_statements import statements_of
from tests.support.client import Client, a_client
from tests.support.world import World

UPDATE = """mutation($input: UpdateProfileInput!) { updateProfile(input: $input) {
  customer { givenName familyName birthDate locale } errors { __typename code message path } } }"""
CONSENT = """mutation($input: UpdateConsentInput!) { updateConsent(input: $input) {
  consent { purpose isGiven since history(first: 2) { nodes { isGiven isByGuardian app } pageInfo { hasNextPage } } }
  errors { code path ... on ConsentTextChangedError { textVersion } } } }"""
CHANGE = """mutation($number: PhoneNumber!) { changePhoneNumber(input: {phoneNumber: $number}) { challengeId
  errors { code path ... on StepUpRequiredError { maxAgeSeconds acrValues } } } }"""
CONFIRM = """mutation($input: ConfirmContactPointInput!) { confirmContactPoint(input: $input) {
  customer { contactPoints { kind value isLost } } errors { code path } } }"""
CONSENTS = "{ viewer { consents { purpose title text textVersion isGiven since history { nodes { at } } } } }"
NUMBER, NEW_NUMBER = "+46701740605", "+46701740606"


@pytest.fixture
async def karin(world: World) -> UUID:
    return await world.person(phone_number=NUMBER)


async def said(client: Client, document: str, by: UUID, **variables: Any) -> Any:
    [answer] = (await client.ask(document, variables, by=by)).data.values()
    return answer


async def test_a_profile_is_changed_in_part(world: World, karin: UUID) -> None:
    async with a_client(world) as client:
        answer = await said(client, UPDATE, karin, input={"givenName": "Kaisa", "birthDate": "1982-02-28"})
        assert answer["errors"] == []
        expected = {"givenName": "Kaisa", "familyName": "Ek", "birthDate": "1982-02-28", "locale": "sv-SE"}
        assert answer["customer"] == expected
        [error] = (await said(client, UPDATE, karin, input={"familyName": "E\u202ek"}))["errors"]
        assert (error["__typename"], error["code"]) == ("InvalidNameError", "INVALID_NAME")
        assert error["path"] == ["input", "familyName"]
        [error] = (await said(client, UPDATE, karin, input={"birthDate": "1982-03-01"}))["errors"]
        assert (error["code"], error["path"]) == ("BIRTH_DATE_FIXED", ["input", "birthDate"])


@pytest.mark.parametrize(
    "input",
    [
        {},
        {"givenName": None},
        {"locale": None, "givenName": "Kaisa"},
        {"birthDate": "1982-02-30"},
        {"birthDate": "19820228"},
        {"birthDate": "1982-W09-7"},
        {"locale": "sv_SE"},
        {"dependantId": "card_" + "0" * 32, "givenName": "Kaisa"},
    ],
)
async def test_what_makes_no_sense_is_bad_input(world: World, karin: UUID, input: dict[str, Any]) -> None:
    async with a_client(world) as client:
        answer = await client.ask(UPDATE, {"input": input}, by=karin)
        assert answer.code == "BAD_USER_INPUT"
        name = await world.database.fetchval("select given_name from customer where id = $1", karin)
        assert name == "Karin"


async def test_consents_are_shown_asked_for_and_remembered(world: World, karin: UUID) -> None:
    async with a_client(world) as client:
        consents = (await client.ask(CONSENTS, by=karin)).data["viewer"]["consents"]
        assert [(c["purpose"], c["isGiven"], c["since"]) for c in consents] == [
            ("MARKETING_SMS", False, None),
            ("SURVEYS", False, None),
        ]
        assert consents[1] | {"history": None} == {
            "purpose": "SURVEYS",
            "title": "SURVEYS in en",
            "text": "We ask about SURVEYS in en.",
            "textVersion": 2,
            "isGiven": False,
            "since": None,
            "history": None,
        }
        wanted = {"purpose": "SURVEYS", "textVersion": 1}
        [error] = (await said(client, CONSENT, karin, input=wanted | {"isGiven": True}))["errors"]
        assert error == {"code": "CONSENT_TEXT_CHANGED", "path": ["input", "textVersion"], "textVersion": 2}
        for is_given in (True, False, True):
            answer = await said(client, CONSENT, karin, input={**wanted, "isGiven": is_given, "textVersion": 2})
        consent = answer["consent"]
        assert consent["isGiven"]
        assert consent["since"] == "2026-03-02T09:00:00Z"
        assert [change["isGiven"] for change in consent["history"]["nodes"]] == [True, False]
        assert consent["history"]["pageInfo"]["hasNextPage"]


async def test_a_guardian_sees_and_decides_for_a_child(world: World, karin: UUID) -> None:
    nils = await world.person("Nils")
    await world.guardianship(karin, nils)
    child = global_id("customer", nils)
    async with a_client(world) as client:
        input = {"purpose": "MARKETING_SMS", "isGiven": True, "textVersion": 1, "dependantId": child}
        change = (await said(client, CONSENT, karin, input=input))["consent"]["history"]["nodes"]
        assert change == [{"isGiven": True, "isByGuardian": True, "app": None}]
        document = "query($id: ID!) { node(id: $id) { ... on Customer { consents { isGiven } } } }"
        seen = (await client.ask(document, {"id": child}, by=karin)).data["node"]
        assert seen == {"consents": [{"isGiven": True}, {"isGiven": False}]}


async def test_consents_cost_two_statements_however_many_there_are(world: World, karin: UUID) -> None:
    async with a_client(world) as client:
        for n in range(6):
            input = {"purpose": "MARKETING_SMS", "isGiven": n % 2 == 0, "textVersion": 1}
            await said(client, CONSENT, karin, input=input)
        assert await statements_of(client, CONSENTS, by=karin) == 2


async def test_a_number_is_changed_and_who_signed_in_long_ago_is_sent_to_sign_in(world: World, karin: UUID) -> None:
    async with a_client(world) as client:
        token = {"Authorization": f"Bearer {await client.token(karin)}"}
        world.clock.advance(timedelta(minutes=5, seconds=1))
        answer = (await client.ask(CHANGE, {"number": NEW_NUMBER}, headers=token)).data["changePhoneNumber"]
        assert answer["challengeId"] is None
        [error] = answer["errors"]
        assert (error["code"], error["maxAgeSeconds"]) == ("STEP_UP_REQUIRED", 300)
        assert error["acrValues"] == ["urn:kontant:acr:sign-in-code", "urn:kontant:acr:electronic-id"]

        token = {"Authorization": f"Bearer {await client.token(karin)}"}
        answer = (await client.ask(CHANGE, {"number": NEW_NUMBER}, headers=token)).data["changePhoneNumber"]
        challenge = answer["challengeId"]
        input = {"challengeId": challenge, "code": client.code_of(challenge), "phoneNumber": NEW_NUMBER}
        answer = (await client.ask(CONFIRM, {"input": input}, headers=token)).data["confirmContactPoint"]
        assert answer["customer"] == {"contactPoints": [{"kind": "PHONE", "value": NEW_NUMBER, "isLost": False}]}
        answer = (await client.ask(CONFIRM, {"input": input}, headers=token)).data["confirmContactPoint"]
        assert answer["errors"] == [{"code": "CONTACT_POINT_CODE_REFUSED", "path": ["input", "code"]}]


@pytest.mark.parametrize(
    "input",
    [
        {"challengeId": "1", "code": "000000", "email": "a@example.com"},
        {"challengeId": str(UUID(int=1)), "code": "000000"},
        {"challengeId": str(UUID(int=1)), "code": "000000", "email": "a@example.com", "phoneNumber": NUMBER},
    ],
)
async def test_a_confirmation_of_nothing_is_bad_input(world: World, karin: UUID, input: dict[str, Any]) -> None:
    async with a_client(world) as client:
        assert (await client.ask(CONFIRM, {"input": input}, by=karin)).code == "BAD_USER_INPUT"
