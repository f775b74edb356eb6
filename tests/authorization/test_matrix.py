"""Every field, every mutation and every way in, as every kind of actor, against docs/AUTHORIZATION.md (A1)."""

from __future__ import annotations

from itertools import count
from typing import Any, Final, cast
from uuid import UUID

import pytest

from api.schema.ids import global_id
from domain.adjustments.adjustment import AdjustmentReason
from domain.adjustments.usecases import AdjustBalance
from domain.cards.card import CardStatus
from domain.contacts.usecases import RemoveContactPoint
from domain.customers.customer import ContactKind
from domain.identity.contacts import Contact
from domain.identity.senders import NOBODY
from domain.kernel.access import Actor, Assurance, Authentication, StaffRole, customer, staff
from persistence.queries.support import REQUEST
from tests.architecture.rules import mutations
from tests.authorization import page
from tests.authorization.look import Look, classes_of
from tests.authorization.selections import (
    NODES,
    SCHEMA,
    a_few,
    deep,
    every_pair,
    everything_of,
    object_type,
    objects_in,
    type_of,
)
from tests.authorization.society import Society, Someone

# A document a type, since fields of one name and different types may not stand side by side.
NODES_DOCUMENTS: Final = {
    name: f"query($ids: [ID!]!) {{ nodes(ids: $ids) {{ __typename ... on {name} {everything_of(name)} }} }}"
    for name in sorted(NODES)
}
NODE_DOCUMENTS: Final = {
    name: f"query($id: ID!) {{ node(id: $id) {{ __typename ... on {name} {everything_of(name)} }} }}"
    for name in sorted(NODES)
}
ROOTS_DOCUMENT: Final = (
    f"{{ viewer {everything_of('Viewer')} operator {everything_of('Operator')} support {{ member {{ name }} }} }}"
)
_SUPPORT: Final = everything_of("Support").replace("customers", "customers(search: $search)")
SUPPORT_DOCUMENT: Final = f"query($search: CustomerSearchInput!) {{ support {_SUPPORT} }}"
WITH_GOOD_TOKENS: Final = [kind for kind in page.KINDS if kind not in page.REFUSED]
WITH_A_SCREEN: Final = [kind for kind in WITH_GOOD_TOKENS if page.CLASSES["SIGNED_IN"][kind] == "yes"]


def someone_of(society: Society, kind: str) -> Someone:
    return society.people[kind]


async def found_by(society: Society, someone: Someone, ids: list[str]) -> dict[str, dict[str, Any] | None]:
    """What is found by each id, whole."""
    found: dict[str, dict[str, Any] | None] = dict.fromkeys(ids)
    for name, document in NODES_DOCUMENTS.items():
        answer = await society.client.ask(document, {"ids": ids}, headers=someone.headers)
        for id, node in zip(ids, answer.data["nodes"], strict=True):
            if node is not None and node["__typename"] == name:
                found[id] = node
    return found


async def looked_at(society: Society, someone: Someone) -> Look:
    """Everything of the kind's things, found by their ids."""
    found = await found_by(society, someone, someone.things.ids)
    look = Look(someone)
    for name, of_class in someone.things.by_class.items():
        for id in of_class:
            node = found[id]
            assert (node is not None) == (name in classes_of(someone.kind)), (id, name)
            if node is not None:
                assert node["id"] == id
                look.at(node)
    return look


@pytest.mark.parametrize("kind", WITH_GOOD_TOKENS)
async def test_of_what_has_an_id_everybody_is_shown_what_the_page_says(society: Society, kind: str) -> None:
    look = await looked_at(society, someone_of(society, kind))
    assert [pair for pair, has_something in look.shown.items() if not has_something] == []


