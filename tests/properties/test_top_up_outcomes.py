"""Whatever the provider says, in whatever order and however often: one outcome, at most one credit, one charge."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from itertools import product
from uuid import UUID

import pytest

from domain.kernel.access import system
from domain.payments.ports import Charge, DeclineReason, PaymentResult, PaymentStatus, PaymentUnanswered
from domain.topups.processes import TopUpProcess
from domain.topups.topup import LEASE, LOOKS, SETTLED, Outcome, TopUp, TopUpStatus
from domain.topups.usecases import ADVANCE_TOP_UP, LeaseTopUp, SettleTopUp, TopUpCard
from persistence.checks import cause_breaks, ledger_breaks
from persistence.jobs import JobQueue
from persistence.nudges import Nudges
from tests.support.world import World

OUTCOMES = {
    "captured": Outcome(status=TopUpStatus.COMPLETED, reference="r"),
    "declined": Outcome(status=TopUpStatus.DECLINED, decline_reason=DeclineReason.REFUSED),
    "action": Outcome(status=TopUpStatus.REQUIRES_ACTION, action_url="http://localhost/pay"),
    "silence": Outcome(status=TopUpStatus.UNKNOWN),
}


class Provider:
    """A payment provider that says what the test says, and keeps count."""

    def __init__(self, answer: Callable[[Charge], Awaitable[PaymentResult]]) -> None:
        self.charges: list[Charge] = []
        self._answer = answer

    async def charge(self, charge: Charge, /) -> PaymentResult:
        self.charges.append(charge)
        return await self._answer(charge)

    async def look_up(self, intent_id: UUID, /) -> PaymentResult:
        return PaymentResult(status=PaymentStatus.NOT_FOUND)

    def read_webhook(self, body: bytes, headers: Mapping[str, str], /) -> UUID:
        raise NotImplementedError


class Customer:
    """Somebody with a card, who tops it up at a provider."""

    def __init__(self, world: World, person: UUID, card: UUID, method: UUID) -> None:
        self.world, self.person, self.card, self.method = world, person, card, method

    def command(self, key: str) -> TopUpCard:
        return self.world.top_up_command(self.card, self.method, key=key)

    async def intend(self, key: str) -> TopUp:
        """The intent only, as if whoever made it had died then."""
        return await self.world.executor.execute(self.command(key), self.world.actor(self.person))

    async def start(self, key: str, provider: Provider) -> TopUp:
        process = TopUpProcess(self.world.executor, provider, wait_seconds=10)
        return await process.start(self.command(key), self.world.actor(self.person))

    async def settle(self, top_up: TopUp, outcome: str) -> TopUp:
        command = SettleTopUp(top_up_id=top_up.id, outcome=OUTCOMES[outcome])
        return await self.world.executor.execute(command, system("topups"))


@pytest.fixture
async def karin(world: World) -> Customer:
    person = await world.person()
    return Customer(world, person, await world.card(person), await world.payment_method(person))


async def captured(charge: Charge) -> PaymentResult:
    return PaymentResult(status=PaymentStatus.CAPTURED, reference=f"r-{charge.intent_id}", amount=charge.amount)


async def test_the_first_settled_outcome_stays_whatever_is_said_afterwards(karin: Customer, world: World) -> None:
    credits = 0
    for said in product(OUTCOMES, repeat=3):
        top_up = await karin.intend("-".join(said))
        last = [await karin.settle(top_up, outcome) for outcome in said][-1]
        settled = [OUTCOMES[outcome].status for outcome in said if OUTCOMES[outcome].status in SETTLED]
        assert last.status is (settled or [OUTCOMES[said[-1]].status])[0], said
        events = await world.database.fetch(
            "select type from event where data->>'top_up_id' = $1 order by position", str(top_up.id)
        )
        told = [row[0].removeprefix("top_up.").upper() for row in events]
        assert [status for status in told if status in SETTLED] == settled[:1], said
        credits += settled[:1] == [TopUpStatus.COMPLETED]
        assert await world.balance_minor(karin.card) == 10_000 * credits, said
    assert await ledger_breaks(world.database) == []
    assert await cause_breaks(world.database) == []


async def test_reply_webhook_return_page_and_poll_may_race(karin: Customer, world: World) -> None:
    for round in range(10):
        top_up = await karin.intend(str(round))
        outcomes = ["captured"] * 4 + ["declined"] * 2 + ["silence"] * 2
        answers = await asyncio.gather(*[karin.settle(top_up, outcome) for outcome in outcomes])
        assert len({answer.status for answer in answers if answer.is_settled}) == 1
    assert await cause_breaks(world.database) == []


async def test_of_many_duplicates_one_asks_the_provider(karin: Customer) -> None:
    async def slowly(charge: Charge) -> PaymentResult:
        await asyncio.sleep(0.05)
        return await captured(charge)

    provider = Provider(slowly)
    answers = await asyncio.gather(*[karin.start("key", provider) for _ in range(10)])
    assert len({answer.id for answer in answers}) == 1
    assert [charge.intent_id for charge in provider.charges] == [answers[0].id]


async def test_the_intent_is_committed_and_nothing_held_while_the_provider_is_asked(
    karin: Customer, world: World
) -> None:
    seen: list[tuple[str, int]] = []

    async def look(charge: Charge) -> PaymentResult:
        status = await world.database.fetchval("select status from top_up where id = $1", charge.intent_id)
        busy = await world.database.fetchval(
            """select count(*) from pg_stat_activity
                where datname = current_database() and pid <> pg_backend_pid() and state like '%in transaction%'"""
        )
        seen.append((status, busy))
        return await captured(charge)

    await karin.start("key", Provider(look))
    assert seen == [("CREATED", 0)]


async def test_a_capture_of_another_amount_is_no_credit(karin: Customer, world: World) -> None:
    async def less(charge: Charge) -> PaymentResult:
        return PaymentResult(status=PaymentStatus.CAPTURED, amount=world.money(charge.amount.amount_minor - 1))

    assert (await karin.start("key", Provider(less))).status is TopUpStatus.UNKNOWN
    assert await world.balance_minor(karin.card) == 0


async def test_whoever_dies_over_a_step_is_replaced_when_their_time_is_over(karin: Customer, world: World) -> None:
    top_up = await karin.intend("key")
    provider = Provider(captured)
    assert await JobQueue(world.database, Nudges(world.database)).is_waiting(ADVANCE_TOP_UP, top_up.id)
    assert (await karin.start("key", provider)).status is TopUpStatus.CREATED
    assert provider.charges == []
    world.clock.advance(LEASE)
    leases = [world.executor.execute(LeaseTopUp(top_up_id=top_up.id), system("topups")) for _ in range(5)]
    assert sum(leased.is_leased for leased in await asyncio.gather(*leases)) == 1
    world.clock.advance(LEASE)
    assert (await karin.start("key", provider)).status is TopUpStatus.COMPLETED
    assert [charge.intent_id for charge in provider.charges] == [top_up.id]


async def test_a_customer_who_asks_again_and_again_neither_uses_up_the_looks_nor_puts_them_off(
    karin: Customer, world: World
) -> None:
    async def silence(charge: Charge) -> PaymentResult:
        raise PaymentUnanswered

    async def jobs() -> int:
        return await world.database.fetchval("select count(*) from pgqueuer where entrypoint = $1", ADVANCE_TOP_UP)

    provider = Provider(silence)
    top_up = [await karin.start("key", provider) for _ in range(12)][-1]
    assert len(provider.charges) == 12  # each is an answer as of now, and the provider takes an intent's money once
    assert top_up.looks == 1
    assert await jobs() == 2  # the rescue's, and the first look
    process = TopUpProcess(world.executor, provider, wait_seconds=10)
    for number in range(2, len(LOOKS) + 1):
        assert (await process.resume(top_up.id)).looks == number
        assert await jobs() == number + 1
    assert await world.database.fetchval("select count(*) from event where type = 'top_up.unresolved'") == 0
    await process.resume(top_up.id)
    assert await world.database.fetchval("select count(*) from event where type = 'top_up.unresolved'") == 1


async def test_silence_is_unknown_and_never_a_decline(karin: Customer, world: World) -> None:
    async def silence(charge: Charge) -> PaymentResult:
        raise PaymentUnanswered

    top_up = await karin.start("key", Provider(silence))
    assert top_up.status is TopUpStatus.UNKNOWN
    assert (await karin.settle(top_up, "captured")).status is TopUpStatus.COMPLETED
    assert await world.balance_minor(karin.card) == 10_000
