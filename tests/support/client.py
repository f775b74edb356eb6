"""The whole application in this process, asked through HTTP, with a `World` behind it."""

from __future__ import annotations

import re
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from itertools import count
from typing import Any, Final, cast
from uuid import UUID

import httpx2

from api.app import Protection, build_app
from api.development import Development
from api.services import Services
from auth.authenticator import Authenticator
from auth.identity import Identity
from auth.keys import KeyRing
from auth.tokens import AccessTokens
from domain.identity.session import AuthenticationMethod, Person, Session
from domain.kernel.access import (
    Actor,
    Assurance,
    Authentication,
    Delegation,
    StaffRole,
    SupportAccess,
    customer,
    impersonating,
    staff,
)
from domain.kernel.executor import Executor
from domain.kernel.time import Clock
from domain.support.session import SupportSession
from domain.topups.processes import TopUpProcess
from gateways.words.words import Words
from kontant.usecases import USE_CASES
from tests.support.world import SECRET, World

_A_CUSTOMER: Final = re.compile(r"Bearer ([0-9a-f-]{36})")


def staff_headers(staff_id: UUID, *roles: StaffRole) -> dict[str, str]:
    """What `IdsAreTokens` takes for staff with these roles, under their own name."""
    return {"Authorization": " ".join(["Staff", str(staff_id), *roles])}


def support_headers(session: SupportSession) -> dict[str, str]:
    """What `IdsAreTokens` takes for staff who act in this support session."""
    ids = (session.staff_id, session.customer_id, session.id)
    return {"Authorization": " ".join(["Support", *map(str, ids), session.access])}


def _actor_of(authorization: str, now: datetime) -> Actor | None:
    just_now = Authentication(now, Assurance.STRONG)
    plain = _A_CUSTOMER.fullmatch(authorization)
    if plain:
        return customer(UUID(plain[1]), authentication=just_now)
    match authorization.split():
        case ["Staff", id, *roles]:
            return staff(UUID(id), map(StaffRole, roles), authentication=just_now)
        case ["Support", staff_id, customer_id, session_id, access]:
            delegation = Delegation(UUID(session_id), SupportAccess(access))
            return impersonating(UUID(staff_id), UUID(customer_id), delegation)
        case _:
            return None


class IdsAreTokens:
    """Takes an id for a token of that person's, who was identified just now. Any other token must be good."""

    def __init__(self, real: Authenticator, clock: Clock) -> None:
        self._real, self._clock = real, clock

    async def actor(self, authorization: str | None) -> Actor:
        return _actor_of(authorization or "", self._clock.now()) or await self._real.actor(authorization)


@dataclass(frozen=True)
class Answer:
    """What came back of a GraphQL request."""

    status: int
    headers: Mapping[str, str]
    body: dict[str, Any]

    @property
    def data(self) -> Any:
        """The data of an answer that has no errors."""
        assert "errors" not in self.body, self.body["errors"]
        return self.body["data"]

    @property
    def code(self) -> str:
        """The code of the error, or of all errors."""
        [code] = {error["extensions"]["code"] for error in self.body["errors"]}
        return code


class Client:
    """Asks one application that serves the worlds' operators, by default the first one's."""

    def __init__(self, http: httpx2.AsyncClient, worlds: tuple[World, ...], services: list[Services]) -> None:
        self.http, self.worlds, self.services = http, worlds, services
        self._sessions = count(1)

    async def ask(
        self,
        document: str,
        variables: Mapping[str, Any] | None = None,
        *,
        by: UUID | None = None,
        language: str = "en",
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """Sends a document by POST, as a customer or as nobody."""
        all_headers = {
            "Accept": "application/graphql-response+json",
            "Accept-Language": language,
            **({"Authorization": f"Bearer {by}"} if by else {}),
            **(headers or {}),
        }
        body = {"query": document, "variables": variables or {}}
        response = await self.http.post("/graphql", json=body, headers=all_headers)
        return Answer(response.status_code, response.headers, response.json())

    def code_of(self, challenge_id: str) -> str:
        """The sign-in code that was sent."""
        return self.services[0].identity.codes.code_of(UUID(challenge_id))

    async def token_to_act(self, session: SupportSession, world: World | None = None) -> str:
        """A real access token with which staff act in this support session."""
        world = world or self.worlds[0]
        keys = KeyRing(world.operator, world.database, SECRET, world.clock)
        await keys.load()
        return AccessTokens(world.operator, keys).issue_to_act(
            session, client_id="kontant-support", id=f"token-{next(self._sessions)}", now=world.clock.now()
        )

    async def token(self, person: UUID, world: World | None = None) -> str:
        """A real access token of this person's, as if they had signed in just now."""
        world = world or self.worlds[0]
        keys = KeyRing(world.operator, world.database, SECRET, world.clock)
        await keys.load()
        now = world.clock.now()
        session = Session(
            id=world.ids.new(),
            person=Person.customer(person),
            client_id="kontant-app",
            started_at=now,
            method=AuthenticationMethod.SMS_CODE,
            generation_at=now,
        )
        return AccessTokens(world.operator, keys).issue(session, id=f"token-{next(self._sessions)}", now=now)


def services_of(world: World, *, wait_seconds: float = 5) -> Services:
    """What the application works with, over a world's database, clock and payment provider."""
    executor = Executor(USE_CASES, world.unit, world.ids)
    identity = Identity(world.operator, database=world.database, executor=executor, secret=SECRET, clock=world.clock)
    cast("Any", identity).authenticator = IdsAreTokens(identity.authenticator, world.clock)
    return Services(
        operator=world.operator,
        database=world.database,
        executor=executor,
        identity=identity,
        top_ups=TopUpProcess(executor, world.payments, wait_seconds=wait_seconds),
        payments=world.payments,
        words=Words(world.operator),
        clock=world.clock,
    )


@asynccontextmanager
async def a_client(
    *worlds: World,
    development: Development | None = None,
    first_port: int | None = None,
    wait_seconds: float = 5,
    protection: Protection | None = None,
) -> AsyncGenerator[Client]:
    """The application of these worlds' operators. Without `development` it is as in production."""
    each = [services_of(world, wait_seconds=wait_seconds) for world in worlds]
    faults = count(1)
    app = build_app(
        each,
        new_id=lambda: f"fault-{next(faults)}",
        development=development,
        first_port=first_port,
        protection=protection,
    )
    transport = httpx2.ASGITransport(app=cast("Any", app))
    async with httpx2.AsyncClient(transport=transport, base_url=f"http://{worlds[0].operator.hosts[0]}") as http:
        yield Client(http, worlds, each)
    for one in each:
        await one.identity.aclose()