@pytest.mark.parametrize("kind", WITH_GOOD_TOKENS)
async def test_the_screen_of_ones_own_is_for_who_is_signed_in(society: Society, kind: str) -> None:
    someone = someone_of(society, kind)
    data = (await society.client.ask(ROOTS_DOCUMENT, headers=someone.headers)).data
    assert (data["viewer"] is not None) == ("SIGNED_IN" in classes_of(kind))
    assert (data["support"] is not None) == ("STAFF" in classes_of(kind))
    look = Look(someone, kind="holder")  # what is one's own, one holds
    look.at(data["operator"])
    if data["viewer"] is not None:
        assert data["viewer"]["customer"]["id"] == global_id("customer", cast("UUID", someone.id))
        look.at(data["viewer"])
    nothing = {pair for pair, has_something in look.shown.items() if not has_something}
    assert nothing <= {
        ("Viewer", "family"),
        ("Actor", "supportSession"),
        ("PageInfo", "startCursor"),
        ("PageInfo", "endCursor"),
    }


@pytest.mark.parametrize("kind", WITH_GOOD_TOKENS)
async def test_one_id_is_answered_as_many_are(society: Society, kind: str) -> None:
    someone = someone_of(society, kind)
    for id, expected in (await found_by(society, someone, someone.things.ids)).items():
        kind_of_node = expected["__typename"] if expected else "Card"
        alone = await society.client.ask(NODE_DOCUMENTS[kind_of_node], {"id": id}, headers=someone.headers)
        assert alone.data["node"] == expected


@pytest.mark.parametrize("kind", WITH_A_SCREEN)
@pytest.mark.parametrize("field", object_type("Viewer").fields)
async def test_what_is_found_on_any_path_is_what_is_found_by_its_id(society: Society, kind: str, field: str) -> None:
    someone = someone_of(society, kind)
    definition = object_type("Viewer").fields[field]
    within = deep(type_of(definition).name, levels=5)
    document = f"{{ viewer {{ {field}{a_few(definition)} {within} }} }}"
    answer = (await society.client.ask(document, headers=someone.headers)).data
    found = [each for each in objects_in(answer) if each.get("__typename") in NODES]
    by_id = await found_by(society, someone, sorted({each["id"] for each in found}))
    for each in found:
        known_node = by_id[each["id"]]
        assert known_node is not None
        for name, value in each.items():
            known = known_node[name]
            if isinstance(value, dict | list):
                assert (value is None) == (known is None)
            else:
                assert value == known, (each["__typename"], name)


async def test_holder_assistant_and_desk_together_are_shown_everything_there_is(society: Society) -> None:
    """So a type or a field that these tests would not reach is found here."""
    looks = [await everything_shown(society, someone_of(society, kind)) for kind in ("holder", "assistant")]
    for kind in ("support lead", "support agent"):
        looks.append(await looked_at(society, someone_of(society, kind)))
        looks.append(await all_of_support(society, someone_of(society, kind)))
    assert {pair for look in looks for pair, has_something in look.shown.items() if has_something} == every_pair()


async def everything_shown(society: Society, someone: Someone) -> Look:
    look = await looked_at(society, someone)
    assert someone.id is not None
    await society.client.worlds[0].session(someone.id)
    roots = (await society.client.ask(ROOTS_DOCUMENT, headers=someone.headers)).data
    look.at(roots["viewer"])
    look.at(roots["operator"])
    for name in INPUTS:
        if page.MUTATIONS[name][someone.kind] == "done":
            look.at(await done(society, someone, name))
    return look


async def all_of_support(society: Society, someone: Someone) -> Look:
    look = Look(someone)
    number = await society.client.worlds[0].database.fetchval(
        "select number from customer where id = $1", society.people["holder"].id
    )
    variables = {"search": {"customerNumber": str(number)}}
    look.at((await society.client.ask(SUPPORT_DOCUMENT, variables, headers=someone.headers)).data["support"])
    for name in INPUTS:
        if page.MUTATIONS[name][someone.kind] == "done":
            look.at(await done(society, someone, name))
    return look


_numbers = count()


async def sign_in_input(_: Society, someone: Someone) -> dict[str, Any]:
    return {"phoneNumber": f"+{46701740606 + next(_numbers)}"}


async def top_up_input(_: Society, someone: Someone) -> dict[str, Any]:
    return a_top_up(someone)


