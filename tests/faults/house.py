"""A whole Kontant of a test's own: `kontant run` on a free port, asked through HTTP, and killed when it hurts most."""

from __future__ import annotations

import asyncio
import json
import os
import re
import shutil
import socket
import sys
import time
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from uuid import UUID

import asyncpg
import httpx2
import psutil

from gateways.payments.record import SandboxRecord
from kontant.machine import SystemClock
from persistence.checks import cause_breaks, ledger_breaks
from persistence.embedded import EmbeddedPostgres
from persistence.servers import DatabaseServer

KARIN: Final = "+46701740605"
READY_SECONDS: Final = 180.0
STOP_SECONDS: Final = 60.0
SIGN_IN_SECONDS: Final = 480.0

SETTINGS: Final = """
environment = "development"
[operators.norrsken]
name = "Norrsken"
country = "SE"
currency = "SEK"
time_zone = "Europe/Stockholm"
locales = ["sv-SE", "en"]
hosts = ["norrsken.localhost"]
card_active_months = 12
card_grace_months = 3
top_up.fixed_minor = [5000, 10000, 20000]
"""

REQUEST_CODE: Final = """
mutation ($phone: PhoneNumber!) {
  requestSignInCode(input: { phoneNumber: $phone }) { challengeId errors { code } }
}"""
WALLET: Final = """
{ viewer { paymentMethods { id } cards(first: 10) { nodes { id status balance { amount } } } } }"""
TOP_UP: Final = """
mutation ($input: TopUpCardInput!) {
  topUpCard(input: $input) { topUp { id status } errors { code } }
}"""


@dataclass(frozen=True)
class Answer:
    """What became of a top-up, as far as the answer tells."""

    id: UUID
    status: str


