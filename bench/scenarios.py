"""What is measured: the same question to Kontant and to the floor, for the same people, with the same answer."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, Final, NamedTuple, cast
from uuid import UUID

import asyncpg
import orjson

from api.schema.ids import global_id
from auth.keys import KeyRing
from auth.tokens import AccessTokens
from bench.load import NEW_KEY, Connection
from bench.place import Place
from domain.identity.session import AuthenticationMethod, Person, Session
from domain.operators.operator import Operator
from kontant.machine import SystemClock, SystemIds
from persistence.database import open_database

DOCUMENTS: Final = Path(__file__).parent / "documents"
MOST_HOMES: Final = 40
MOST_PAYERS: Final = 100

LEAVES: Final = 120

# Owners of families, first those whose home screen has about as many values as is usual (the numbers are the values of
# a member, a card and a bucket, and of all else). The cards are those that the owner pays for.
PAYERS: Final = """
select owner.customer_id,
       (select id from payment_method m where m.customer_id = owner.customer_id and removed_at is null
         order by is_default desc limit 1) as method_id,
       array(select id from card where holder_id = owner.customer_id and status = 'ACTIVE' order by id) as cards
  from family_member owner
 cross join lateral (
       select 3 * count(distinct member.customer_id) + 5 * count(distinct card.id) + 3 * count(bucket.id) + 50 as leaves
         from family_member member
         left join card on card.user_id = member.customer_id
         left join account on account.owner_id = card.id
         left join bucket on bucket.account_id = account.id and remaining > 0
                         and (valid_until is null or valid_until > now())
        where member.family_id = owner.family_id) home
 where role = 'OWNER'
   and exists (select from card where holder_id = owner.customer_id and status = 'ACTIVE')
   and (select count(*) from bonus where bonus.customer_id = owner.customer_id) >= 5
   and (select count(*) from top_up where top_up.customer_id = owner.customer_id) >= 5
 order by abs(leaves - $2), owner.customer_id
 limit $1"""

# What a top-up leaves behind, table by table.
WRITTEN: Final = (
    "idempotency",
    "top_up",
    "ledger_transaction",
    "ledger_entry",
    "bucket",
    "draw",
    "audit",
    "event",
    "pgqueuer",
)


class DifferentAnswer(Exception):
    """Kontant and the floor do not do the same, so nothing that they cost can be compared."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """Whole HTTP requests, the same for both sides one by one, and what each answer must hold."""

    name: str
    kontant: tuple[str, ...]
    floor: tuple[str, ...]
    expected: str


class Payer(NamedTuple):
    """Somebody who pays for a family, their payment method, and the cards that they pay for."""

    id: UUID
    method_id: UUID
    cards: Sequence[UUID]


class Scenarios:
    """Makes the scenarios out of whoever is in the database. Access tokens are good for some minutes."""

    def __init__(self, operator: Operator, payers: Sequence[Payer], tokens: Mapping[UUID, str]) -> None:
        half = min(MOST_HOMES, (len(payers) + 1) // 2)
        # Top-ups are of others: they leave buckets, which a home screen would have to show.
        self._seen, self._paying = payers[:half], payers[half:] or payers
        self._operator, self._tokens = operator, tokens

    def home(self) -> Scenario:
        """Each sees their home screen."""
        body = orjson.dumps({"query": (DOCUMENTS / "home.graphql").read_text()}).decode()
        return self._scenario("home", "/home", [(payer, body) for payer in self._seen], '\r\n\r\n{"data":{"viewer":{')

    def top_up(self) -> Scenario:
        """Each tops up the cards that they pay for, in turn."""
        document = (DOCUMENTS / "top_up.graphql").read_text()
        bodies = [
            (payer, orjson.dumps({"query": document, "variables": {"input": self._input(payer, card)}}).decode())
            for payer in self._paying
            for card in payer.cards
        ]
        return self._scenario("topUpCard", "/top-up", bodies, '"status":"COMPLETED"')

    def _input(self, payer: Payer, card: UUID) -> Mapping[str, Any]:
        return {
            "cardId": global_id("card", card),
            "amount": {"amount": "100", "currency": self._operator.currency},
            "paymentMethodId": global_id("method", payer.method_id),
            "idempotencyKey": NEW_KEY.decode(),
        }

    def _scenario(self, name: str, path: str, bodies: Sequence[tuple[Payer, str]], expected: str) -> Scenario:
        host = self._operator.hosts[0]
        return Scenario(
            name=name,
            kontant=tuple(_http("/graphql", host, f"Bearer {self._tokens[payer.id]}", body) for payer, body in bodies),
            floor=tuple(_http(path, host, str(payer.id), body) for payer, body in bodies),
            expected=expected,
        )


async def find_scenarios(place: Place) -> Scenarios:
    """The scenarios for whoever there is, with access tokens made now."""
    connection = await asyncpg.connect(place.owner_url)
    try:
        payers = [Payer(*row) for row in await connection.fetch(PAYERS, MOST_HOMES + MOST_PAYERS, LEAVES)]
    finally:
        await connection.close()
    if not payers:
        raise DifferentAnswer("There are too few cards: nobody has a family, five bonuses and five top-ups.")
    tokens = await access_tokens(place, [payer.id for payer in payers])
    return Scenarios(place.operator, payers, tokens)


async def access_tokens(place: Place, customers: Sequence[UUID]) -> Mapping[UUID, str]:
    """An access token for each customer, signed with the operator's own key."""
    clock, ids = SystemClock(), SystemIds()
    database = await open_database(place.application_url, connections=1)
    try:
        keys = KeyRing(place.operator, database, place.settings.secret, clock)
        await keys.load()
        tokens = AccessTokens(place.operator, keys)
        now = datetime.now(UTC)
        return {
            id: tokens.issue(
                Session(
                    id=ids.new(),
                    person=Person.customer(id),
                    method=AuthenticationMethod.SMS_CODE,
                    client_id="kontant-app",
                    started_at=now,
                    generation_at=now,
                ),
                id=secrets.token_hex(16),
                now=now,
            )
            for id in customers
        }
    finally:
        await database.close()