def a_top_up(someone: Someone) -> dict[str, Any]:
    return {
        "cardId": global_id("card", someone.card),
        "amount": {"amount": "100", "currency": "SEK"},
        "paymentMethodId": global_id("method", someone.own_method),
        "idempotencyKey": f"{someone.kind}-{next(_numbers)}-matrix".replace(" ", "-"),
    }


async def end_session_input(_: Society, someone: Someone) -> dict[str, Any]:
    return {"sessionId": global_id("session", someone.session)}


async def end_all_sessions_input(_: Society, someone: Someone) -> dict[str, Any]:
    return {"keepThisOne": False}


async def start_input(society: Society, someone: Someone) -> dict[str, Any]:
    holder = society.people["holder"].id
    assert holder is not None
    customer = global_id("customer", holder)
    return {"customerId": customer, "reason": "She asked.", "ticket": "T-2", "access": "READ_ONLY"}


async def session_of_agent(society: Society, _: Someone) -> dict[str, Any]:
    agent, holder = society.people["support agent"].staff_id, society.people["holder"].id
    assert agent is not None
    assert holder is not None
    session = await society.client.worlds[0].support_session(agent, holder)
    return {"supportSessionId": global_id("support", session.id)}


async def dispute_input(society: Society, someone: Someone) -> dict[str, Any]:
    return await session_of_agent(society, someone) | {"reason": "I did not ask for this."}


async def profile_input(_: Society, someone: Someone) -> dict[str, Any]:
    return {"givenName": f"Called {next(_numbers)}"}


async def consent_input(_: Society, someone: Someone) -> dict[str, Any]:
    return {"purpose": "MARKETING_SMS", "isGiven": next(_numbers) % 2 == 0, "textVersion": 1}


def whoever(society: Society, someone: Someone) -> UUID:
    """The customer; for who is none, the holder."""
    return cast("UUID", someone.id or society.people["holder"].id)


async def reached(society: Society, person: UUID) -> str:
    """Gives a person a new phone number and a new e-mail address, and no others. The number."""
    world, n = society.client.worlds[0], next(_numbers)
    await world.database.execute("delete from contact_point where customer_id = $1", person)
    await world.database.execute(
        "insert into contact_point values ('PHONE', $1, $3, $4), ('EMAIL', $2, $3, $4)",
        *(f"+{46701840000 + n}", f"p{n}@example.com", person, world.clock.now()),
    )
    return f"+{46701840000 + n}"


def at_once(society: Society, person: UUID) -> Actor:
    """The person, who has just signed in."""
    return customer(person, authentication=Authentication(society.client.worlds[0].clock.now(), Assurance.STRONG))


async def new_number_input(_: Society, someone: Someone) -> dict[str, Any]:
    return {"phoneNumber": f"+{46701850000 + next(_numbers)}"}


async def new_email_input(_: Society, someone: Someone) -> dict[str, Any]:
    return {"email": f"new{next(_numbers)}@example.com"}


async def confirm_input(society: Society, someone: Someone) -> dict[str, Any]:
    identity = society.client.services[0].identity
    new = await new_email_input(society, someone)
    actor = at_once(society, whoever(society, someone))
    challenge = await identity.contacts.change(Contact.email(new["email"]), sender=NOBODY, actor=actor)
    return {"challengeId": str(challenge.id), "code": identity.codes.code_of(challenge.id), **new}


async def remove_input(society: Society, someone: Someone) -> dict[str, Any]:
    await reached(society, whoever(society, someone))
    return {"kind": "EMAIL"}


async def undo_input(society: Society, someone: Someone) -> dict[str, Any]:
    person, identity = whoever(society, someone), society.client.services[0].identity
    await reached(society, person)
    undo = identity.undo_codes.new()
    removal = RemoveContactPoint(kind=ContactKind.EMAIL, undo=undo)
    await society.client.services[0].executor.execute(removal, at_once(society, person))
    return {"code": identity.undo_codes.code_of(undo.id)}


