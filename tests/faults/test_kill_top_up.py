"""The real server is killed by -9 in the middle of top-ups, and started again: one charge, one credit, nothing lost."""

from __future__ import annotations

import asyncio
from itertools import count
from uuid import uuid4

import httpx2
import pytest

from tests.faults.house import Answer, House

pytestmark = pytest.mark.faults

# Each step, and whether the provider has taken the money when the process dies there.
STEPS = {
    "top_up_card.before_commit": False,
    "top_up_card.committed": False,
    "provider.before_call": False,
    "provider.answered": True,
    "settle_top_up.before_commit": True,
    "settle_top_up.committed": True,
}


@pytest.mark.parametrize(("step", "is_charged"), STEPS.items(), ids=list(STEPS))
async def test_killed_at_a_step_and_asked_again_it_is_charged_and_credited_once(
    house: House, step: str, is_charged: bool
) -> None:
    key = str(uuid4())
    async with house.running(kill_at=step):
        await house.sign_in()
        before = await house.balance_minor()
        charged = len(house.captured())
        with pytest.raises(httpx2.HTTPError):
            await house.top_up(key)
        await house.ended()
    assert len(house.captured()) - charged == is_charged
    async with house.running():
        answer = await house.settled(key)
        assert answer.status == "COMPLETED"
        assert (await house.top_up(key)).id == answer.id
        assert await house.balance_minor() == before + 10_000
        assert await house.traces_of(key) == (1, 1, 1)
        assert await house.breaks() == []


async def test_killed_altogether_in_a_storm_nothing_is_lost_and_every_key_settles(house: House) -> None:
    sent: list[str] = []
    answered: dict[str, Answer] = {}
    is_raging = asyncio.Event()

    async def send() -> None:
        for number in count():
            key = f"storm-{number}-{uuid4()}"
            sent.append(key)
            answered[key] = await house.top_up(key)
            if len(answered) == 40:
                is_raging.set()

    async with house.running():
        await house.sign_in()
        before = await house.balance_minor()
        senders = [asyncio.create_task(send()) for _ in range(4)]
        await asyncio.wait_for(is_raging.wait(), 60)
        await house.kill_all()
        outcomes = await asyncio.gather(*senders, return_exceptions=True)
        assert all(isinstance(outcome, httpx2.HTTPError) for outcome in outcomes)
    async with house.running():
        await house.sign_in()
        settled = dict(zip(sent, await asyncio.gather(*[house.settled(key) for key in sent]), strict=True))
        assert {answer.status for answer in settled.values()} == {"COMPLETED"}
        assert {key: settled[key] for key in answered} == answered
        assert await house.balance_minor() == before + 10_000 * len(sent)
        assert {await house.traces_of(key) for key in sent} == {(1, 1, 1)}
        assert await house.breaks() == []
