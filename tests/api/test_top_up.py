"""Topping a card up through HTTP: answers, refusals in the asker's language, and repetition."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from dataclasses import replace
from datetime import date, timedelta
from typing import Any, Final
from uuid import UUID

import pytest

from api.schema.ids import global_id
from domain.cards.card import CardStatus
from domain.operators.operator import TopUpRange
from gateways.payments.sandbox import SandboxPayments
from tests.api.conftest import Person, a_person
from tests.support.client import Answer, Client, a_client
from tests.support.world import World

TOP_UP: Final = """mutation($input: TopUpCardInput!) { topUpCard(input: $input) {
    topUp { id status amount { amount currency } declineReason actionUrl activeUntil settledAt }
    card { id activeUntil balance { amount } }
    errors {
        __typename code message path
        ... on AmountNotOfferedError { minimum { amount } maximum { amount } amounts { amount currency } }
        ... on CurrencyNotOfferedError { currency }
        ... on PaymentMethodExpiredError { expiredOn }
        ... on PaymentDeclinedError { reason }
    }
} }"""


async def top_up(client: Client, by: Person, *, language: str = "en", **changes: Any) -> Answer:
    """Tops the person's card up with 100 SEK, but for the changes."""
    money = {"amount": "100", "currency": "SEK"}
    input = {"cardId": by.card_id, "amount": money, "paymentMethodId": by.method_id, "idempotencyKey": "the-first-key"}
    return await client.ask(TOP_UP, {"input": {**input, **changes}}, by=by.id, language=language)


async def refusal(client: Client, by: Person, **changes: Any) -> dict[str, Any]:
    """The one error, in English; with its Swedish message beside it. Nothing else is in the payload."""
    payload = (await top_up(client, by, **changes)).data["topUpCard"]
    in_swedish = (await top_up(client, by, language="sv", **changes)).data["topUpCard"]["errors"][0]["message"]
    assert (payload["topUp"], payload["card"]) == (None, None)
    [error] = payload["errors"]
    assert error["__typename"].removesuffix("Error").upper() == error["code"].replace("_", "")
    assert is_a_sentence(error["message"])
    assert is_a_sentence(in_swedish)
    assert in_swedish != error["message"]
    assert await client.worlds[0].database.fetchval("select count(*) from top_up") == 0
    return error | {"swedish": in_swedish}


def is_a_sentence(text: str) -> bool:
    return text[0].isupper() and text.endswith(".") and "{" not in text and "_" not in text


async def test_the_payload_shows_the_top_up_and_the_card_with_its_new_balance(client: Client, karin: Person) -> None:
    payload = (await top_up(client, karin)).data["topUpCard"]
    id = payload["topUp"].pop("id")
    assert payload == {
        "topUp": {
            "status": "COMPLETED",
            "amount": {"amount": "100.00", "currency": "SEK"},
            "declineReason": None,
            "actionUrl": None,
            "activeUntil": "2027-03-02",
            "settledAt": "2026-03-02T09:00:00Z",
        },
        "card": {"id": karin.card_id, "activeUntil": "2027-03-02", "balance": {"amount": "100.00"}},
        "errors": [],
    }
    assert (await client.ask("query($id: ID!) { node(id: $id) { id } }", {"id": id}, by=karin.id)).data["node"]


@pytest.mark.parametrize("amount", ["100", "100.0", "100.00", "100.000000000", "0100"])
async def test_an_amount_is_what_it_says_however_it_is_written(client: Client, karin: Person, amount: str) -> None:
    payload = (await top_up(client, karin, amount={"amount": amount, "currency": "SEK"})).data["topUpCard"]
    assert payload["topUp"]["amount"] == {"amount": "100.00", "currency": "SEK"}


async def test_an_amount_that_is_not_offered_says_what_is(client: Client, karin: Person) -> None:
    for amount in ("99", "0", "-100", "1000000", "100.01", "999999999999999"):
        error = await refusal(client, karin, amount={"amount": amount, "currency": "SEK"})
        assert (error["code"], error["path"]) == ("AMOUNT_NOT_OFFERED", ["input", "amount"])
    assert (error["minimum"], error["maximum"]) == ({"amount": "50.00"}, {"amount": "1000.00"})
    assert [each["amount"] for each in error["amounts"]] == ["50.00", "100.00", "200.00", "300.00", "500.00", "1000.00"]
    assert "50" in error["message"]
    assert "kr" in error["swedish"]


