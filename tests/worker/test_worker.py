"""A whole worker: what others left unfinished is finished."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from pathlib import Path
from uuid import UUID

import pytest

from domain.kernel.access import customer, system
from domain.notifications.messages import Message, MessageKind
from domain.topups.processes import TopUpProcess
from domain.topups.topup import LEASE, LOOKS, TopUpStatus
from domain.topups.usecases import LeaseTopUp
from persistence.jobs import JobQueue
from persistence.nudges import Nudges
from tests.auth.support import SignInWorld
from tests.support.auditing import publisher
from tests.support.world import World
from tests.worker.support import Mail, eventually
from worker.jobs import Retries
from worker.worker import Worker

PARENT = "+46701740605"


class Shop:
    """A world with a worker in it, which can be started and stopped."""

    def __init__(self, world: World, folder: Path, reached: Callable[[str], None] = lambda step: None) -> None:
        self.world, self.mail = world, Mail(world, folder, reached)
        self.top_ups = TopUpProcess(self.mail.executor, world.payments, wait_seconds=0.2)
        self.heads_path = folder / "heads.jsonl"
        self.heads = publisher(world, self.heads_path)
        self.queue = JobQueue(world.database, Nudges(world.database))

    def worker(self, *, is_pooled: bool = False, poll_seconds: float = 0.2) -> Worker:
        return Worker(
            self.world.database,
            self.mail.executor,
            top_ups=self.top_ups,
            messages=self.mail.delivery,
            heads=self.heads,
            clock=self.world.clock,
            key_rotation=SignInWorld.of(self.world).identity.key_rotation,
            concurrency=4,
            poll_seconds=poll_seconds,
            is_pooled=is_pooled,
            retries=Retries(first_seconds=0.05, longest_seconds=0.1),
        )

    async def buy(self, token: str) -> UUID:
        """A top-up of a parent's own card, as far as the caller waits for it."""
        parent = await self.world.person(phone_number=PARENT)
        self.card = await self.world.card(parent)
        command = self.world.top_up_command(self.card, await self.world.payment_method(parent, token))
        return (await self.top_ups.start(command, customer(parent))).id

    async def leave(self) -> UUID:
        """A top-up whose caller died after the intent."""
        parent = await self.world.person(phone_number=PARENT)
        self.card = await self.world.card(parent)
        command = self.world.top_up_command(self.card, await self.world.payment_method(parent))
        return (await self.mail.executor.execute(command, customer(parent))).id

    async def later(self, by: timedelta) -> None:
        """Time passes: on the clock, and for the jobs, whose time is the database's."""
        self.world.clock.advance(by)
        await self.world.database.execute("update pgqueuer set execute_after = execute_after - $1::interval", by)

    async def has_status(self, top_up: UUID, status: TopUpStatus) -> bool:
        return await self.status(top_up) == status

    async def status(self, top_up: UUID) -> str:
        return await self.world.database.fetchval("select status from top_up where id = $1", top_up)

    async def looks(self, top_up: UUID) -> int:
        return await self.world.database.fetchval("select looks from top_up where id = $1", top_up)

    async def has_told(self, words: str) -> bool:
        return any(words in text for text in await self.mail.told(PARENT))


@pytest.fixture
def shop(world: World, tmp_path: Path) -> Shop:
    return Shop(world, tmp_path)


class Working:
    """`async with`: the worker works, and is stopped at the end."""

    def __init__(self, worker: Worker) -> None:
        self._worker = worker

    async def __aenter__(self) -> Worker:
        self._task = asyncio.create_task(self._worker.run())
        return self._worker

    async def __aexit__(self, *_: object) -> None:
        self._worker.stop()
        await asyncio.wait_for(self._task, 5)


@pytest.mark.parametrize("is_pooled", [False, True])
async def test_a_payment_that_timed_out_and_succeeded_is_credited_and_told(shop: Shop, is_pooled: bool) -> None:
    top_up = await shop.buy("sandbox_times_out_then_succeeds")
    assert await shop.status(top_up) == TopUpStatus.UNKNOWN
    async with Working(shop.worker(is_pooled=is_pooled)):
        await eventually(partial(shop.has_told, "Betala inte en gång till"))
        await shop.later(LOOKS[0])
        await eventually(partial(shop.has_status, top_up, TopUpStatus.COMPLETED))
        await eventually(partial(shop.has_told, "100 kr"))
    assert await shop.world.balance_minor(shop.card) == 10_000


async def test_a_payment_that_timed_out_and_failed_is_declined_and_told(shop: Shop) -> None:
    top_up = await shop.buy("sandbox_times_out_then_fails")
    async with Working(shop.worker()):
        await shop.later(LOOKS[0])
        await eventually(partial(shop.has_status, top_up, TopUpStatus.DECLINED))
        await eventually(partial(shop.has_told, "Inga pengar har dragits"))
    assert await shop.world.balance_minor(shop.card) == 0


