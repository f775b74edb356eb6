"""The unit of work: one explicit transaction on the driver, with the repositories that are asked for on top of it."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import fields, is_dataclass
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any, Final
from uuid import UUID

import asyncpg
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession

from domain.kernel.access import Actor
from domain.kernel.errors import Busy, CommitUnknown, Contended, Unavailable
from domain.kernel.events import Event, Job
from domain.kernel.executor import Claim
from domain.kernel.ids import Ids
from domain.kernel.time import Clock
from domain.operators.operator import Operator
from domain.registration.ports import IdentityNumbers
from persistence.database import Database
from persistence.events import PostgresSubscriptions
from persistence.faults import in_our_words, is_lost
from persistence.repositories.adjustments import PostgresAdjustments
from persistence.repositories.approvals import PostgresApprovals
from persistence.repositories.cards import PostgresCards
from persistence.repositories.consents import PostgresConsents
from persistence.repositories.contacts import PostgresContacts
from persistence.repositories.customers import PostgresCustomers
from persistence.repositories.families import PostgresFamilies
from persistence.repositories.identity import PostgresIdentity
from persistence.repositories.ledger import PostgresLedger
from persistence.repositories.loyalty import PostgresBonuses
from persistence.repositories.notifications import PostgresMessages
from persistence.repositories.payments import PostgresPaymentMethods
from persistence.repositories.registration import PostgresRegistrations
from persistence.repositories.support import PostgresSupport
from persistence.repositories.topups import PostgresTopUps

CLAIM: Final = """
insert into idempotency (subject, actor, operation, key, fingerprint, resource_id, at)
values ($1, $2, $3, $4, $5, $6, $7) on conflict do nothing returning 1"""

EARLIER_CLAIM: Final = """
select fingerprint, resource_id from idempotency where subject = $1 and actor = $2 and operation = $3 and key = $4"""

# All that goes with an effect, in one statement: its audit row, its events, its jobs.
RECORD: Final = """
with audited as (
    insert into audit (id, at, actor, subject_id, operation, details) values ($1, $2, $3, $4, $5, $6::text::jsonb)
), happened as (
    insert into event (type, version, at, subject_id, actor, execution_id, data)
    select t, v, $2, s, $3, $1, d::jsonb
      from unnest($7::text[], $8::smallint[], $9::uuid[], $10::text[]) with ordinality e (t, v, s, d, n) order by n
), queued as (
    insert into pgqueuer (priority, entrypoint, payload, execute_after, status)
    select 0, n, convert_to(a::text, 'UTF8'), now() + w, 'queued'
      from unnest($11::text[], $12::uuid[], $13::interval[]) j (n, a, w)
)
select 1"""

WAS_COMMITTED: Final = """
insert into audit (id, at, actor, operation, details) values ($1, now(), '', '', '{}')
on conflict do nothing returning 1"""


def _plain(value: Any) -> Any:
    """A value as the audit row keeps it: without what is personal."""
    if is_dataclass(value):
        return {f.name: getattr(value, f.name) for f in fields(value) if not f.metadata.get("personal")}
    return str(value)


class PostgresWork:
    """One transaction. The executor commits it; nothing else does."""

    def __init__(
        self,
        connection: AsyncConnection,
        driver: asyncpg.Connection[Any],
        ids: Ids,
        *,
        operator: Operator,
        actor: Actor,
        id: UUID,
        now: datetime,
        identity_numbers: IdentityNumbers | None,
    ) -> None:
        self._connection, self._driver, self._ids = connection, driver, ids
        self.operator, self.actor, self.id, self.now = operator, actor, id, now
        self._identity_numbers = identity_numbers
        self._events: list[Event] = []
        self._jobs: list[Job] = []
        self._session: AsyncSession | None = None

    @property
    def session(self) -> AsyncSession:
        """For what is not hot: SQLModel objects on this transaction."""
        if self._session is None:
            self._session = AsyncSession(self._connection, expire_on_commit=False)
        return self._session

    @property
    def has_news(self) -> bool:
        """Whether somebody may be waiting for what this did."""
        return bool(self._events) or any(job.after <= timedelta(0) for job in self._jobs)

    def new_id(self) -> UUID:
        return self._ids.new()

    def emit(self, event: Event, /) -> None:
        self._events.append(event)

    def schedule(self, job: Job, /) -> None:
        self._jobs.append(job)

    async def claim(self, operation: str, key: str, fingerprint: bytes, /) -> Claim | None:
        scope = (str(self.actor.subject or ""), self.actor.id, operation, key)
        if await self._driver.fetchval(CLAIM, *scope, fingerprint, self.id, self.now):
            return None
        earlier = await self._driver.fetchrow(EARLIER_CLAIM, *scope)
        if earlier is None:  # its holder rolled back between the two statements, so the key is free again
            raise Contended
        return Claim(earlier["fingerprint"], earlier["resource_id"])

    async def record(self, operation: str, details: dict[str, Any], /) -> None:
        await self.flush()
        actor = self.actor
        if actor.delegation is not None:
            details = {**details, "support_session_id": actor.delegation.support_session_id}
        await self._driver.fetchval(
            RECORD,
            *(self.id, self.now, actor.id, actor.subject, operation, json.dumps(details, default=_plain)),
            [event.type for event in self._events],
            [event.version for event in self._events],
            [event.subject for event in self._events],
            [json.dumps(dict(event.data)) for event in self._events],
            [job.name for job in self._jobs],
            [job.about for job in self._jobs],
            [job.after for job in self._jobs],
        )

    async def flush(self) -> None:
        """Writes what the session still holds."""
        if self._session is not None:
            await self._session.flush()

    @cached_property
    def adjustments(self) -> PostgresAdjustments:
        return PostgresAdjustments(self._driver)

    @cached_property
    def approvals(self) -> PostgresApprovals:
        return PostgresApprovals(self._driver)

    @cached_property
    def cards(self) -> PostgresCards:
        return PostgresCards(self._driver, self.actor, lambda: self.session, self.now)

    @cached_property
    def customers(self) -> PostgresCustomers:
        return PostgresCustomers(self._driver, self.actor, lambda: self.session)

    @cached_property
    def consents(self) -> PostgresConsents:
        return PostgresConsents(self._driver)

    @cached_property
    def contacts(self) -> PostgresContacts:
        return PostgresContacts(self._driver)

    @cached_property
    def families(self) -> PostgresFamilies:
        return PostgresFamilies(lambda: self.session)

    @cached_property
    def ledger(self) -> PostgresLedger:
        return PostgresLedger(self._driver, self._ids, self.now)

    @cached_property
    def top_ups(self) -> PostgresTopUps:
        return PostgresTopUps(self._driver, self.now)

    @cached_property
    def payment_methods(self) -> PostgresPaymentMethods:
        return PostgresPaymentMethods(self._driver, self.actor, lambda: self.session)

    @cached_property
    def bonuses(self) -> PostgresBonuses:
        return PostgresBonuses(lambda: self.session)

    @cached_property
    def messages(self) -> PostgresMessages:
        return PostgresMessages(self._driver)

    @cached_property
    def subscriptions(self) -> PostgresSubscriptions:
        return PostgresSubscriptions(self._driver, self.now)

    @cached_property
    def registrations(self) -> PostgresRegistrations:
        return PostgresRegistrations(self._driver, self.now)

    @property
    def identity_numbers(self) -> IdentityNumbers:
        assert self._identity_numbers is not None, "this process was not given the keys to identity numbers"
        return self._identity_numbers

    @cached_property
    def support(self) -> PostgresSupport:
        return PostgresSupport(self._driver)

    @cached_property
    def identity(self) -> PostgresIdentity:
        return PostgresIdentity(self._driver)


class PostgresUnit:
    """Opens units of work. The time is the database's, read once; a test hands in a clock of its own.

    `identity_numbers` holds the keys to them: without it nobody is identified.
    """

    def __init__(
        self,
        database: Database,
        operator: Operator,
        ids: Ids,
        clock: Clock | None = None,
        *,
        identity_numbers: IdentityNumbers | None = None,
    ) -> None:
        self._database, self._operator, self._ids, self._clock = database, operator, ids, clock
        self._identity_numbers = identity_numbers

    def __call__(self, actor: Actor, id: UUID, /) -> AbstractAsyncContextManager[PostgresWork]:
        return self._transaction(actor, id)

    @asynccontextmanager
    async def _transaction(self, actor: Actor, id: UUID) -> AsyncGenerator[PostgresWork]:
        with in_our_words():
            async with self._database.connection() as (connection, driver):
                transaction = driver.transaction()
                await transaction.start()
                try:
                    now = self._clock.now() if self._clock else await driver.fetchval("select now()")
                    work = PostgresWork(
                        connection,
                        driver,
                        self._ids,
                        operator=self._operator,
                        actor=actor,
                        id=id,
                        now=now,
                        identity_numbers=self._identity_numbers,
                    )
                    yield work
                    await work.flush()
                except BaseException:
                    if not driver.is_closed():
                        await transaction.rollback()
                    raise
                await self._commit(transaction.commit, id)
        if work.has_news:
            self._database.nudge()

    @staticmethod
    async def _commit(commit: Callable[[], Any], id: UUID) -> None:
        try:
            await commit()
        except Exception as error:
            if is_lost(error):
                raise CommitUnknown(id) from error
            raise

    async def was_committed(self, id: UUID, /) -> bool:
        """Tries to take the execution's place in the audit log, and lets go of it.

        Should its transaction still be open at the server, this waits until it has ended, one way or the other. When
        that takes too long it is `Unavailable`, and never `Busy`, which would say that nothing has happened.
        """
        try:
            with in_our_words():
                return await self._is_audited(id)
        except Busy:
            raise Unavailable from None

    async def _is_audited(self, id: UUID) -> bool:
        async with self._database.connection() as (_, driver):
            transaction = driver.transaction()
            await transaction.start()
            try:
                return await driver.fetchval(WAS_COMMITTED, id) is None
            finally:
                if not driver.is_closed():
                    await transaction.rollback()