async def lost_input(society: Society, someone: Someone) -> dict[str, Any]:
    return {"phoneNumber": await reached(society, whoever(society, someone))}


async def register_input(society: Society, someone: Someone) -> dict[str, Any]:
    """A card of the holder's that waits for it."""
    world, holder = society.client.worlds[0], society.people["holder"].id
    card = await world.card(holder, status=CardStatus.AWAITING_REGISTRATION, active_until=None, grace_until=None)
    return {
        "cardId": global_id("card", card),
        "address": {"street": "Storgatan 1", "postalCode": "903 26", "city": "Umeå"},
        "idempotencyKey": f"register-{card}",
    }


async def adjust_input(society: Society, someone: Someone) -> dict[str, Any]:
    return {
        "cardId": global_id("card", someone.card),
        "amount": {"amount": "1", "currency": "SEK"},
        "reason": "GOODWILL",
        "ticket": "T-3",
        "note": "She waited.",
        "idempotencyKey": f"{someone.kind}-{next(_numbers)}-matrix".replace(" ", "-"),
    }


async def card_of_ones_own_input(society: Society, someone: Someone) -> dict[str, Any]:
    return {"cardId": global_id("card", await a_card_of_holders(society, "BLOCKED"))}


async def block_input(society: Society, _: Someone) -> dict[str, Any]:
    return {"cardId": global_id("card", await a_card_of_holders(society, "ACTIVE")), "reason": "LOST"}


async def a_card_of_holders(society: Society, status: str) -> UUID:
    return await society.client.worlds[0].card(society.people["holder"].id, status=CardStatus(status))


async def approval_of_agent(society: Society, _: Someone) -> dict[str, Any]:
    """One that the agent has asked for."""
    world, agent = society.client.worlds[0], society.people["support agent"].staff_id
    assert agent is not None
    much = world.operator.adjustment_approval_minor + 1
    command = AdjustBalance(
        card_id=society.people["holder"].card,
        amount=world.money(much),
        reason=AdjustmentReason.GOODWILL,
        ticket="T-4",
        note="She waited long.",
        idempotency_key=f"approval-{next(_numbers)}",
    )
    adjustment = await world.executor.execute(command, staff(agent, [StaffRole.AGENT]))
    id = await world.database.fetchval("select id from approval where about_id = $1", adjustment.id)
    return {"approvalId": global_id("approval", id)}


INPUTS: Final = {
    "requestSignInCode": sign_in_input,
    "endSession": end_session_input,
    "endAllSessions": end_all_sessions_input,
    "topUpCard": top_up_input,
    "startSupportSession": start_input,
    "endSupportSession": session_of_agent,
    "disputeSupportAccess": dispute_input,
    "registerCard": register_input,
    "adjustBalance": adjust_input,
    "blockCard": block_input,
    "unblockCard": card_of_ones_own_input,
    "giveApproval": approval_of_agent,
    "declineApproval": approval_of_agent,
    "withdrawApproval": approval_of_agent,
    "updateProfile": profile_input,
    "updateConsent": consent_input,
    "changePhoneNumber": new_number_input,
    "changeEmail": new_email_input,
    "confirmContactPoint": confirm_input,
    "removeContactPoint": remove_input,
    "undoContactPointChange": undo_input,
    "reportLostPhone": lost_input,
}


OF_ONESELF: Final = {
    "updateProfile",
    "updateConsent",
    "confirmContactPoint",
    "removeContactPoint",
    "reportLostPhone",
}
"""Whoever does these is shown something of their own, which they hold."""


async def sent(society: Society, someone: Someone, name: str, input: dict[str, Any]) -> Any:
    """A mutation's answer, with everything in its payload."""
    payload = type_of(mutations(SCHEMA)[name]).name
    title = f"{name[0].upper()}{name[1:]}"
    document = f"mutation($input: {title}Input!) {{ {name}(input: $input) {everything_of(payload)} }}"
    return await society.client.ask(document, {"input": input}, headers=someone.headers)