async def test_an_unknown_payment_is_asked_about_again_until_it_is_known(shop: Shop) -> None:
    """The provider does not know for a long time: each look leaves the next one."""
    top_up = await shop.buy("sandbox_needs_action")
    async with Working(shop.worker()):
        await shop.later(LEASE)
        await eventually(partial(_has_one_job, shop))
        for look, after in enumerate(LOOKS, start=2):
            await shop.later(after)
            await eventually(partial(_has_looked, shop, top_up, look))
    assert not await shop.queue.is_waiting("advance_top_up", top_up)  # now a person must look at it
    assert (await shop.queue.backlog()).held == 0


async def test_the_rescue_job_and_the_next_look_are_not_two_looks(shop: Shop) -> None:
    top_up = await shop.buy("sandbox_needs_action")
    assert await shop.looks(top_up) == 1
    async with Working(shop.worker()):
        await shop.later(LEASE)
        await eventually(partial(_has_one_job, shop))
        assert await shop.looks(top_up) == 1
        await shop.later(LOOKS[0] - LEASE)
        await eventually(partial(_has_looked, shop, top_up, 2))
        await asyncio.sleep(0.5)
    assert await shop.looks(top_up) == 2
    assert await shop.queue.is_waiting("advance_top_up", top_up)


async def test_a_settled_top_up_costs_its_rescue_job_no_transaction(shop: Shop) -> None:
    await shop.buy("sandbox_succeeds")
    async with Working(shop.worker()):
        await shop.later(LEASE)
        await eventually(partial(_is_idle, shop))
    assert await shop.world.database.fetchval("select count(*) from audit where operation = 'lease_top_up'") == 0


async def _has_one_job(shop: Shop) -> bool:
    return await shop.world.database.fetchval("select count(*) from pgqueuer") == 1


async def _is_idle(shop: Shop) -> bool:
    return not await shop.world.database.fetchval("select exists (select from pgqueuer)")


async def _has_looked(shop: Shop, top_up: UUID, times: int) -> bool:
    is_at_it = await shop.world.database.fetchval("select exists (select from pgqueuer where status = 'picked')")
    return not is_at_it and await shop.looks(top_up) == times


async def test_a_top_up_whose_caller_died_is_finished(shop: Shop) -> None:
    top_up = await shop.leave()
    async with Working(shop.worker()):
        await asyncio.sleep(0.3)
        assert await shop.status(top_up) == TopUpStatus.CREATED
        await shop.later(LEASE)
        await eventually(partial(shop.has_status, top_up, TopUpStatus.COMPLETED))
    assert await shop.world.balance_minor(shop.card) == 10_000


async def test_a_top_up_that_somebody_else_is_at_keeps_its_job(shop: Shop) -> None:
    """Whoever has the lease may die with it: the job must outlive the lease."""
    top_up = await shop.leave()
    await shop.later(LEASE)
    leased = await shop.mail.executor.execute(LeaseTopUp(top_up_id=top_up), system("test"))
    assert leased.is_leased
    async with Working(shop.worker()):
        await asyncio.sleep(0.5)
        assert await shop.status(top_up) == TopUpStatus.CREATED
        assert (await shop.queue.backlog()).held == 0
        await shop.later(LEASE)
        await eventually(partial(shop.has_status, top_up, TopUpStatus.COMPLETED))


async def test_what_it_has_done_is_sealed_and_published(shop: Shop) -> None:
    await shop.buy("sandbox_succeeds")
    async with Working(shop.worker()), Working(shop.worker()):
        await eventually(partial(_is_published, shop))
    assert await shop.world.database.fetchval("select count(*) from audit_seal") > 0


async def _is_published(shop: Shop) -> bool:
    return shop.heads_path.exists() and shop.heads_path.stat().st_size > 0


async def test_two_workers_charge_and_credit_once(shop: Shop) -> None:
    top_up = await shop.leave()
    await shop.later(LEASE)
    async with Working(shop.worker()), Working(shop.worker()):
        await eventually(partial(shop.has_status, top_up, TopUpStatus.COMPLETED))
        await eventually(partial(shop.has_told, "100 kr"))
        await asyncio.sleep(0.3)
    assert await shop.world.balance_minor(shop.card) == 10_000
    assert len(await shop.mail.told(PARENT)) == 1


async def test_a_sign_in_code_is_on_its_way_without_waiting_for_the_poll(shop: Shop) -> None:
    person = await shop.world.person(phone_number=PARENT)
    async with Working(shop.worker(poll_seconds=60)) as worker:
        await worker.nudges.listening.wait()
        await asyncio.sleep(0.3)
        message = Message(MessageKind.SIGN_IN_CODE, person, {"challenge_id": str(UUID(int=123456)), "minutes": 5})
        await shop.mail.queue(message)
        await eventually(partial(shop.has_told, "123456"), within_seconds=2)


async def test_a_worker_that_is_cancelled_finishes_the_job_in_hand(world: World, tmp_path: Path) -> None:
    is_asking = asyncio.Event()

    def reached(step: str) -> None:
        if step == "provider.before_call":
            is_asking.set()

    shop = Shop(world, tmp_path, reached)
    top_up = await shop.leave()
    await shop.later(LEASE)
    task = asyncio.create_task(shop.worker().run())
    await is_asking.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert await shop.status(top_up) == TopUpStatus.COMPLETED
