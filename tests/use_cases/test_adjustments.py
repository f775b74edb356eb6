"""Staff adjust a balance: a little at once, and more only after a second person's yes."""

from __future__ import annotations

import asyncio
from collections import Counter
from datetime import timedelta
from uuid import UUID

import asyncpg
import pytest

from domain.adjustments.adjustment import Adjustment, AdjustmentReason, AdjustmentState
from domain.adjustments.usecases import AdjustBalance
from domain.approvals.approval import LIFETIME, Approval, ApprovalState
from domain.approvals.errors import ApprovalIsOnesOwn, ApprovalNotFound, ApprovalSettled, RequesterMayNot
from domain.approvals.usecases import DeclineApproval, ExpireApprovals, GiveApproval, WithdrawApproval
from domain.cards.card import BlockReason, CardStatus
from domain.cards.errors import CardClosed, CardNotBlocked, CardNotFound
from domain.cards.usecases import BlockCard, UnblockCard
from domain.kernel.access import Actor, Delegation, StaffRole, SupportAccess, customer, impersonating, staff, system
from domain.kernel.chores import NothingDue
from domain.kernel.errors import Forbidden, IdempotencyKeyReused, Invalid, Rejection, Unauthenticated
from domain.kernel.quantities import Money
from domain.ledger.ledger import InsufficientBalance
from domain.topups.errors import CurrencyNotOffered
from persistence.checks import cause_breaks, ledger_breaks
from tests.support.world import World

LITTLE, MUCH = 20_000, 20_001


class Desk:
    """An agent and two leads, a customer whom the agent has looked for, and her card."""

    def __init__(self, world: World, karin: UUID, card: UUID, agent: UUID, lead: UUID, other: UUID) -> None:
        self.world, self.karin, self.card = world, karin, card
        self.agent, self.lead, self.other = (
            staff(agent, [StaffRole.AGENT]),
            staff(lead, [StaffRole.LEAD]),
            staff(other, [StaffRole.LEAD]),
        )
        self._keys = iter(range(1_000))

    def command(
        self,
        minor: int,
        reason: AdjustmentReason = AdjustmentReason.GOODWILL,
        *,
        card: UUID | None = None,
        currency: str = "SEK",
        note: str = "She waited long.",
        key: str | None = None,
    ) -> AdjustBalance:
        return AdjustBalance(
            card_id=card or self.card,
            amount=Money(minor, currency),
            reason=reason,
            ticket="T-1",
            note=note,
            idempotency_key=key or f"key-{next(self._keys)}",
        )

    async def adjust(self, minor: int, by: Actor | None = None, *, card: UUID | None = None) -> Adjustment:
        return await self.world.executor.execute(self.command(minor, card=card), by or self.agent)

    async def approval_of(self, adjustment: Adjustment) -> UUID:
        return await self.world.database.fetchval("select id from approval where about_id = $1", adjustment.id)

    async def pending(self, minor: int = MUCH) -> UUID:
        return await self.approval_of(await self.adjust(minor))

    async def give(self, approval: UUID, by: Actor | None = None) -> Approval:
        return await self.world.executor.execute(GiveApproval(approval_id=approval), by or self.lead)

    async def balance(self) -> int:
        return await self.world.balance_minor(self.card)

    async def state(self) -> list[tuple[str, str]]:
        rows = await self.world.database.fetch(
            "select a.state as one, p.state as two from adjustment a join approval p on p.about_id = a.id order by a.id"
        )
        return [(row["one"], row["two"]) for row in rows]


async def breaks(desk: Desk) -> list[str]:
    return [*await ledger_breaks(desk.world.database), *await cause_breaks(desk.world.database)]


@pytest.fixture
async def desk(world: World) -> Desk:
    karin = await world.person()
    people = [
        await world.staff("Agent"),
        await world.staff("Lead", StaffRole.LEAD),
        await world.staff("Other lead", StaffRole.LEAD),
    ]
    await world.search_for(people[0], karin)
    return Desk(world, karin, await world.card(karin), *people)


async def test_a_little_is_posted_at_once(desk: Desk) -> None:
    adjustment = await desk.adjust(LITTLE)
    assert adjustment.state is AdjustmentState.POSTED
    assert await desk.balance() == LITTLE
    bucket = await desk.world.database.fetchrow("select origin, remaining from bucket")
    assert tuple(bucket) == ("GRANTED", LITTLE)
    event = await desk.world.database.fetchrow("select subject_id, actor, data from event where type like 'adj%'")
    assert (event["subject_id"], event["actor"]) == (desk.karin, desk.agent.id)
    assert await breaks(desk) == []