async def test_where_a_range_is_offered_its_steps_can_be_bought(world: World) -> None:
    steps = TopUpRange(minimum_minor=5_000, maximum_minor=100_000, step_minor=1_000)
    offer = replace(world.operator.top_up_offer, range=steps)
    ranged = World(world.database, replace(world.operator, top_up_offer=offer), world.clock, world.ids, world.payments)
    karin = await a_person(ranged)
    async with a_client(ranged) as client:
        error = await refusal(client, karin, amount={"amount": "115", "currency": "SEK"})
        assert error["code"] == "AMOUNT_NOT_OFFERED"
        payload = (await top_up(client, karin, amount={"amount": "110", "currency": "SEK"})).data["topUpCard"]
        assert payload["topUp"]["status"] == "COMPLETED"


async def test_another_currency_is_refused_with_the_right_one(client: Client, karin: Person) -> None:
    error = await refusal(client, karin, amount={"amount": "100", "currency": "EUR"})
    assert (error["code"], error["currency"]) == ("CURRENCY_NOT_OFFERED", "SEK")


async def test_a_card_that_cannot_be_topped_up_says_why(client: Client, karin: Person) -> None:
    for status, code in {
        CardStatus.CLOSED: "CARD_CLOSED",
        CardStatus.BLOCKED: "CARD_BLOCKED",
        CardStatus.CONVERTED: "CARD_CONVERTED",
        CardStatus.AWAITING_REGISTRATION: "CARD_AWAITING_REGISTRATION",
    }.items():
        card = await client.worlds[0].card(karin.id, status=status)
        error = await refusal(client, karin, cardId=global_id("card", card))
        assert (error["code"], error["path"]) == (code, ["input", "cardId"])


async def test_a_payment_method_that_has_expired_says_when(client: Client, karin: Person) -> None:
    method = await client.worlds[0].payment_method(karin.id, expires_on=date(2026, 3, 1))
    error = await refusal(client, karin, paymentMethodId=global_id("method", method))
    assert (error["code"], error["expiredOn"]) == ("PAYMENT_METHOD_EXPIRED", "2026-03-01")
    assert error["path"] == ["input", "paymentMethodId"]


async def test_what_is_not_there_and_what_is_not_yours_look_the_same(client: Client, karin: Person) -> None:
    stranger, nothing = await a_person(client.worlds[0]), UUID(int=7)
    for card in (stranger.card, nothing):
        assert (await refusal(client, karin, cardId=global_id("card", card)))["code"] == "CARD_NOT_FOUND"
    for method in (stranger.method, nothing):
        error = await refusal(client, karin, paymentMethodId=global_id("method", method))
        assert error["code"] == "PAYMENT_METHOD_NOT_FOUND"


async def test_a_removed_payment_method_is_not_there(client: Client, karin: Person) -> None:
    await client.worlds[0].database.execute("update payment_method set removed_at = now() where id = $1", karin.method)
    assert (await refusal(client, karin))["code"] == "PAYMENT_METHOD_NOT_FOUND"


async def test_a_decline_is_a_top_up_and_an_error(client: Client, world: World) -> None:
    declining = await a_person(world, "sandbox_declines")
    for language in ("en", "sv"):  # the second is a replay, which is told the same
        payload = (await top_up(client, declining, language=language)).data["topUpCard"]
        assert (payload["topUp"]["status"], payload["topUp"]["declineReason"]) == ("DECLINED", "INSUFFICIENT_FUNDS")
        assert payload["card"]["balance"] == {"amount": "0.00"}
        [error] = payload["errors"]
        assert (error["__typename"], error["code"]) == ("PaymentDeclinedError", "PAYMENT_DECLINED")
        assert (error["reason"], error["path"]) == ("INSUFFICIENT_FUNDS", ["input", "paymentMethodId"])
        assert is_a_sentence(error["message"])
    assert await world.database.fetchval("select count(*) from top_up") == 1


async def test_a_payment_that_needs_the_customer_says_where(
    client: Client, world: World, sandbox: SandboxPayments
) -> None:
    person = await a_person(world, "sandbox_needs_action")
    payload = (await top_up(client, person)).data["topUpCard"]
    assert payload["topUp"]["status"] == "REQUIRES_ACTION"
    assert payload["errors"] == []
    id = UUID(payload["topUp"]["id"].removeprefix("topup_"))
    assert payload["topUp"]["actionUrl"] == f"http://localhost/dev/payments/{id}"
    await sandbox.approve(id)
    again = (await top_up(client, person)).data["topUpCard"]["topUp"]
    assert (again["id"], again["status"]) == (payload["topUp"]["id"], "COMPLETED")
    assert again["actionUrl"] is None


