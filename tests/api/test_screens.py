"""What the screens are made of: the home screen, cards, and who one is."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path
from typing import Any, Final, cast

from domain.families.family import FamilyRole
from domain.kernel.access import system
from domain.kernel.quantities import UsageType
from domain.ledger.ledger import Purpose
from tests.api.conftest import Person, grant, use
from tests.support.client import Client
from tests.support.world import World

HOME: Final = (Path(__file__).parents[2] / "bench/documents/home.graphql").read_text()


def leaves(value: Any) -> int:
    """How many values that are no objects and no lists."""
    if isinstance(value, dict):
        return sum(leaves(each) for each in cast("dict[str, Any]", value).values())
    if isinstance(value, list):
        return sum(leaves(each) for each in cast("list[Any]", value))
    return 1


async def test_nobody_who_is_not_signed_in_has_a_screen(client: Client) -> None:
    answer = await client.ask("{ viewer { customer { name } } operator { name } }")
    assert answer.data == {"viewer": None, "operator": {"name": "Norrsken"}}


async def test_home_is_about_120_values_for_a_family_of_four(client: Client, karin: Person) -> None:
    world, children = client.worlds[0], [FamilyRole.MEMBER, FamilyRole.CHILD, FamilyRole.CHILD]
    people = {await world.person(f"Person {n}"): role for n, role in enumerate(children)}
    await world.family(karin.id, people)
    cards = [karin.card, *[await world.card(karin.id, user=person) for person in people]]
    for card in cards:
        await world.top_up(karin.id, card, karin.method, key=str(card))
        await grant(world, karin.id, card)
    await world.top_up(karin.id, karin.card, karin.method, key="the fifth")
    await grant(world, karin.id, karin.card)
    home = (await client.ask(HOME, by=karin.id)).data
    assert 110 <= leaves(home) <= 135, leaves(home)
    family = home["viewer"]["family"]
    assert [member["role"] for member in family["members"]] == ["OWNER", "MEMBER", "CHILD", "CHILD"]
    assert [len(member["cards"]) for member in family["members"]] == [1, 1, 1, 1]
    assert len(home["viewer"]["bonuses"]["nodes"]) == len(home["viewer"]["topUps"]["nodes"]) == 5


async def test_a_card_shows_its_line_its_life_and_what_is_on_it(client: Client, karin: Person) -> None:
    world = client.worlds[0]
    await world.top_up(karin.id, karin.card, karin.method)
    await grant(world, karin.id, karin.card, UsageType.DATA, 5_000_000_000)
    await grant(world, karin.id, karin.card, UsageType.SMS, 100)
    await use(world, karin.card, 2_50)
    await use(world, karin.card, 40, UsageType.SMS)
    document = """query($id: ID!) { node(id: $id) { ... on Card {
        phoneNumber iccidSuffix status activeUntil graceUntil holder { name } user { givenName familyName }
        balance { amount currency }
        accumulatedBalances { usageType remaining reserved unit money { amount } }
        buckets { usageType origin initial remaining reserved unit money { amount currency } validFrom validUntil }
    } } }"""
    card = (await client.ask(document, {"id": karin.card_id}, by=karin.id)).data["node"]
    number = await world.database.fetchval("select phone_number from card where id = $1", karin.card)
    iccid = await world.database.fetchval("select iccid from card where id = $1", karin.card)
    assert card["phoneNumber"] == number
    assert card["iccidSuffix"] == iccid[-4:]
    assert (card["status"], card["activeUntil"], card["graceUntil"]) == ("ACTIVE", "2027-03-02", "2027-06-02")
    assert card["holder"] == {"name": "Karin Ek"}
    assert card["user"] == {"givenName": "Karin", "familyName": "Ek"}
    assert card["balance"] == {"amount": "97.50", "currency": "SEK"}
    assert card["accumulatedBalances"] == [
        {"usageType": "DATA", "remaining": 5_000_000_000, "reserved": 0, "unit": "BYTE", "money": None},
        {"usageType": "MONEY", "remaining": 97_50, "reserved": 0, "unit": "MINOR_UNIT", "money": {"amount": "97.50"}},
        {"usageType": "SMS", "remaining": 60, "reserved": 0, "unit": "PIECE", "money": None},
    ]
    by_usage = {bucket["usageType"]: bucket for bucket in card["buckets"]}
    assert by_usage["SMS"] == {
        "usageType": "SMS",
        "origin": "GRANTED",
        "initial": 100,
        "remaining": 60,
        "reserved": 0,
        "unit": "PIECE",
        "money": None,
        "validFrom": "2026-03-02T09:00:00Z",
        "validUntil": "2026-04-01T09:00:00Z",
    }
    assert by_usage["MONEY"]["money"] == {"amount": "97.50", "currency": "SEK"}
    assert (by_usage["MONEY"]["origin"], by_usage["MONEY"]["validUntil"]) == ("PURCHASED", None)


async def test_what_is_reserved_is_left_and_cannot_be_spent(client: Client, karin: Person) -> None:
    world = client.worlds[0]
    await world.top_up(karin.id, karin.card, karin.method)
    async with world.unit(system("test"), world.ids.new()) as work:
        until = work.now + timedelta(minutes=5)
        await work.ledger.reserve(work.id, karin.card, Purpose.MONEY, "SEK", 30_00, until)
    document = "{ viewer { cards { nodes { balance { amount } accumulatedBalances { remaining reserved } } } } }"
    [card] = (await client.ask(document, by=karin.id)).data["viewer"]["cards"]["nodes"]
    assert card["balance"] == {"amount": "70.00"}
    assert card["accumulatedBalances"] == [{"remaining": 100_00, "reserved": 30_00}]


async def test_what_has_expired_or_is_used_up_is_not_shown(client: Client, karin: Person) -> None:
    world = client.worlds[0]
    await grant(world, karin.id, karin.card, UsageType.DATA, 10)
    await grant(world, karin.id, karin.card, UsageType.SMS, 10)
    await use(world, karin.card, 10, UsageType.SMS)
    document = "query($id: ID!) { node(id: $id) { ... on Card { balance { amount } buckets { usageType } } } }"
    before = (await client.ask(document, {"id": karin.card_id}, by=karin.id)).data["node"]
    assert before == {"balance": {"amount": "0.00"}, "buckets": [{"usageType": "DATA"}]}
    world.clock.advance(timedelta(days=30))
    assert (await client.ask(document, {"id": karin.card_id}, by=karin.id)).data["node"]["buckets"] == []


async def test_a_card_that_awaits_registration_has_no_dates_yet(client: Client, world: World) -> None:
    person = await world.person()
    await world.card(person, active_until=None, grace_until=None)
    document = "{ viewer { cards { nodes { activeUntil graceUntil balance { amount } statement { nodes { at } } } } } }"
    [card] = (await client.ask(document, by=person)).data["viewer"]["cards"]["nodes"]
    nothing: dict[str, Any] = {
        "activeUntil": None,
        "graceUntil": None,
        "balance": {"amount": "0.00"},
        "statement": {"nodes": []},
    }
    assert card == nothing


async def test_who_one_is_and_what_one_pays_with(client: Client, world: World) -> None:
    person = await world.person("Astrid", phone_number="+46701740699", born=date(1984, 7, 1))
    later = await world.payment_method(person, expires_on=date(2029, 1, 31))
    await world.database.execute("update payment_method set is_default = true where id = $1", later)
    await world.payment_method(person)
    document = """{ viewer {
        actor { kind isImpersonating } family { name }
        customer { name birthDate locale contactPoints { kind value } }
        paymentMethods { brand lastDigits expiresOn isDefault }
    } }"""
    assert (await client.ask(document, by=person)).data["viewer"] == {
        "actor": {"kind": "CUSTOMER", "isImpersonating": False},
        "family": None,
        "customer": {
            "name": "Astrid Ek",
            "birthDate": "1984-07-01",
            "locale": "sv-SE",
            "contactPoints": [{"kind": "PHONE", "value": "+46701740699"}],
        },
        "paymentMethods": [
            {"brand": "visa", "lastDigits": "4242", "expiresOn": "2029-01-31", "isDefault": True},
            {"brand": "visa", "lastDigits": "4242", "expiresOn": "2030-12-31", "isDefault": False},
        ],
    }


async def test_anybody_may_see_what_the_operator_offers(client: Client) -> None:
    document = """{ operator { name country currency timeZone locales cardActiveMonths cardGraceMonths
        topUpAmounts { amount currency } topUpRange { minimum { amount } } } }"""
    operator = (await client.ask(document)).data["operator"]
    assert [money["amount"] for money in operator.pop("topUpAmounts")] == [
        "50.00", "100.00", "200.00", "300.00", "500.00", "1000.00",
    ]  # fmt: skip
    assert operator == {
        "name": "Norrsken",
        "country": "SE",
        "currency": "SEK",
        "timeZone": "Europe/Stockholm",
        "locales": ["sv-SE", "en"],
        "cardActiveMonths": 12,
        "cardGraceMonths": 3,
        "topUpRange": None,
    }


async def test_bonuses_and_top_ups_come_newest_first_and_are_named(client: Client, karin: Person) -> None:
    world = client.worlds[0]
    await world.top_up(karin.id, karin.card, karin.method, key="one")
    await grant(world, karin.id, karin.card, UsageType.MONEY, 50_00)
    world.clock.advance(timedelta(days=1))
    await world.top_up(karin.id, karin.card, karin.method, key="two", amount_minor=20_000)
    await grant(world, karin.id, karin.card, UsageType.VOICE, 600)
    document = """{ viewer {
        topUps { nodes { status amount { amount } createdAt settledAt activeUntil declineReason actionUrl
                         card { id } paymentMethod { lastDigits } } }
        bonuses { nodes { code name usageType quantity unit money { amount } grantedAt validUntil card { id } } }
    } }"""
    viewer = (await client.ask(document, by=karin.id)).data["viewer"]
    assert [each["amount"]["amount"] for each in viewer["topUps"]["nodes"]] == ["200.00", "100.00"]
    assert viewer["topUps"]["nodes"][1] == {
        "status": "COMPLETED",
        "amount": {"amount": "100.00"},
        "createdAt": "2026-03-02T09:00:00Z",
        "settledAt": "2026-03-02T09:00:00Z",
        "activeUntil": "2027-03-02",
        "declineReason": None,
        "actionUrl": None,
        "card": {"id": karin.card_id},
        "paymentMethod": {"lastDigits": "4242"},
    }
    voice, money = viewer["bonuses"]["nodes"]
    assert (voice["quantity"], voice["unit"], voice["money"]) == (600, "SECOND", None)
    assert (money["quantity"], money["unit"], money["money"]) == (50_00, "MINOR_UNIT", {"amount": "50.00"})
    swedish = (await client.ask(document, by=karin.id, language="sv")).data["viewer"]["bonuses"]["nodes"][0]
    assert swedish["name"] != voice["name"]
    assert swedish["code"] == voice["code"] == "WELCOME"


async def test_a_card_is_shown_as_the_calendar_has_it(client: Client, world: World) -> None:
    """Whether or not a worker has written that down."""
    karin = await world.person()
    for active_until, grace_until in (("2025-01-31", "2025-04-30"), ("2026-02-01", "2030-01-01"), ("2030-01-01", None)):
        dates = [date.fromisoformat(day) if day else None for day in (active_until, grace_until)]
        await world.card(karin, active_until=dates[0], grace_until=dates[1])
    answer = await client.ask("{ viewer { cards { nodes { status } } } }", by=karin)
    assert [card["status"] for card in answer.data["viewer"]["cards"]["nodes"]] == ["CLOSED", "GRACE", "ACTIVE"]
