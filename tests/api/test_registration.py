"""Registration through the API: its holder registers a card and sees it, staff find them, nobody reads the number."""

from __future__ import annotations

from typing import Any, Final
from uuid import UUID

import pytest

from api.schema.ids import global_id
from domain.cards.card import CardStatus
from domain.identity.identification import Identification
from domain.kernel.access import ANONYMOUS, StaffRole
from tests.support.client import Client, staff_headers, support_headers
from tests.support.world import World

NUMBER: Final = "19850712-9800"
REGISTER: Final = """mutation($input: RegisterCardInput!) { registerCard(input: $input) {
    card { status registration { registeredAt method maskedIdentityNumber name
        address { street postalCode city country } } }
    errors { code message path ... on StepUpRequiredError { maxAgeSeconds acrValues }
        ... on HolderTooYoungError { fromAge } } } }"""
FIND: Final = """query($search: CustomerSearchInput!) { support { customers(search: $search) {
    name identification { maskedIdentityNumber name birthDate provider } } } }"""
OWN: Final = """{ viewer { customer { identification { maskedIdentityNumber name method } }
    cards { nodes { registration { name maskedIdentityNumber } } } } }"""
ADDRESS: Final = {"street": "Storgatan 1", "postalCode": "903 26", "city": "Umeå"}


async def waiting_card(world: World, holder: UUID, *, user: UUID | None = None) -> UUID:
    return await world.card(
        holder, user=user, status=CardStatus.AWAITING_REGISTRATION, active_until=None, grace_until=None
    )


def an_input(card: UUID, **changes: Any) -> dict[str, Any]:
    return {
        "input": {"cardId": global_id("card", card), "address": ADDRESS, "idempotencyKey": "a-registration"} | changes
    }


@pytest.fixture
async def karin(world: World) -> UUID:
    person = await world.person("Karin", phone_number="+46701740650")
    await world.identify(person, NUMBER)
    return person


async def test_a_card_is_registered_and_used_at_once(client: Client, world: World, karin: UUID) -> None:
    card = await waiting_card(world, karin)
    answers = [(await client.ask(REGISTER, an_input(card), by=karin)).data["registerCard"] for _ in range(2)]
    expected = {
        "status": "ACTIVE",
        "registration": {
            "registeredAt": "2026-03-02T09:00:00Z",
            "method": "ELECTRONIC_ID",
            "maskedIdentityNumber": "19850712-••••",
            "name": "Karin Ek",
            "address": ADDRESS | {"country": "SE"},
        },
    }
    assert answers == [{"card": expected, "errors": []}] * 2
    own = (await client.ask(OWN, by=karin)).data["viewer"]
    assert own["customer"]["identification"]["maskedIdentityNumber"] == "19850712-••••"
    assert own["cards"]["nodes"] == [{"registration": {"name": "Karin Ek", "maskedIdentityNumber": "19850712-••••"}}]


async def test_who_signed_in_by_a_code_is_told_to_prove_who_they_are(client: Client, world: World, karin: UUID) -> None:
    token = await client.token(karin)
    answer = await client.ask(
        REGISTER, an_input(await waiting_card(world, karin)), headers={"Authorization": f"Bearer {token}"}
    )
    [error] = answer.data["registerCard"]["errors"]
    assert (error["code"], error["maxAgeSeconds"]) == ("STEP_UP_REQUIRED", 300)
    assert error["acrValues"] == ["urn:kontant:acr:electronic-id"]


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"cardId": "nonsense"}, "BAD_USER_INPUT"),
        ({"cardId": global_id("customer", UUID(int=1))}, "BAD_USER_INPUT"),
        ({"address": ADDRESS | {"country": "Sweden"}}, "BAD_USER_INPUT"),
        ({"address": ADDRESS | {"country": "se"}}, "BAD_USER_INPUT"),
        ({"idempotencyKey": "short"}, "BAD_USER_INPUT"),
    ],
)
async def test_what_makes_no_sense_is_bad_input(
    client: Client, world: World, karin: UUID, changes: dict[str, Any], code: str
) -> None:
    answer = await client.ask(REGISTER, an_input(await waiting_card(world, karin), **changes), by=karin)
    assert answer.code == code