async def test_a_silent_provider_leaves_it_unknown_and_the_same_key_finds_out(world: World) -> None:
    person = await a_person(world, "sandbox_times_out_then_succeeds")
    async with a_client(world, wait_seconds=0.1) as client:
        first = (await top_up(client, person)).data["topUpCard"]
        assert (first["topUp"]["status"], first["errors"]) == ("UNKNOWN", [])
        assert first["card"]["balance"] == {"amount": "0.00"}
    world.clock.advance(timedelta(seconds=21))
    async with a_client(world) as client:
        again = (await top_up(client, person)).data["topUpCard"]
        assert (again["topUp"]["id"], again["topUp"]["status"]) == (first["topUp"]["id"], "COMPLETED")
        assert again["card"]["balance"] == {"amount": "100.00"}


async def test_a_replay_is_answered_with_the_same_top_up_as_it_now_stands(client: Client, karin: Person) -> None:
    first = (await top_up(client, karin)).data["topUpCard"]
    await top_up(client, karin, idempotencyKey="another-key")
    again = (await top_up(client, karin)).data["topUpCard"]
    assert again["topUp"] == first["topUp"]
    assert again["card"]["balance"] == {"amount": "200.00"}


async def test_a_key_with_another_input_is_refused_without_effect(client: Client, karin: Person) -> None:
    await top_up(client, karin)
    other_card = await client.worlds[0].card(karin.id)
    other_method = await client.worlds[0].payment_method(karin.id)
    changes: tuple[dict[str, Any], ...] = (
        {"amount": {"amount": "200", "currency": "SEK"}},
        {"cardId": global_id("card", other_card)},
        {"paymentMethodId": global_id("method", other_method)},
    )
    for change in changes:
        payload = (await top_up(client, karin, **change)).data["topUpCard"]
        assert (payload["topUp"], payload["card"]) == (None, None)
        assert [error["code"] for error in payload["errors"]] == ["IDEMPOTENCY_KEY_REUSED"]
        assert payload["errors"][0]["path"] == ["input", "idempotencyKey"]
    assert await client.worlds[0].balance_minor(karin.card) == 10_000


async def test_the_same_amount_written_otherwise_is_the_same_input(client: Client, karin: Person) -> None:
    first = (await top_up(client, karin)).data["topUpCard"]["topUp"]
    again = (await top_up(client, karin, amount={"amount": "100.00", "currency": "SEK"})).data["topUpCard"]["topUp"]
    assert again == first


async def test_a_key_is_ones_own(client: Client, karin: Person) -> None:
    other = await a_person(client.worlds[0])
    first = (await top_up(client, karin)).data["topUpCard"]["topUp"]
    assert (await top_up(client, other)).data["topUpCard"]["topUp"]["id"] != first["id"]


async def test_a_refusal_leaves_the_key_free(client: Client, karin: Person) -> None:
    await refusal(client, karin, amount={"amount": "1", "currency": "SEK"})
    assert (await top_up(client, karin)).data["topUpCard"]["topUp"]["status"] == "COMPLETED"


async def test_fifty_at_once_with_one_key_are_one_top_up(
    client: Client, karin: Person, sandbox: SandboxPayments
) -> None:
    answers = await asyncio.gather(*[top_up(client, karin) for _ in range(50)])
    payloads = [answer.data["topUpCard"] for answer in answers]
    [id] = {payload["topUp"]["id"] for payload in payloads}
    assert all(payload["errors"] == [] for payload in payloads)
    assert await client.worlds[0].balance_minor(karin.card) == 10_000
    result = await sandbox.look_up(UUID(id.removeprefix("topup_")))
    assert result.amount == client.worlds[0].money(10_000)


async def test_fifty_at_once_with_different_keys_all_land(client: Client, karin: Person) -> None:
    answers = await asyncio.gather(*[top_up(client, karin, idempotencyKey=f"key-no-{n:02}") for n in range(50)])
    assert len({answer.data["topUpCard"]["topUp"]["id"] for answer in answers}) == 50
    assert await client.worlds[0].balance_minor(karin.card) == 500_000