async def check_home(scenario: Scenario, kontant: int, floor: int) -> dict[str, float]:
    """Makes sure that everybody gets the same data, byte for byte, from both ports. The floor does not say what it
    cost. Returns what a home screen holds on average."""
    leaves = size = 0
    for ours, theirs in zip(scenario.kontant, scenario.floor, strict=True):
        whole, by_hand = await _body(kontant, ours), await _body(floor, theirs)
        answer = whole.partition(b',"extensions":')[0] + b"}"
        if answer != by_hand:
            raise DifferentAnswer(_difference(answer, by_hand))
        leaves, size = leaves + count_leaves(orjson.loads(answer)), size + len(answer)
    homes = len(scenario.kontant)
    return {"homes": homes, "leaves": round(leaves / homes), "bytes": round(size / homes)}


async def check_top_up(scenario: Scenario, kontant: int, floor: int, place: Place) -> dict[str, int]:
    """Makes sure that both answer alike and leave as many rows in every table. Returns how many that are."""
    rows: list[dict[str, int]] = []
    answers: list[Any] = []
    connection = await asyncpg.connect(place.owner_url)
    try:
        for port, request in ((kontant, scenario.kontant[0]), (floor, scenario.floor[0])):
            before = await _rows(connection)
            raw = await _body(port, request.replace(NEW_KEY.decode(), secrets.token_hex(16)))
            answers.append(orjson.loads(raw)["data"]["topUpCard"])
            after = await _rows(connection)
            rows.append({table: after[table] - before[table] for table in WRITTEN})
    finally:
        await connection.close()
    ours, theirs = answers
    before, after = (Decimal(each["card"]["balance"].pop("amount")) for each in answers)
    for each in answers:
        for different in ("id", "createdAt", "settledAt"):
            each["topUp"][different] = type(each["topUp"][different]).__name__
    if rows[0] != rows[1] or ours != theirs or after - before != Decimal(100):
        raise DifferentAnswer(f"Kontant: {rows[0]} {ours} {before}\nthe floor: {rows[1]} {theirs} {after}")
    return rows[0]


def count_leaves(answer: Any) -> int:
    """How many values an answer holds, null among them."""
    if isinstance(answer, dict):
        return sum(map(count_leaves, cast("dict[str, Any]", answer).values()))
    if isinstance(answer, list):
        return sum(map(count_leaves, cast("list[Any]", answer)))
    return 1


def _difference(answer: bytes, by_hand: bytes) -> str:
    place = next(place for place in range(len(answer)) if answer[: place + 1] != by_hand[: place + 1])
    around = slice(max(0, place - 60), place + 60)
    return f"Kontant says …{answer[around].decode()}… where the floor says …{by_hand[around].decode()}…"


async def _rows(connection: asyncpg.Connection[Any]) -> dict[str, int]:
    return {table: await connection.fetchval(f"select count(*) from {table}") for table in WRITTEN}


async def _body(port: int, request: str) -> bytes:
    _, connection = await asyncio.get_running_loop().create_connection(Connection, "127.0.0.1", port)
    try:
        return (await connection.ask(request.encode())).partition(b"\r\n\r\n")[2]
    finally:
        connection.close()


def _http(path: str, host: str, authorization: str, body: str) -> str:
    return (
        f"POST {path} HTTP/1.1\r\nHost: {host}\r\nAuthorization: {authorization}\r\nAccept: application/json\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body.encode())}\r\n\r\n{body}"
    )
