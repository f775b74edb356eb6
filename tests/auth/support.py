"""Signing in, in a line each."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID

import asyncpg
from sqlalchemy.ext.asyncio import AsyncConnection

from auth.clients import APP, REFRESH_TOKEN, SIGN_IN_CODE, Client
from auth.identity import Identity
from auth.identity_numbers import SealedIdentityNumbers
from auth.provider_client import Transport, direct
from auth.providers import IdentityProvider
from auth.refresh import NewRefreshToken, new_refresh_token
from auth.server import Answer
from domain.identity.contacts import Contact
from domain.identity.rules import CodeRules
from domain.identity.senders import NOBODY, Sender
from domain.identity.session import Session
from domain.kernel.executor import Executor
from domain.operators.operator import Operator
from gateways.words.words import Words
from kontant.usecases import USE_CASES
from persistence.database import Database
from persistence.unit_of_work import PostgresUnit
from tests.support.time import TestClock, TestIds
from tests.support.world import World

CLIENT_ID = APP.id
SECRET = b"what every process of this deployment knows"
KARINS_NUMBER = "+46701740605"
NOBODYS_NUMBER = "+46701740699"


class SignInWorld:
    """One operator whose customers sign in."""

    def __init__(
        self,
        database: Database,
        operator: Operator,
        clock: TestClock,
        ids: TestIds,
        *,
        secret: bytes = SECRET,
        clients: Sequence[Client] = (APP,),
        providers: Sequence[IdentityProvider] = (),
        transport: Transport = direct,
        rules: CodeRules | None = None,
    ) -> None:
        self.database, self.operator, self.clock, self.ids = database, operator, clock, ids
        numbers = SealedIdentityNumbers(secret, operator.slug)
        unit = PostgresUnit(database, operator, ids, clock, identity_numbers=numbers)
        self.executor = Executor(USE_CASES, unit, ids)
        self.identity = Identity(
            operator,
            database=database,
            executor=self.executor,
            secret=secret,
            clock=clock,
            clients=clients,
            providers=providers,
            transport=transport,
            code_rules=rules or CodeRules(countries=frozenset({"SE"})),  # where all the numbers here are from
        )
        self.words = Words(operator)
        self.people: World | None = None

    @classmethod
    def of(cls, world: World) -> SignInWorld:
        return cls(world.database, world.operator, world.clock, world.ids)

    async def code_for(self, contact: str = KARINS_NUMBER, *, sender: Sender = NOBODY) -> tuple[UUID, str]:
        """A new challenge and its code."""
        challenge = await self.identity.sign_in.request(Contact.typed(contact), sender=sender)
        return challenge.id, self.identity.codes.code_of(challenge.id)

    async def redeem(
        self, challenge_id: UUID, code: str, *, sender: Sender = NOBODY
    ) -> tuple[Session, NewRefreshToken]:
        token = new_refresh_token()
        session = await self.identity.sign_in.redeem(
            challenge_id, code, sender=sender, client_id=CLIENT_ID, token_digest=token.digest
        )
        return session, token

    async def signed_in(
        self, contact: str = KARINS_NUMBER, *, sender: Sender = NOBODY
    ) -> tuple[Session, NewRefreshToken]:
        """A session and its first refresh token."""
        return await self.redeem(*await self.code_for(contact, sender=sender), sender=sender)

    async def refreshed(self, token: NewRefreshToken, *, client_id: str = CLIENT_ID) -> NewRefreshToken:
        """The next refresh token."""
        following = new_refresh_token()
        await self.identity.sign_in.refresh(token.digest, client_id=client_id, next_token_digest=following.digest)
        return following

    async def tokens(self, phone_number: str = KARINS_NUMBER) -> Mapping[str, Any]:
        """What the token endpoint answers to a right code."""
        challenge_id, code = await self.code_for(phone_number)
        return (await self.ask(SIGN_IN_CODE, challenge_id=str(challenge_id), code=code)).body

    async def ask(self, grant_type: str = REFRESH_TOKEN, **form: str) -> Answer:
        return await self.identity.token_server.answer({"grant_type": grant_type, "client_id": CLIENT_ID, **form})


class MortalDatabase(Database):
    """A database that can be taken away and given back."""

    is_down = False

    @classmethod
    def over(cls, database: Database) -> MortalDatabase:
        mortal = cls.__new__(cls)
        mortal.__dict__.update(database.__dict__)
        return mortal

    async def _ask(self, method: str, query: str, args: tuple[Any, ...]) -> Any:
        self._must_be_up()
        return await super()._ask(method, query, args)

    @asynccontextmanager
    async def connection(self) -> AsyncGenerator[tuple[AsyncConnection, asyncpg.Connection[Any]]]:
        self._must_be_up()
        async with super().connection() as connections:
            yield connections

    def _must_be_up(self) -> None:
        if self.is_down:
            raise ConnectionRefusedError