async def done(society: Society, someone: Someone, name: str) -> Any:
    return (await sent(society, someone, name, await INPUTS[name](society, someone))).data[name]


def test_every_way_in_is_tried() -> None:
    assert set(object_type("Query").fields) == {"viewer", "operator", "support", "node", "nodes"}
    assert set(INPUTS) == set(mutations(SCHEMA))


@pytest.mark.parametrize("kind", page.KINDS)
@pytest.mark.parametrize("name", page.MUTATIONS)
async def test_everybody_may_do_what_the_page_says(society: Society, kind: str, name: str) -> None:
    expected = page.MUTATIONS[name][kind]
    someone = someone_of(society, kind)
    input = await INPUTS[name](society, someone)
    before = await effects(society)
    answer = await sent(society, someone, name, input)
    if expected == "401":
        assert (answer.status, answer.code) == (401, "UNAUTHENTICATED")
    elif expected in ("UNAUTHENTICATED", "FORBIDDEN"):
        assert (answer.status, answer.code, answer.body["data"]) == (200, expected, {name: None})
    elif expected != "done":
        assert [error["code"] for error in answer.data[name]["errors"]] == [expected]
        assert {value for part, value in answer.data[name].items() if part not in ("__typename", "errors")} == {None}
    else:
        assert answer.data[name]["errors"] == []
        Look(someone, kind="holder" if name in OF_ONESELF else None).at(answer.data[name])
    assert (await effects(society) == before) == (expected != "done"), "a refusal changes nothing"


async def effects(society: Society) -> list[int]:
    database = society.client.worlds[0].database
    # That staff ask for something on a customer's behalf is on record, whatever becomes of it.
    tables = ("top_up", "idempotency", "event", "ledger_entry", "message", f"audit where operation <> '{REQUEST}'")
    return [await database.fetchval(f"select count(*) from {table}") for table in tables]


@pytest.mark.parametrize("kind", [kind for kind in WITH_A_SCREEN if page.MUTATIONS["topUpCard"][kind] != "FORBIDDEN"])
async def test_nobody_pays_with_what_is_not_in_their_wallet(society: Society, kind: str) -> None:
    someone = someone_of(society, kind)
    [method, *_] = society.methods_of_holder
    assert someone.own_card is not None
    input = a_top_up(someone) | {
        "cardId": global_id("card", someone.own_card),
        "paymentMethodId": global_id("method", method),
    }
    payload = (await sent(society, someone, "topUpCard", input)).data["topUpCard"]
    expected = [] if kind == "holder" else [page.ENTRY_POINTS["TopUpCardInput.paymentMethodId"][WITHOUT]]
    assert [error["code"] for error in payload["errors"]] == expected


WITHOUT: Final = "what is answered without it"


@pytest.mark.parametrize("kind", [kind for kind, told in page.MUTATIONS["endSession"].items() if told == "done"])
async def test_nobody_ends_a_session_of_somebody_elses(society: Society, kind: str) -> None:
    somebody_elses = "stranger" if kind == "holder" else "holder"
    input = {"sessionId": global_id("session", someone_of(society, somebody_elses).session)}
    payload = (await sent(society, someone_of(society, kind), "endSession", input)).data["endSession"]
    assert [error["code"] for error in payload["errors"]] == [page.ENTRY_POINTS["EndSessionInput.sessionId"][WITHOUT]]


@pytest.mark.parametrize("name", ["updateProfile", "updateConsent"])
@pytest.mark.parametrize("kind", [kind for kind, told in page.MUTATIONS["updateProfile"].items() if told == "done"])
async def test_only_a_guardian_speaks_for_a_child(society: Society, kind: str, name: str) -> None:
    """Of consents not even a guardian, since the holder is 17."""
    someone = someone_of(society, kind)
    dependant = global_id("customer", cast("UUID", society.people["holder"].id))
    payload = await sent(society, someone, name, await INPUTS[name](society, someone) | {"dependantId": dependant})
    found = {"updateProfile": [], "updateConsent": ["CONSENT_IS_THEIR_OWN"] if kind == "guardian" else []}
    not_found = [page.ENTRY_POINTS[f"{name[0].upper()}{name[1:]}Input.dependantId"][WITHOUT]]
    expected = found[name] if "SELF" in classes_of(kind) else not_found
    assert [error["code"] for error in payload.data[name]["errors"]] == expected


