"""The floor: what a request costs when nothing stands between HTTP and PostgreSQL.

Two endpoints written by hand, with one statement each on an asyncpg pool, and orjson. They answer what Kontant answers,
byte for byte, and know nothing else: no schema, no rules, no tokens. The customer's id stands in the header.
"""

from __future__ import annotations

import gc
import hashlib
import os
import sys
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final
from uuid import UUID

import asyncpg
import orjson
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from api.schema.money import decimal_text
from domain.operators.operator import Operator
from gateways.words.words import Words
from kontant.machine import SystemIds
from kontant.settings import read_settings
from kontant.wiring import CONNECTIONS

HOME: Final = (Path(__file__).parent / "floor_home.sql").read_text()
TOP_UP: Final = (Path(__file__).parent / "floor_top_up.sql").read_text()
BONUS_CODES: Final = ("WELCOME", "FIRST_TOP_UP", "RECURRING_TOP_UP", "BIRTHDAY", "INVITED_FRIEND")
DATABASE_URL: Final = "BENCH_DATABASE_URL"
"""Names the variable that holds it: unlike arguments, the environment is not shown to everybody."""
UNITS: Final = frozenset({"BYTE", "SECOND", "PIECE", "POINT"})


class Floor:
    """Both endpoints, on one pool."""

    def __init__(self, operator: Operator) -> None:
        self._currency, self._digits = operator.currency, operator.currency_digits
        self._period = (operator.card_active_months, operator.card_grace_months, operator.time_zone)
        words = Words(operator)
        self._bonus_names = {code: words.name(operator.locales[0], "bonus", code) for code in BONUS_CODES}
        self._ids = SystemIds()
        self.pool: asyncpg.Pool[Any]

    async def home(self, request: Request) -> Response:
        """The home screen."""
        orjson.loads(await request.body())
        row: Any = await self.pool.fetchrow(HOME, UUID(request.headers["authorization"]))
        id, given_name, family_name, family_id, family, members, bonuses, top_ups = row
        viewer = {
            "customer": {
                "id": f"customer_{id.hex}",
                "name": f"{given_name} {family_name}",
                "givenName": given_name,
            },
            "family": family_id
            and {"id": f"family_{family_id.hex}", "name": family, "members": [self._member(each) for each in members]},
            "bonuses": {
                "nodes": [
                    {
                        "id": f"bonus_{id.hex}",
                        "name": self._bonus_names[code],
                        "quantity": quantity,
                        "unit": unit if unit in UNITS else "MINOR_UNIT",
                        "validUntil": valid_until,
                    }
                    for id, code, quantity, unit, valid_until in bonuses
                ]
            },
            "topUps": {
                "nodes": [
                    {
                        "id": f"topup_{id.hex}",
                        "status": status,
                        "createdAt": created_at,
                        "amount": {"amount": decimal_text(amount_minor, self._digits)},
                    }
                    for id, status, created_at, amount_minor in top_ups
                ]
            },
        }
        return _answer({"viewer": viewer})

    async def top_up(self, request: Request) -> Response:
        """A top-up whose payment has gone well."""
        body = orjson.loads(await request.body())
        asked = body["variables"]["input"]
        top_up_id, card_id = self._ids.new(), UUID(asked["cardId"][5:])
        amount_minor = int(asked["amount"]["amount"]) * 10**self._digits
        row: Any = await self.pool.fetchrow(
            TOP_UP,
            UUID(request.headers["authorization"]),
            card_id,
            UUID(asked["paymentMethodId"][7:]),
            amount_minor,
            self._currency,
            asked["idempotencyKey"],
            hashlib.sha256(orjson.dumps([asked["cardId"], amount_minor, asked["paymentMethodId"]])).digest(),
            top_up_id,
            self._ids.new(),
            self._ids.new(),
            *self._period,
        )
        created_at, status, active_until, balance = row
        top_up = {
            "id": f"topup_{top_up_id.hex}",
            "status": "COMPLETED",
            "amount": self._money(amount_minor),
            "createdAt": created_at,
            "settledAt": created_at,
            "activeUntil": active_until,
        }
        card = {
            "id": f"card_{card_id.hex}",
            "status": status,
            "activeUntil": active_until,
            "balance": self._money(balance),
        }
        return _answer({"topUpCard": {"topUp": top_up, "card": card, "errors": []}})

    def _member(self, member: tuple[Any, ...]) -> Mapping[str, Any]:
        role, id, given_name, family_name, cards = member
        return {
            "role": role,
            "customer": {"id": f"customer_{id.hex}", "name": f"{given_name} {family_name}"},
            "cards": [self._card(*card) for card in cards],
        }

    def _card(
        self, id: UUID, phone_number: str, status: str, active_until: Any, buckets: list[tuple[str, int, int, Any]]
    ) -> Mapping[str, Any]:
        free = sum(remaining - reserved for purpose, remaining, reserved, _ in buckets if purpose == "MONEY")
        return {
            "id": f"card_{id.hex}",
            "phoneNumber": phone_number,
            "status": status,
            "activeUntil": active_until,
            "balance": {"amount": decimal_text(free, self._digits)},
            "buckets": [
                {"usageType": purpose, "remaining": remaining, "validUntil": valid_until}
                for purpose, remaining, _, valid_until in buckets
            ],
        }

    def _money(self, amount_minor: int) -> Mapping[str, str]:
        return {"amount": decimal_text(amount_minor, self._digits), "currency": self._currency}


async def _leave_as_it_is(_: object) -> None:
    """What nobody has changed need not be reset, which would cost a second round trip."""


def _answer(data: Mapping[str, Any]) -> Response:
    return Response(orjson.dumps({"data": data}, option=orjson.OPT_UTC_Z), media_type="application/json")


def main(port: int) -> None:
    """Serves the floor until it is told to stop, in the way in which Kontant is served."""
    database_url = os.environ[DATABASE_URL]
    operator = read_settings().operators[0]
    floor = Floor(operator)

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncGenerator[None]:
        pool = asyncpg.create_pool(database_url, min_size=0, max_size=CONNECTIONS, reset=_leave_as_it_is)
        async with pool as floor.pool:
            yield

    routes = [
        Route("/home", floor.home, methods=["POST"]),
        Route("/top-up", floor.top_up, methods=["POST"]),
    ]
    app = Starlette(routes=routes, lifespan=lifespan)
    gc.freeze()
    config = uvicorn.Config(
        app,
        host="127.0.0.1",
        port=port,
        loop="uvloop",
        http="httptools",
        log_level="warning",
        access_log=False,
        server_header=False,
    )
    uvicorn.Server(config).run()


if __name__ == "__main__":
    main(int(sys.argv[1]))