async def test_what_was_taken_wrongly_is_the_customers_own_again(desk: Desk) -> None:
    await desk.world.executor.execute(desk.command(500, AdjustmentReason.BILLING_ERROR), desk.agent)
    assert await desk.world.database.fetchval("select origin from bucket") == "PURCHASED"


async def test_what_is_taken_away_was_there(desk: Desk) -> None:
    await desk.adjust(1_000)
    with pytest.raises(InsufficientBalance):
        await desk.world.executor.execute(desk.command(-1_001, AdjustmentReason.MISUSE), desk.agent)
    await desk.world.executor.execute(desk.command(-1_000, AdjustmentReason.MISUSE), desk.agent)
    assert await desk.balance() == 0
    assert await breaks(desk) == []


async def test_more_waits_for_a_second_person(desk: Desk) -> None:
    adjustment = await desk.adjust(MUCH)
    assert adjustment.state is AdjustmentState.AWAITING_APPROVAL
    assert await desk.balance() == 0
    approval = await desk.give(await desk.approval_of(adjustment))
    assert (approval.state, approval.decided_by) == (ApprovalState.GIVEN, desk.lead.staff_id)
    assert await desk.balance() == MUCH
    assert await desk.state() == [("POSTED", "GIVEN")]
    assert await breaks(desk) == []


async def test_what_is_too_much_cannot_be_split(desk: Desk) -> None:
    second = await desk.world.card(desk.karin)
    assert (await desk.adjust(LITTLE - 1)).state is AdjustmentState.POSTED
    assert (await desk.adjust(2, card=second)).state is AdjustmentState.AWAITING_APPROVAL
    assert (await desk.adjust(1)).state is AdjustmentState.AWAITING_APPROVAL, "what awaits approval counts too"


async def test_taking_counts_as_giving_does(desk: Desk) -> None:
    await desk.adjust(LITTLE)
    taken = await desk.world.executor.execute(desk.command(-1, AdjustmentReason.MISUSE), desk.agent)
    assert taken.state is AdjustmentState.AWAITING_APPROVAL