async def test_two_in_one_document_are_refused_before_either(client: Client, karin: Person) -> None:
    document = """mutation($a: TopUpCardInput!, $b: TopUpCardInput!) {
        first: topUpCard(input: $a) { topUp { id } } second: topUpCard(input: $b) { topUp { id } }
    }"""
    money = {"amount": "100", "currency": "SEK"}
    input = {"cardId": karin.card_id, "amount": money, "paymentMethodId": karin.method_id}
    keyed = {"a": input | {"idempotencyKey": "key-no-one"}, "b": input | {"idempotencyKey": "key-no-two"}}
    answer = await client.ask(document, keyed, by=karin.id)
    assert (answer.status, answer.code) == (400, "ONE_VALUE_MOVING_MUTATION")
    assert await client.worlds[0].database.fetchval("select count(*) from top_up") == 0


async def test_ids_that_never_were_ours_and_ids_of_other_things_are_the_callers_mistake(
    client: Client, karin: Person
) -> None:
    hex_id = karin.card.hex
    never_ours = ["", "x", hex_id, str(karin.card), f"card_{hex_id[:-1]}", f"card_{hex_id.upper()}", f" card_{hex_id}"]
    never_ours += [f"card_{hex_id}\n", "card_" + "g" * 32, "ä" * 40, "\0"]
    for id in (*never_ours, karin.method_id, f"nothing_{hex_id}"):
        answer = await top_up(client, karin, cardId=id)
        assert (answer.status, answer.code, answer.body["data"]) == (200, "BAD_USER_INPUT", {"topUpCard": None}), id
    for id in (karin.card_id, "method", global_id("customer", karin.id)):
        assert (await top_up(client, karin, paymentMethodId=id)).code == "BAD_USER_INPUT"
    assert await client.worlds[0].database.fetchval("select count(*) from idempotency") == 0


async def test_amounts_currencies_and_keys_that_make_no_sense_are_the_callers_mistake(
    client: Client, karin: Person
) -> None:
    no_amounts: list[Any] = ["", " 100", "1e2", "100,00", "NaN", "Infinity", "٣٠", "1" * 16, "0.0000000001", "--1"]
    no_amounts += ["+1", 100, 100.5, None, True, []]
    for amount in no_amounts:
        answer = await top_up(client, karin, amount={"amount": amount, "currency": "SEK"})
        assert (answer.status, answer.code) == (400, "BAD_USER_INPUT"), amount
    assert (await top_up(client, karin, amount={"amount": "100.001", "currency": "SEK"})).code == "BAD_USER_INPUT"
    for currency in ("", "sek", "SEKK", "S3K", "ÅÄÖ", None, 752):
        answer = await top_up(client, karin, amount={"amount": "100", "currency": currency})
        assert (answer.status, answer.code) == (400, "BAD_USER_INPUT"), currency
    for key in ("", "short", "k" * 256, "with space", "tab\there", "nyckel-åäö", "\0" * 8, None, 12345678):
        answer = await top_up(client, karin, idempotencyKey=key)
        assert (answer.status, answer.code) == (400, "BAD_USER_INPUT"), key
    assert await client.worlds[0].database.fetchval("select count(*) from top_up") == 0


async def test_unknown_and_missing_fields_of_the_input_are_the_callers_mistake(client: Client, karin: Person) -> None:
    assert (await top_up(client, karin, note="for Elsa")).code == "BAD_USER_INPUT"
    answer = await client.ask(TOP_UP, {"input": {"cardId": karin.card_id}}, by=karin.id)
    assert (answer.status, answer.code) == (400, "BAD_USER_INPUT")


@pytest.fixture
async def elsewhere(world: World) -> AsyncGenerator[Client]:
    """The same operator, if it spoke Latvian."""
    latvian = replace(world.operator, locales=("lv-LV", "ru-LV"))
    async with a_client(World(world.database, latvian, world.clock, world.ids, world.payments)) as client:
        yield client


async def test_the_language_is_the_first_that_is_wanted_and_offered(
    client: Client, elsewhere: Client, karin: Person
) -> None:
    async def message(client: Client, language: str) -> str:
        answer = await top_up(client, karin, language=language, cardId=global_id("card", UUID(int=1)))
        return answer.data["topUpCard"]["errors"][0]["message"]

    swedish, english = await message(client, "sv"), await message(client, "en")
    assert swedish != english
    for language in ("sv-SE", "sv-FI", "fi, sv;q=0.5", "en;q=0.1, sv", "fi", "", "*", "!!;;", "x" * 10_000, "en;q=0"):
        assert await message(client, language) == swedish, language
    for language in ("en-GB", "en-US,en;q=0.9", "de, en;q=0.2, sv;q=0.1"):
        assert await message(client, language) == english, language
    latvian, russian = await message(elsewhere, "sv, en"), await message(elsewhere, "ru")
    assert len({swedish, english, latvian, russian}) == 4
