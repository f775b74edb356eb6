"""Cases: whoever brings something up, somebody sees to it, and the customer learns what became of it."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import cast
from uuid import UUID

import asyncpg
import pytest

from domain.cases.case import CAN_BE_REOPENED_FOR, MOST_OPEN, Case, CaseKind, CaseState
from domain.cases.errors import (
    CaseNotFound,
    CaseOfSomebodyElse,
    CaseReserved,
    CaseResolved,
    StaffMemberNotFound,
    TextMissing,
    TooManyCases,
)
from domain.cases.ports import CaseWork
from domain.cases.usecases import (
    AddCaseNote,
    AnswerCase,
    AssignCase,
    CloseCase,
    OpenCase,
    OpenFollowUp,
    PostponeCase,
    ReopenCase,
    ReplyToCase,
    ResolveCase,
    TakeCase,
    bring_up,
)
from domain.kernel.access import Actor, StaffRole, customer, staff, system
from domain.kernel.errors import Forbidden, Invalid
from domain.kernel.executor import Command
from domain.support.errors import CustomerNotFound
from domain.support.usecases import DisputeSupportAccess
from tests.support.world import World

QUESTION = "What does a call to Riga cost?"


async def question(world: World, karin: UUID) -> Case:
    return await world.executor.execute(OpenCase(text=QUESTION), customer(karin))


async def agent(world: World, name: str = "Sven") -> Actor:
    return staff(await world.staff(name), [StaffRole.AGENT])


async def lead(world: World, name: str = "Linda") -> Actor:
    return staff(await world.staff(name, StaffRole.LEAD), [StaffRole.LEAD])


async def log_of(world: World, case: Case) -> list[str]:
    rows = await world.database.fetch("select kind from case_entry where case_id = $1 order by id", case.id)
    return [row["kind"] for row in rows]


async def test_a_question_is_taken_answered_gone_on_about_and_resolved(world: World) -> None:
    karin, sven = await world.person(), await agent(world)
    case, act = await question(world, karin), world.executor.execute
    assert (case.state, case.owner_id, case.due_at - case.opened_at) == (CaseState.OPEN, None, timedelta(days=2))
    assert (await act(TakeCase(case_id=case.id), sven)).owner_id == sven.staff_id
    answered = await act(AnswerCase(case_id=case.id, text="One krona."), sven)
    assert answered.state is CaseState.WAITING_FOR_CUSTOMER
    world.clock.advance(timedelta(days=3))
    replied = await act(ReplyToCase(case_id=case.id, text="A minute?"), customer(karin))
    assert (replied.state, replied.due_at) == (CaseState.OPEN, world.clock.now() + timedelta(days=2))
    resolved = await act(ResolveCase(case_id=case.id), sven)
    assert (resolved.state, resolved.resolved_at) == (CaseState.RESOLVED, world.clock.now())
    assert await log_of(world, case) == ["OPENED", "ASSIGNED", "ANSWERED", "REPLIED", "RESOLVED"]


async def test_of_many_who_take_a_case_at_once_one_has_it(world: World) -> None:
    case = await question(world, await world.person())
    people = [await agent(world, f"Agent {n}") for n in range(20)]
    tries = await asyncio.gather(
        *[world.executor.execute(TakeCase(case_id=case.id), each) for each in people], return_exceptions=True
    )
    [taken] = [each for each in tries if isinstance(each, Case)]
    assert sum(isinstance(each, CaseOfSomebodyElse) for each in tries) == 19
    assert await world.database.fetchval("select owner_id from case_file") == taken.owner_id
    assert await log_of(world, case) == ["OPENED", "ASSIGNED"]


async def test_what_a_colleague_sees_to_is_left_alone_unless_by_a_lead(world: World) -> None:
    case, act = await question(world, await world.person()), world.executor.execute
    sven, siri = await agent(world), await agent(world, "Siri")
    await act(TakeCase(case_id=case.id), sven)
    for command in (
        AnswerCase(case_id=case.id, text="No."),
        ResolveCase(case_id=case.id),
        PostponeCase(case_id=case.id, due_at=world.clock.now() + timedelta(days=1)),
    ):
        with pytest.raises(CaseOfSomebodyElse):
            await act(command, siri)
    await act(AddCaseNote(case_id=case.id, text="She called me too."), siri)
    assert (await act(AnswerCase(case_id=case.id, text="Yes."), await lead(world))).owner_id == sven.staff_id


async def test_a_lead_gives_a_case_to_who_works_on_cases(world: World) -> None:
    case, act = await question(world, await world.person()), world.executor.execute
    linda, siri = await lead(world), await world.staff("Siri")
    analyst = await world.staff("Anna", StaffRole.ANALYST)
    with pytest.raises(Forbidden):
        await act(AssignCase(case_id=case.id, staff_id=siri), await agent(world))
    for nobody in (analyst, world.ids.new()):
        with pytest.raises(StaffMemberNotFound):
            await act(AssignCase(case_id=case.id, staff_id=nobody), linda)
    assert (await act(AssignCase(case_id=case.id, staff_id=siri), linda)).owner_id == siri


async def test_nobody_asks_more_than_can_be_answered_not_even_at_once(world: World) -> None:
    karin = await world.person()
    tries = await asyncio.gather(*[question(world, karin) for _ in range(8)], return_exceptions=True)
    [first, *others] = [each for each in tries if isinstance(each, Case)]
    assert len(others) == MOST_OPEN - 1
    assert sum(isinstance(each, TooManyCases) for each in tries) == 3
    await world.executor.execute(CloseCase(case_id=first.id), customer(karin))
    await question(world, karin)


async def test_a_case_is_nobody_elses(world: World) -> None:
    case, olle = await question(world, await world.person()), customer(await world.person("Olle"))
    for command in (ReplyToCase(case_id=case.id, text="Mine too."), CloseCase(case_id=case.id)):
        with pytest.raises(CaseNotFound):
            await world.executor.execute(command, olle)


@pytest.mark.parametrize("text", ["", " \n\t"])
async def test_nothing_is_said_with_an_empty_text(world: World, text: str) -> None:
    karin, sven = await world.person(), await agent(world)
    case = await question(world, karin)
    tries: list[tuple[Command[Case], Actor]] = [
        (OpenCase(text=text), customer(karin)),
        (ReplyToCase(case_id=case.id, text=text), customer(karin)),
        (AnswerCase(case_id=case.id, text=text), sven),
        (AddCaseNote(case_id=case.id, text=text), sven),
    ]
    for command, actor in tries:
        with pytest.raises(TextMissing):
            await world.executor.execute(command, actor)


async def test_what_was_resolved_long_ago_is_opened_again_by_staff_only(world: World) -> None:
    karin, sven, act = await world.person(), await agent(world), world.executor.execute
    case = await question(world, karin)
    await act(ResolveCase(case_id=case.id), sven)
    for command in (ResolveCase(case_id=case.id), TakeCase(case_id=case.id), AnswerCase(case_id=case.id, text="?")):
        with pytest.raises(CaseResolved):
            await act(command, sven)
    world.clock.advance(CAN_BE_REOPENED_FOR + timedelta(seconds=1))
    with pytest.raises(CaseResolved):
        await act(ReplyToCase(case_id=case.id, text="Still?"), customer(karin))
    assert (await act(ReopenCase(case_id=case.id), sven)).state is CaseState.OPEN
    await act(ReopenCase(case_id=case.id), sven)
    assert (await log_of(world, case))[2:] == ["REOPENED"]


async def test_a_case_is_put_off_to_a_time_that_is_to_come(world: World) -> None:
    case, sven = await question(world, await world.person()), await agent(world)
    with pytest.raises(Invalid):
        await world.executor.execute(PostponeCase(case_id=case.id, due_at=world.clock.now()), sven)
    later = world.clock.now() + timedelta(days=9)
    assert (await world.executor.execute(PostponeCase(case_id=case.id, due_at=later), sven)).due_at == later


async def test_a_promise_is_made_to_who_one_may_know_of_and_is_ones_own_to_keep(world: World) -> None:
    karin, sven, act = await world.person(), await agent(world), world.executor.execute
    promise = OpenFollowUp(customer_id=karin, text="We will call you.")
    with pytest.raises(CustomerNotFound):
        await act(promise, sven)
    case = await question(world, karin)
    await act(TakeCase(case_id=case.id), sven)  # to whose case one sees, one may know of
    assert (await act(promise, sven)).owner_id == sven.staff_id
    promised = await world.database.fetchval("select id from case_file where kind = 'FOLLOW_UP'")
    with pytest.raises(CaseNotFound):
        await act(CloseCase(case_id=promised), customer(karin))


async def test_a_dispute_is_decided_by_a_lead_whom_it_is_not_about(world: World) -> None:
    karin, act = await world.person(), world.executor.execute
    linda = await lead(world)
    assert linda.staff_id is not None
    session = await world.support_session(linda.staff_id, karin)
    await act(DisputeSupportAccess(support_session_id=session.id, reason="I did not ask for this."), customer(karin))
    id = await world.database.fetchval("select id from case_file where about_id = $1", session.id)
    other, siri = await lead(world, "Lotta"), await world.staff("Siri")
    assert other.staff_id is not None
    for actor in (linda, await agent(world)):
        for command in (TakeCase(case_id=id), AddCaseNote(case_id=id, text="No."), ReopenCase(case_id=id)):
            with pytest.raises(CaseNotFound):
                await act(command, actor)
    for reserved in (linda.staff_id, siri):
        with pytest.raises(CaseReserved):
            await act(AssignCase(case_id=id, staff_id=reserved), other)
    assert (await act(TakeCase(case_id=id), other)).owner_id == other.staff_id
    assert (await world.database.fetchval("select text from case_text")) == "I did not ask for this."


async def test_of_a_kind_there_is_one_case_about_a_thing_however_often_it_is_brought_up(world: World) -> None:
    about = world.ids.new()

    async def again() -> None:
        async with world.unit(system("test"), world.ids.new()) as work:
            await bring_up(cast("CaseWork", work), CaseKind.TOP_UP_UNRESOLVED, about_id=about, customer_id=None)

    await asyncio.gather(*[again() for _ in range(5)])
    assert await world.database.fetchval("select count(*) from case_file") == 1
    assert await world.database.fetchval("select count(*) from case_entry") == 1


@pytest.mark.parametrize(
    "statement",
    [
        "update case_entry set at = now()",
        "delete from case_entry",
        "truncate case_entry",
        "update case_text set text = ''",
        "delete from case_file",
    ],
)
async def test_what_has_happened_in_a_case_is_never_changed(world: World, statement: str) -> None:
    await question(world, await world.person())
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await world.database.execute(statement)


async def test_a_text_can_be_erased_and_stands_nowhere_else(world: World) -> None:
    karin, sven = await world.person(), await agent(world)
    case = await question(world, karin)
    await world.executor.execute(AnswerCase(case_id=case.id, text=QUESTION), sven)
    await world.database.execute("delete from case_text")
    for table in ("event", "audit", "case_entry", "case_file"):
        kept = await world.database.fetchval(f"select string_agg(t::text, '') from {table} t")
        assert QUESTION not in kept