async def test_parallel_requests_cannot_split_it_either(desk: Desk) -> None:
    done = await asyncio.gather(*[desk.adjust(LITTLE // 2) for _ in range(5)])
    assert Counter(each.state for each in done) == {AdjustmentState.POSTED: 2, AdjustmentState.AWAITING_APPROVAL: 3}
    assert await desk.balance() == LITTLE


async def test_the_next_local_day_begins_anew(desk: Desk) -> None:
    await desk.adjust(LITTLE)
    now = desk.world.clock.now()
    desk.world.clock.advance(timedelta(hours=23 - now.hour, minutes=59 - now.minute))  # past midnight in Stockholm
    assert desk.agent.staff_id is not None
    await desk.world.search_for(desk.agent.staff_id, desk.karin)
    assert (await desk.adjust(LITTLE)).state is AdjustmentState.POSTED


async def test_of_those_who_approve_at_once_one_counts(desk: Desk) -> None:
    approval = await desk.pending()
    answers = await asyncio.gather(
        *[desk.give(approval, by) for by in (desk.lead, desk.other) * 5], return_exceptions=True
    )
    assert sum(isinstance(each, Approval) for each in answers) == 1
    assert sum(isinstance(each, ApprovalSettled) for each in answers) == 9
    assert await desk.balance() == MUCH


async def test_yes_and_no_and_withdrawal_at_once_end_in_one_of_them(desk: Desk) -> None:
    for _ in range(5):
        approval, before = await desk.pending(), await desk.balance()
        yes, no, never_mind = await asyncio.gather(
            desk.give(approval),
            desk.world.executor.execute(DeclineApproval(approval_id=approval), desk.other),
            desk.world.executor.execute(WithdrawApproval(approval_id=approval), desk.agent),
            return_exceptions=True,
        )
        assert sum(isinstance(each, Approval) for each in (yes, no, never_mind)) == 1
        assert await desk.balance() - before == (MUCH if isinstance(yes, Approval) else 0)


async def test_nobody_approves_what_is_their_own(desk: Desk) -> None:
    assert desk.lead.staff_id is not None
    await desk.world.search_for(desk.lead.staff_id, desk.karin)
    approval = await desk.approval_of(await desk.adjust(MUCH, desk.lead))
    for command in (GiveApproval(approval_id=approval), DeclineApproval(approval_id=approval)):
        with pytest.raises(ApprovalIsOnesOwn):
            await desk.world.executor.execute(command, desk.lead)
    assert await desk.state() == [("AWAITING_APPROVAL", "PENDING")]


async def test_not_even_the_database_lets_them(desk: Desk) -> None:
    await desk.pending()
    with pytest.raises(asyncpg.CheckViolationError):
        await desk.world.database.execute("update approval set state = 'GIVEN', decided_by = requested_by")


async def test_who_asked_must_still_be_allowed_to(desk: Desk) -> None:
    approval = await desk.pending()
    await desk.world.staff("Agent", StaffRole.ANALYST)
    with pytest.raises(RequesterMayNot):
        await desk.give(approval)
    assert await desk.state() == [("AWAITING_APPROVAL", "PENDING")]


@pytest.mark.parametrize(
    ("command", "state"), [(DeclineApproval, ApprovalState.DECLINED), (WithdrawApproval, ApprovalState.WITHDRAWN)]
)
async def test_without_a_yes_it_never_takes_effect(
    desk: Desk, command: type[DeclineApproval | WithdrawApproval], state: ApprovalState
) -> None:
    approval = await desk.pending()
    by = desk.agent if command is WithdrawApproval else desk.lead
    assert (await desk.world.executor.execute(command(approval_id=approval), by)).state is state
    assert await desk.state() == [("REFUSED", state.value)]
    with pytest.raises(ApprovalSettled):
        await desk.give(approval)
    assert await desk.balance() == 0


async def test_what_was_refused_does_not_count_for_the_day(desk: Desk) -> None:
    approval = await desk.pending()
    await desk.world.executor.execute(DeclineApproval(approval_id=approval), desk.lead)
    assert (await desk.adjust(LITTLE)).state is AdjustmentState.POSTED


async def test_nobody_withdraws_what_a_colleague_asked_for(desk: Desk) -> None:
    approval = await desk.pending()
    with pytest.raises(ApprovalNotFound):
        await desk.world.executor.execute(WithdrawApproval(approval_id=approval), desk.other)


async def test_after_a_week_it_is_too_late(desk: Desk) -> None:
    approval = await desk.pending()
    desk.world.clock.advance(LIFETIME)
    with pytest.raises(ApprovalSettled):
        await desk.give(approval)
    chore = ExpireApprovals()
    assert await desk.world.executor.execute(chore, system("chores")) == 1
    assert await desk.state() == [("REFUSED", "EXPIRED")]
    with pytest.raises(NothingDue):
        await desk.world.executor.execute(chore, system("chores"))


async def test_what_has_become_impossible_stays_pending(desk: Desk) -> None:
    approval = await desk.pending()
    await desk.world.database.execute("update card set status = 'CLOSED'")
    with pytest.raises(CardClosed):
        await desk.give(approval)
    assert await desk.state() == [("AWAITING_APPROVAL", "PENDING")]


async def test_the_same_key_adjusts_once_and_is_authorised_afresh(desk: Desk) -> None:
    command = desk.command(700, key="once-only")
    done = [await desk.world.executor.execute(command, desk.agent) for _ in range(2)]
    assert done[0].id == done[1].id
    assert await desk.balance() == 700
    with pytest.raises(IdempotencyKeyReused):
        await desk.world.executor.execute(desk.command(701, key="once-only"), desk.agent)
    desk.world.clock.advance(timedelta(hours=9))
    with pytest.raises(CardNotFound):
        await desk.world.executor.execute(command, desk.agent)


@pytest.mark.parametrize(
    ("minor", "reason"),
    [
        (0, AdjustmentReason.BILLING_ERROR),
        (-1, AdjustmentReason.GOODWILL),
        (-1, AdjustmentReason.SERVICE_FAILURE),
        (1, AdjustmentReason.MISUSE),
    ],
)
async def test_an_amount_must_fit_its_reason(desk: Desk, minor: int, reason: AdjustmentReason) -> None:
    with pytest.raises(Invalid):
        await desk.world.executor.execute(desk.command(minor, reason), desk.agent)


async def test_what_is_not_right_is_refused_and_changes_nothing(desk: Desk) -> None:
    stranger = await desk.world.card(await desk.world.person("Sture"))
    nobodys = await desk.world.card(None)
    closed = await desk.world.card(desk.karin, status=CardStatus.CLOSED)
    wrong: list[tuple[AdjustBalance, type[Rejection | Invalid]]] = [
        (desk.command(1, card=stranger), CardNotFound),
        (desk.command(1, card=nobodys), CardNotFound),
        (desk.command(1, card=UUID(int=7)), CardNotFound),
        (desk.command(1, card=closed), CardClosed),
        (desk.command(1, currency="EUR"), CurrencyNotOffered),
        (desk.command(1, note=" "), Invalid),
    ]
    for command, refusal in wrong:
        with pytest.raises(refusal):
            await desk.world.executor.execute(command, desk.agent)
    assert await desk.world.database.fetchval("select count(*) from adjustment") == 0
    assert await desk.world.database.fetchval("select count(*) from ledger_entry") == 0


@pytest.mark.parametrize("role", [StaffRole.PROGRAMME_MANAGER, StaffRole.ANALYST, StaffRole.ADMINISTRATOR])
async def test_other_staff_neither_adjust_nor_approve_nor_block(desk: Desk, role: StaffRole) -> None:
    approval = await desk.pending()
    assert desk.other.staff_id is not None
    other = staff(desk.other.staff_id, [role])
    for command in (desk.command(1), GiveApproval(approval_id=approval), a_block(desk)):
        with pytest.raises(Forbidden):
            await desk.world.executor.execute(command, other)


async def test_agents_do_not_approve(desk: Desk) -> None:
    approval, colleague = await desk.pending(), staff(await desk.world.staff("Siv"), [StaffRole.AGENT])
    with pytest.raises(Forbidden):
        await desk.give(approval, colleague)


async def test_neither_customers_nor_staff_on_their_behalf_adjust(desk: Desk) -> None:
    assert desk.agent.staff_id is not None
    delegation = Delegation(UUID(int=9), SupportAccess.ASSIST)
    on_behalf = impersonating(desk.agent.staff_id, desk.karin, delegation)
    for actor in (customer(desk.karin), on_behalf, system("test")):
        with pytest.raises(Forbidden):
            await desk.adjust(1, actor)
    with pytest.raises((Forbidden, Unauthenticated)):
        await desk.world.executor.execute(a_block(desk), on_behalf)


async def test_notes_stay_out_of_the_logs_that_are_for_ever(desk: Desk) -> None:
    await desk.adjust(1)
    for table, column in (("audit", "details"), ("event", "data")):
        text = await desk.world.database.fetchval(f"select string_agg({column}::text, '') from {table}")
        assert "waited" not in text


# Cards


def a_block(desk: Desk, reason: BlockReason = BlockReason.LOST) -> BlockCard:
    return BlockCard(card_id=desk.card, reason=reason)


async def test_staff_block_a_card_and_let_it_be_used_again(desk: Desk) -> None:
    execute = desk.world.executor.execute
    blocked = await execute(a_block(desk, BlockReason.STOLEN), desk.agent)
    assert (blocked.status, blocked.block_reason) == (CardStatus.BLOCKED, BlockReason.STOLEN)
    row = await desk.world.database.fetchrow("select status, block_reason from card")
    assert tuple(row) == ("BLOCKED", "STOLEN")
    unblocked = await execute(UnblockCard(card_id=desk.card), desk.agent)
    assert (unblocked.status, unblocked.block_reason) == (CardStatus.ACTIVE, None)
    with pytest.raises(CardNotBlocked):
        await execute(UnblockCard(card_id=desk.card), desk.agent)
    told = await desk.world.database.fetch("select type, data from event where type like 'card.%' order by position")
    assert [row["type"] for row in told] == ["card.blocked", "card.unblocked"]


async def test_the_time_went_on_while_it_was_blocked(desk: Desk) -> None:
    await desk.world.executor.execute(a_block(desk), desk.agent)
    await desk.world.database.execute("update card set active_until = '2020-01-01', grace_until = '2099-01-01'")
    unblocked = await desk.world.executor.execute(UnblockCard(card_id=desk.card), desk.agent)
    assert unblocked.status is CardStatus.GRACE


async def test_what_awaits_registration_awaits_it_after_a_block_too(desk: Desk) -> None:
    await desk.world.database.execute(
        "update card set status = 'AWAITING_REGISTRATION', active_until = null, grace_until = null"
    )
    await desk.world.executor.execute(a_block(desk), desk.agent)
    unblocked = await desk.world.executor.execute(UnblockCard(card_id=desk.card), desk.agent)
    assert unblocked.status is CardStatus.AWAITING_REGISTRATION


async def test_staff_do_not_block_the_card_of_whom_they_have_not_looked_for(desk: Desk) -> None:
    for command in (a_block(desk), UnblockCard(card_id=desk.card)):
        with pytest.raises(CardNotFound):
            await desk.world.executor.execute(command, desk.lead)