@pytest.mark.parametrize("kind", ["holder", "stranger"])
async def test_nobody_confirms_what_somebody_else_asked_for(society: Society, kind: str) -> None:
    somebody_else = someone_of(society, "stranger" if kind == "holder" else "holder")
    input = await confirm_input(society, somebody_else)
    payload = (await sent(society, someone_of(society, kind), "confirmContactPoint", input)).data["confirmContactPoint"]
    expected = page.ENTRY_POINTS["ConfirmContactPointInput.challengeId"][WITHOUT]
    assert [error["code"] for error in payload["errors"]] == [expected]


@pytest.mark.parametrize("kind", WITH_GOOD_TOKENS)
async def test_who_may_not_top_a_card_up_is_not_told_what_state_it_is_in(society: Society, kind: str) -> None:
    someone = someone_of(society, kind)
    expected = page.MUTATIONS["topUpCard"][kind]
    if expected in ("done", "UNAUTHENTICATED", "FORBIDDEN"):
        return
    database = society.client.worlds[0].database
    try:
        for status in ("BLOCKED", "CLOSED", "CONVERTED", "AWAITING_REGISTRATION"):
            await database.execute("update card set status = $1 where id = $2", status, someone.card)
            payload = await done(society, someone, "topUpCard")
            assert [error["code"] for error in payload["errors"]] == [expected]
    finally:
        await database.execute("update card set status = 'ACTIVE' where id = $1", someone.card)


@pytest.mark.parametrize(
    "document", [ROOTS_DOCUMENT, NODES_DOCUMENTS["Card"], NODE_DOCUMENTS["Card"], "{ __typename }"]
)
@pytest.mark.parametrize("kind", page.REFUSED)
async def test_a_token_that_is_not_good_is_refused_whatever_is_asked(
    society: Society, kind: str, document: str
) -> None:
    someone = someone_of(society, kind)
    variables = {"ids": someone.things.ids, "id": someone.things.ids[0]}
    answer = await society.client.ask(document, variables, headers=someone.headers)
    assert (answer.status, answer.code) == (401, "UNAUTHENTICATED")
    assert "data" not in answer.body


async def test_who_has_left_is_not_answered_for_what_they_began_before(society: Society) -> None:
    """A replay is authorised afresh (I7): the key is the payer's, and the card is no longer theirs to top up."""
    payer = someone_of(society, "payer")
    input = a_top_up(payer) | {"idempotencyKey": f"{payer.card}/{payer.own_method}"}
    replayed = (await sent(society, payer, "topUpCard", input)).data["topUpCard"]
    assert [error["code"] for error in replayed["errors"]] == ["CARD_NOT_FOUND"]
    reused = await sent(society, payer, "topUpCard", input | {"amount": {"amount": "200", "currency": "SEK"}})
    assert [error["code"] for error in reused.data["topUpCard"]["errors"]] == ["IDEMPOTENCY_KEY_REUSED"]


async def test_who_did_not_pay_is_shown_a_top_up_but_not_how_it_was_paid(society: Society) -> None:
    """The holder, of what the payer paid for."""
    holder, payer = someone_of(society, "holder"), someone_of(society, "payer")
    ids = payer.things.by_class["MONEY"]
    found = (await found_by(society, holder, ids)).values()
    assert [each["id"] for each in found if each] == ids
    top_ups = [each for each in found if each and each["__typename"] == "TopUp"]
    assert {each["status"] for each in top_ups} == {"COMPLETED", "DECLINED", "REQUIRES_ACTION"}
    for each in top_ups:
        assert (each["paymentMethod"], each["declineReason"], each["actionUrl"]) == (None, None, None)