class House:
    """`kontant run` with one operator. `folder` keeps its data from one start to the next."""

    def __init__(self, folder: Path, settings: Path) -> None:
        self.folder = folder
        self._settings = settings
        self._process: asyncio.subprocess.Process | None = None
        self._port = 0
        self._http: httpx2.AsyncClient | None = None
        self._token, self._signed_in_at = "", 0.0
        self.card = self.method = ""

    # -- its life

    @asynccontextmanager
    async def running(self, *, kill_at: str | None = None) -> AsyncGenerator[None]:
        """Runs meanwhile. With `kill_at`, whichever of its processes reaches this step dies there."""
        await self._start(kill_at)
        try:
            yield
        finally:
            await self._stop()

    async def _start(self, kill_at: str | None) -> None:
        self._port = self._port or _free_port()
        environment = {name: value for name, value in os.environ.items() if not name.startswith(("KONTANT_", "PYTEST"))}
        environment |= {
            "KONTANT_SETTINGS": str(self._settings),
            "KONTANT_DATA_FOLDER": str(self.folder),
            "KONTANT_PORT": str(self._port),
        }
        if kill_at:
            environment["KONTANT_TEST_KILL_AT"] = kill_at
        self._process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "kontant", "run", "--json"),
            env=environment,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        said: list[str] = []
        assert self._process.stdout is not None
        async with asyncio.timeout(READY_SECONDS):
            while line := (await self._process.stdout.readline()).decode():
                said.append(line)
                if line.startswith("{"):
                    json.loads(line)
                    break
            else:
                raise AssertionError("".join(said))
        address = f"http://127.0.0.1:{self._port}"
        self._http = httpx2.AsyncClient(base_url=address, timeout=30, headers={"Host": "norrsken.localhost"})

    async def ended(self) -> None:
        """Waits until it has ended by itself."""
        assert self._process is not None
        await asyncio.wait_for(self._process.communicate(), STOP_SECONDS)

    async def kill_all(self) -> None:
        """`kill -9` to every process of it, the database's too."""
        assert self._process is not None
        supervisor = psutil.Process(self._process.pid)
        victims = [supervisor, *supervisor.children(recursive=True)]
        assert len(victims) > 3
        for victim in victims:
            with suppress(psutil.NoSuchProcess):
                victim.kill()
        await self.ended()

    async def _stop(self) -> None:
        assert self._process is not None
        if self._process.returncode is None:
            self._process.terminate()
        await self.ended()
        if self._http is not None:
            await self._http.aclose()

    # -- what a customer does

    async def sign_in(self) -> None:
        """As Karin, unless she is signed in and will be for a while."""
        if time.monotonic() - self._signed_in_at < SIGN_IN_SECONDS:
            return
        asked = await self._ask(REQUEST_CODE, {"phone": KARIN})
        challenge = asked["requestSignInCode"]["challengeId"]
        form = {
            "grant_type": "urn:kontant:grant-type:sign-in-code",
            "client_id": "kontant-app",
            "challenge_id": challenge,
            "code": await self._code(),
        }
        assert self._http is not None
        answer = await self._http.post("/oauth/token", data=form)
        assert answer.status_code == 200, answer.text
        self._token, self._signed_in_at = answer.json()["access_token"], time.monotonic()
        viewer = (await self._ask(WALLET, {}))["viewer"]
        self.method = viewer["paymentMethods"][0]["id"]
        self.card = next(card["id"] for card in viewer["cards"]["nodes"] if card["status"] == "ACTIVE")

    async def _code(self) -> str:
        assert self._http is not None
        for _ in range(100):
            messages = (await self._http.get("/dev/messages", params={"to": KARIN})).json()
            if messages:
                return re.findall(r"\b\d{6}\b", messages[0]["text"])[0]
            await asyncio.sleep(0.1)
        raise AssertionError("no code has come")

    async def top_up(self, key: str) -> Answer:
        """100 kronor. Raises `httpx2.HTTPError` when nobody answers to the end."""
        given = {
            "cardId": self.card,
            "paymentMethodId": self.method,
            "amount": {"amount": "100", "currency": "SEK"},
            "idempotencyKey": key,
        }
        payload = (await self._ask(TOP_UP, {"input": given}))["topUpCard"]
        assert payload["errors"] == []
        return Answer(UUID(payload["topUp"]["id"].partition("_")[2]), payload["topUp"]["status"])

    async def settled(self, key: str, *, within_seconds: float = 75) -> Answer:
        """Repeats a key until its top-up is settled, as a client does that never gives up."""
        async with asyncio.timeout(within_seconds):
            while True:
                answer = await self.top_up(key)
                if answer.status in ("COMPLETED", "DECLINED"):
                    return answer
                await asyncio.sleep(0.5)

    async def balance_minor(self) -> int:
        """What is on the card."""
        cards = (await self._ask(WALLET, {}))["viewer"]["cards"]["nodes"]
        return next(round(float(card["balance"]["amount"]) * 100) for card in cards if card["id"] == self.card)

    async def _ask(self, document: str, variables: dict[str, Any]) -> Any:
        assert self._http is not None
        headers = {"Accept": "application/graphql-response+json"}
        if self._token:
            headers["Authorization"] = f"Bearer {self._token}"
        body = {"query": document, "variables": variables}
        answer = await self._http.post("/graphql", json=body, headers=headers)
        assert answer.status_code == 200, answer.text
        assert "errors" not in answer.json(), answer.text
        return answer.json()["data"]

    # -- what its books say

    async def traces_of(self, key: str) -> tuple[int, int, int]:
        """How many top-ups a key has made, how often they were credited, and how often the provider took the money."""
        async with self._books() as books:
            made: list[UUID] = [
                row[0] for row in await books.fetch("select resource_id from idempotency where key = $1", key)
            ]
            top_ups = await books.fetchval("select count(*) from top_up where id = any($1)", made)
            credits = await books.fetchval("select count(*) from ledger_transaction where cause_id = any($1)", made)
        return top_ups, credits, len([intent for intent in self.captured() if intent in made])

    def captured(self) -> list[UUID]:
        """The intents for which the payment provider's own record has taken money."""
        record = SandboxRecord(self.folder / "norrsken" / "sandbox-payments.sqlite", SystemClock())
        try:
            return [payment.intent_id for payment in record.captures()]
        finally:
            record.close()

    async def breaks(self) -> list[str]:
        """Which of the ledger's rules do not hold."""
        async with self._books() as books:
            return [*await ledger_breaks(books), *await cause_breaks(books)]

    @asynccontextmanager
    async def _books(self) -> AsyncGenerator[asyncpg.Connection[Any]]:
        server = DatabaseServer.embedded(EmbeddedPostgres(self.folder / "postgres"))
        connection = await asyncpg.connect(server.owner_url("kontant_norrsken"))
        try:
            yield connection
        finally:
            await connection.close()


@asynccontextmanager
async def a_house(folder: Path) -> AsyncGenerator[House]:
    """A house that was never lived in, and of which nothing stays."""
    _tear_down(folder)
    try:
        yield House(folder, _built(folder))
    finally:
        _tear_down(folder)


def _built(folder: Path) -> Path:
    folder.mkdir(parents=True)
    folder.chmod(0o755)  # PostgreSQL must come in, and is somebody else when this runs as root
    settings = folder / "settings.toml"
    settings.write_text(SETTINGS)
    return settings


def _tear_down(folder: Path) -> None:
    if folder.exists():
        EmbeddedPostgres(folder / "postgres").stop()
        shutil.rmtree(folder)


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]