async def test_each_refusal_has_its_code_and_its_place(client: Client, world: World, karin: UUID) -> None:
    olle = await world.person("Olle")
    hers = await waiting_card(world, karin)
    for by, card, address, told in (
        (olle, hers, ADDRESS, ("CARD_NOT_FOUND", ["input", "cardId"])),
        (karin, hers, ADDRESS | {"city": " "}, ("ADDRESS_INCOMPLETE", ["input", "address"])),
        (olle, await waiting_card(world, olle), ADDRESS, ("IDENTIFICATION_MISSING", None)),
        (karin, await world.card(karin), ADDRESS, ("CARD_ALREADY_REGISTERED", ["input", "cardId"])),
    ):
        payload = (await client.ask(REGISTER, an_input(card, address=address), by=by)).data["registerCard"]
        [error] = payload["errors"]
        assert (payload["card"], error["code"], error["path"]) == (None, *told)


async def test_who_carries_a_card_and_their_guardian_are_not_shown_who_answers_for_it(
    client: Client, world: World, karin: UUID
) -> None:
    """A guardian stands to the card of a child in their care as to their own, but not to its holder's identity."""
    nils, father = await world.person("Nils"), await world.person("Johan")
    await world.guardianship(father, nils)
    card = await waiting_card(world, karin, user=nils)
    assert (await client.ask(REGISTER, an_input(card), by=karin)).data["registerCard"]["errors"] == []
    document = "query($id: ID!) { node(id: $id) { ... on Card { status registration { name } } } }"
    for person, shown in ((karin, {"name": "Karin Ek"}), (nils, None), (father, None)):
        node = (await client.ask(document, {"id": global_id("card", card)}, by=person)).data["node"]
        assert node == {"status": "ACTIVE", "registration": shown}


@pytest.mark.parametrize("written", ["850712-9800", "8507129800", "19850712-9800", " 19850712 9800"])
async def test_staff_find_a_customer_by_the_number_and_see_it_masked(
    client: Client, world: World, karin: UUID, written: str
) -> None:
    sven = staff_headers(await world.staff(), StaffRole.AGENT)
    answer = await client.ask(FIND, {"search": {"identityNumber": written}}, headers=sven)
    [found] = answer.data["support"]["customers"]
    assert found["identification"] == {
        "maskedIdentityNumber": "19850712-••••",
        "name": "Karin Ek",
        "birthDate": "1985-07-12",
        "provider": "https://eid.test",
    }
    assert "9800" not in str(answer.body)
    assert await world.database.fetchval("select kind from customer_search") == "IDENTITY_NUMBER"


@pytest.mark.parametrize("written", ["850712-9801", "19850712", "x" * 10_000, "850712-980%"])
async def test_a_number_that_nobody_can_have_is_bad_input_and_is_not_repeated(
    client: Client, world: World, caplog: pytest.LogCaptureFixture, written: str
) -> None:
    caplog.set_level("DEBUG")
    sven = staff_headers(await world.staff(), StaffRole.AGENT)
    answer = await client.ask(FIND, {"search": {"identityNumber": written}}, headers=sven)
    assert answer.code == "BAD_USER_INPUT"
    assert written not in str(answer.body)
    assert written not in caplog.text


async def test_who_acts_for_a_customer_sees_it_masked_and_registers_nothing(
    client: Client, world: World, karin: UUID
) -> None:
    headers = support_headers(await world.support_session(await world.staff(), karin))
    own = (await client.ask(OWN, headers=headers)).data["viewer"]["customer"]
    assert own["identification"]["maskedIdentityNumber"] == "19850712-••••"
    answer = await client.ask(REGISTER, an_input(await waiting_card(world, karin)), headers=headers)
    assert answer.code == "FORBIDDEN"


async def test_an_identification_tells_nothing_to_who_prints_it(world: World) -> None:
    said = Identification(
        provider="https://eid.test",
        subject="s-850712",
        given_name="Karin",
        family_name="Ek",
        birth_date=None,
        identity_number=NUMBER,
        identified_at=world.clock.now(),
    )
    assert not any(text in f"{said!r} {ANONYMOUS}" for text in ("9800", "Karin", "s-850712"))
