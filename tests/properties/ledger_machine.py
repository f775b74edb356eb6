"""A machine that does to a real ledger whatever people, jobs and mistakes do, in any order and at the same time.

After every step the ledger must say exactly what the model says, down to the bucket that each debit drew on, and the
checks of its rules must find nothing.
"""

from __future__ import annotations

from collections.abc import Coroutine, Sequence
from copy import deepcopy
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, Final, TypeVar
from uuid import UUID

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, initialize, invariant, multiple, rule

from domain.kernel.access import system
from domain.kernel.errors import IdempotencyKeyReused
from domain.kernel.quantities import UsageType, unit_of
from domain.ledger.ledger import (
    AlreadyPosted,
    Origin,
    Purpose,
    ReservationStatus,
    TransactionKind,
)
from domain.ledger.usecases import RecordUsage
from domain.loyalty.bonus import BonusCode, GrantBonus
from domain.topups.topup import TopUpStatus
from domain.topups.usecases import TopUpCard
from persistence.checks import cause_breaks, ledger_breaks
from tests.properties.ledger_reading import ledger_state
from tests.properties.ledger_stage import Attempt, Stage, part_of, together, unless_refused
from tests.support.ledger_model import Account, Change, LedgerModel, Lot, NotEnough, Reservation, TransactionKey

T = TypeVar("T")

# Most of it on one account, so that buckets gather there and steps get in each other's way.
CARDS = st.sampled_from([0, 0, 0, 1])
USAGE = st.sampled_from([UsageType.MONEY, UsageType.MONEY, UsageType.MONEY, UsageType.DATA])
AMOUNTS_ON_OFFER = st.sampled_from([5_000, 10_000, 20_000])
QUANTITIES = st.sampled_from([1, 2, 700, 5_000])
VALIDITIES = st.sampled_from([None, timedelta(days=1), timedelta(days=2), timedelta(days=3)])
PARTS = st.sampled_from(["one", "half", "all", "more"])
"""How much is taken of what is free. The edges are where mistakes are."""
ENDS = st.sampled_from(["one", "half", "all", "more", "void", "expire", "spend and void at once"])

OPERATOR_KINDS: Final = {
    TransactionKind.USAGE: Purpose.SALES,
    TransactionKind.EXPIRY: Purpose.EXPIRY,
    TransactionKind.REFUND: Purpose.REFUNDS,
}


class LedgerMachine(RuleBasedStateMachine):
    """Two cards of one person at one operator.

    What is done at once may end in more than one way, and Hypothesis wants the same steps to be possible in each: so a
    rule adds to its bundle whether or not it succeeded, and those that draw from it look.
    """

    commands: Bundle[TopUpCard] = Bundle("commands")
    credits: Bundle[tuple[Account, TransactionKey]] = Bundle("credits")
    records: Bundle[RecordUsage] = Bundle("records")
    reservations: Bundle[UUID] = Bundle("reservations")

    def __init__(self, stage: Stage) -> None:
        super().__init__()
        self.stage, self.world, self.run = stage, stage.world, stage.run
        self.run(stage.clear())
        self.model = LedgerModel()
        self.made: dict[str, UUID] = {}

    @initialize(target=reservations)
    def begin(self) -> Any:
        """Not with nothing: some of everything that later steps may take."""
        self.top_up(card=0, minor=10_000, declines=False)
        self.grant(card=0, usage=UsageType.MONEY, quantity=5_000, validity=None)
        self.sell_a_package(card=0, usage=UsageType.MONEY, quantity=5_000, validity=timedelta(days=2))
        return self.reserve(card=0, usage=UsageType.MONEY, part="half")

    # -- what the customer does

    @rule(target=commands, card=CARDS, minor=AMOUNTS_ON_OFFER, declines=st.booleans())
    def top_up(self, card: int, minor: int, declines: bool) -> TopUpCard:
        command = self._command(card, minor, declines)
        top_up = self.run(self._start(command))
        assert top_up.status is (TopUpStatus.DECLINED if declines else TopUpStatus.COMPLETED)
        self._topped_up(command, top_up.id)
        return command

    @rule(command=commands)
    def repeat_a_key(self, command: TopUpCard) -> None:
        assert self.run(self._start(command)).id == self.made[command.idempotency_key]

    @rule(command=commands)
    def repeat_a_key_for_something_else(self, command: TopUpCard) -> None:
        with pytest.raises(IdempotencyKeyReused):
            self.run(self._start(replace(command, amount=self.world.money(30_000))))

    @rule(target=commands, card=CARDS, minor=AMOUNTS_ON_OFFER, copies=st.integers(2, 5))
    def top_up_with_one_key_at_once(self, card: int, minor: int, copies: int) -> TopUpCard:
        command = self._command(card, minor)
        top_ups = self.run(together([self._start(command) for _ in range(copies)]))
        assert len({top_up.id for top_up in top_ups}) == 1
        self._topped_up(command, top_ups[0].id)
        return command

    @rule(target=commands, first=CARDS, card=CARDS, minor=AMOUNTS_ON_OFFER)
    def top_up_with_two_keys_at_once(self, first: int, card: int, minor: int) -> Any:
        commands = [self._command(first, 5_000), self._command(card, minor)]
        top_ups = self.run(together([self._start(command) for command in commands]))
        made = dict(zip([top_up.id for top_up in top_ups], commands, strict=True))
        assert len(made) == 2
        for cause in self.run(self.stage.in_order_of_effect(list(made))):
            self._topped_up(made[cause], cause)
        return multiple(*commands)

    # -- what the operator gives

    @rule(target=credits, card=CARDS, usage=USAGE, quantity=QUANTITIES, validity=VALIDITIES)
    def grant(self, card: int, usage: UsageType, quantity: int, validity: timedelta | None) -> Any:
        command = GrantBonus(
            customer_id=self.stage.person,
            card_id=self.stage.cards[card],
            code=BonusCode.WELCOME,
            usage_type=usage,
            quantity=quantity,
            valid_until=self._until(validity),
        )
        bonus = self.run(self.world.executor.execute(command, system("test")))
        account = self._account(card, usage)
        self._credited(TransactionKind.BONUS, bonus.id, account, quantity, Origin.GRANTED, command.valid_until)
        return account, (TransactionKind.BONUS, bonus.id)

    @rule(target=credits, card=CARDS, usage=USAGE, quantity=QUANTITIES, validity=VALIDITIES)
    def sell_a_package(self, card: int, usage: UsageType, quantity: int, validity: timedelta | None) -> Any:
        account, cause, until = self._account(card, usage), self.world.ids.new(), self._until(validity)
        self._credited(TransactionKind.TRANSFER, cause, account, quantity, Origin.PURCHASED, until, post=True)
        return account, (TransactionKind.TRANSFER, cause)

    # -- what is taken

    @rule(target=records, card=CARDS, usage=USAGE, part=PARTS)
    def spend(self, card: int, usage: UsageType, part: str) -> RecordUsage:
        account = self._account(card, usage)
        attempt = self._debit(TransactionKind.USAGE, account, part_of(part, self.model.free(account, self.now)))
        record = RecordUsage(
            record_id=attempt.cause,
            card_id=self.stage.cards[card],
            usage_type=usage,
            quantity=attempt.changes[1].amount,
        )
        is_done = self.run(unless_refused(self.world.executor.execute(record, system("charging"))))
        assert is_done == self._apply(attempt)
        return record

    @rule(record=records)
    def count_a_record_twice(self, record: RecordUsage) -> None:
        if (TransactionKind.USAGE, record.record_id) not in self.model.state.draws:
            return
        with pytest.raises(AlreadyPosted):
            self.run(self.world.executor.execute(record, system("charging")))

    @rule(credit=credits)
    def expire(self, credit: tuple[Account, TransactionKey]) -> None:
        """Takes what is free out of a bucket once its validity has passed."""
        account, made_by = credit
        lot = self.model.lot(account, made_by)
        if lot.valid_until and lot.free:
            self.world.clock.advance(max(timedelta(0), lot.valid_until - self.now))
            self._post_one(self._debit(TransactionKind.EXPIRY, account, lot.free, lot=made_by))

    @rule(command=commands, part=PARTS)
    def refund(self, command: TopUpCard, part: str) -> None:
        """Out of the top-up's own bucket: what is spent of it is not given back (R1)."""
        if lot := self._lot_of(command):
            self._post_one(self._refund(command, part_of(part, lot.free)))

    @rule(command=commands)
    def refund_twice_at_once(self, command: TopUpCard) -> None:
        if (lot := self._lot_of(command)) and lot.free:
            self._compete([self._refund(command, lot.free), self._refund(command, lot.free)])

    @rule(giver=CARDS, part=PARTS)
    def transfer(self, giver: int, part: str) -> None:
        self._post_one(self._transfer(giver, part))

    @rule(part=PARTS, other=PARTS)
    def transfer_both_ways_at_once(self, part: str, other: str) -> None:
        self._compete([self._transfer(0, part), self._transfer(1, other)])

    @rule(card=CARDS, usage=USAGE, parts=st.lists(PARTS, min_size=2, max_size=4))
    def spend_at_once(self, card: int, usage: UsageType, parts: list[str]) -> None:
        """Often more than there is, so that some must be refused."""
        account = self._account(card, usage)
        free = self.model.free(account, self.now)
        self._compete([self._debit(TransactionKind.USAGE, account, part_of(part, free)) for part in parts])

    @rule(card=CARDS, quantity=QUANTITIES)
    def change_one_unit_into_another(self, card: int, quantity: int) -> None:
        money, data = self._account(card, UsageType.MONEY), self._account(card, UsageType.DATA)
        changes = (
            Change(account=money, amount=-quantity),
            Change(account=data, amount=quantity, origin=Origin.GRANTED),
        )
        attempt = Attempt(kind=TransactionKind.TRANSFER, cause=self.world.ids.new(), changes=changes)
        with pytest.raises(Exception, match="sum to zero in every unit"):
            self.run(self.stage.post(attempt))

    # -- reservations

    @rule(target=reservations, card=CARDS, usage=USAGE, part=PARTS)
    def reserve(self, card: int, usage: UsageType, part: str) -> UUID:
        account, id = self._account(card, usage), self.world.ids.new()
        amount, until = part_of(part, self.model.free(account, self.now)), self.now + timedelta(days=1)
        is_done = self.run(unless_refused(self.stage.on_ledger("reserve", id, *account, amount, until)))
        try:
            self.model.reserve(id, account, amount, self.now, until)
        except NotEnough:
            assert not is_done
        else:
            assert is_done
        return id

    @rule(id=reservations, how=ENDS)
    def end_a_reservation(self, id: UUID, how: str) -> None:
        """Whatever has ended ends no more; and who drew nothing from the bundle finds nothing here."""
        reservation = self.model.state.reservations.get(id)
        if reservation is None:
            return
        if reservation.status is ReservationStatus.HELD:
            self._end_a_held_one(id, reservation, how)
        cause = self.world.ids.new()
        assert not self.run(self.stage.on_ledger("spend_reservation", id, 1, TransactionKind.USAGE, cause))
        assert not self.run(self.stage.on_ledger("end_reservation", id, ReservationStatus.VOIDED))

    def _end_a_held_one(self, id: UUID, reservation: Reservation, how: str) -> None:
        if how == "void":
            assert self.run(self._end_reservation(id, ReservationStatus.VOIDED))
        elif how == "expire":
            late = reservation.expires_at - self.now
            if late > timedelta(0):
                with pytest.raises(Exception, match="cannot end like this"):
                    self.run(self._end_reservation(id, ReservationStatus.EXPIRED))
                self.world.clock.advance(late)
            assert self.run(self._end_reservation(id, ReservationStatus.EXPIRED))
        elif how == "spend and void at once":
            ends = [self._spend_reservation(id, "all"), self._end_reservation(id, ReservationStatus.VOIDED)]
            assert sum(self.run(together(ends))) == 1
        elif how == "more":
            with pytest.raises(Exception, match="reservation_posts_at_most_its_amount"):
                self.run(self._spend_reservation(id, how))
            assert self.run(self._spend_reservation(id, "all"))
        else:
            assert self.run(self._spend_reservation(id, how))

    @rule(by=st.sampled_from([timedelta(hours=1), timedelta(days=1)]))
    def time_passes(self, by: timedelta) -> None:
        self.world.clock.advance(by)

    # -- what must hold

    @invariant()
    def the_ledger_says_what_the_model_says(self) -> None:
        assert self.run(ledger_state(self.stage.owner)) == self.model.state

    @invariant()
    def every_rule_of_the_ledger_holds(self) -> None:
        assert self.run(ledger_breaks(self.stage.owner)) == []
        assert self.run(cause_breaks(self.stage.owner)) == []

    def teardown(self) -> None:
        charged = self.run(self.stage.captured(set(self.made.values())))
        credited = {c: n for (k, c), n in self._entries_of(Purpose.CLEARING).items() if k is TransactionKind.TOP_UP}
        assert charged == {cause: -amount for cause, amount in credited.items()}

    # -- how it is done

    @property
    def now(self) -> datetime:
        return self.world.clock.now()

    def _until(self, validity: timedelta | None) -> datetime | None:
        return self.now + validity if validity else None

    def _account(self, card: int, usage: UsageType) -> Account:
        return self.stage.cards[card], Purpose(usage), unit_of(usage, self.world.operator.currency)

    def _entries_of(self, purpose: Purpose) -> dict[TransactionKey, int]:
        return self.model.state.operator_entries.get((None, purpose, self.world.operator.currency), {})

    def _command(self, card: int, minor: int, declines: bool = False) -> TopUpCard:
        method = self.stage.declined_method if declines else self.stage.method
        key = str(self.world.ids.new())
        return self.world.top_up_command(self.stage.cards[card], method, amount_minor=minor, key=key)

    def _start(self, command: TopUpCard) -> Coroutine[Any, Any, Any]:
        return self.world.top_ups.start(command, self.world.actor(self.stage.person))

    def _topped_up(self, command: TopUpCard, cause: UUID) -> None:
        self.made[command.idempotency_key] = cause
        if command.payment_method_id == self.stage.method:
            account = (command.card_id, Purpose.MONEY, self.world.operator.currency)
            minor = command.amount.amount_minor
            self._credited(TransactionKind.TOP_UP, cause, account, minor, Origin.PURCHASED, None)

    def _credited(
        self,
        kind: TransactionKind,
        cause: UUID,
        account: Account,
        amount: int,
        origin: Origin,
        valid_until: datetime | None,
        *,
        post: bool = False,
    ) -> None:
        counter = Purpose.GRANTS if kind is TransactionKind.BONUS else Purpose.CLEARING
        changes = (
            Change(account=account, amount=amount, origin=origin, valid_until=valid_until),
            Change(account=(None, counter, account[2]), amount=-amount),
        )
        attempt = Attempt(kind=kind, cause=cause, changes=changes)
        if post:
            self._post_one(attempt)
        else:
            assert self._apply(attempt)

    def _debit(
        self, kind: TransactionKind, account: Account, amount: int, *, lot: TransactionKey | None = None
    ) -> Attempt:
        changes = (
            Change(account=account, amount=-amount, lot=lot),
            Change(account=(None, OPERATOR_KINDS[kind], account[2]), amount=amount),
        )
        return Attempt(kind=kind, cause=self.world.ids.new(), changes=changes)

    def _lot_of(self, command: TopUpCard) -> Lot | None:
        if command.payment_method_id != self.stage.method:
            return None
        account = (command.card_id, Purpose.MONEY, self.world.operator.currency)
        return self.model.lot(account, (TransactionKind.TOP_UP, self.made[command.idempotency_key]))

    def _refund(self, command: TopUpCard, amount: int) -> Attempt:
        account = (command.card_id, Purpose.MONEY, self.world.operator.currency)
        made_by = (TransactionKind.TOP_UP, self.made[command.idempotency_key])
        return self._debit(TransactionKind.REFUND, account, amount, lot=made_by)

    def _transfer(self, giver: int, part: str) -> Attempt:
        """Of money that was paid for; what was given stays where it is."""
        from_, to = self._account(giver, UsageType.MONEY), self._account(1 - giver, UsageType.MONEY)
        amount = part_of(part, self.model.free(from_, self.now, Origin.PURCHASED))
        changes = (
            Change(account=from_, amount=-amount, origin=Origin.PURCHASED),
            Change(account=to, amount=amount, origin=Origin.PURCHASED),
        )
        return Attempt(kind=TransactionKind.TRANSFER, cause=self.world.ids.new(), changes=changes)

    async def _spend_reservation(self, id: UUID, part: str) -> bool:
        amount, cause = part_of(part, self.model.state.reservations[id].amount), self.world.ids.new()
        if not await self.stage.on_ledger("spend_reservation", id, amount, TransactionKind.USAGE, cause):
            return False
        counter = (None, Purpose.SALES, self.model.state.reservations[id].account[2])
        self.model.spend_reservation(id, amount, TransactionKind.USAGE, cause, counter)
        return True

    async def _end_reservation(self, id: UUID, status: ReservationStatus) -> bool:
        if not await self.stage.on_ledger("end_reservation", id, status):
            return False
        self.model.end_reservation(id, status)
        return True

    def _post_one(self, attempt: Attempt) -> None:
        assert self.run(unless_refused(self.stage.post(attempt))) == self._apply(attempt)

    def _apply(self, attempt: Attempt) -> bool:
        try:
            self.model.post(attempt.kind, attempt.cause, self.now, attempt.changes)
        except NotEnough:
            return False
        return True

    def _compete(self, attempts: Sequence[Attempt]) -> None:
        """All at once. Whoever was refused must have had to be, at some point in the order of those who were not."""
        done = self.run(together([unless_refused(self.stage.post(attempt)) for attempt in attempts]))
        by_cause = {attempt.cause: attempt for attempt, is_done in zip(attempts, done, strict=True) if is_done}
        refused = [attempt for attempt in attempts if attempt.cause not in by_cause]
        unexplained = list(refused)
        for cause in [None, *self.run(self.stage.in_order_of_effect(list(by_cause)))]:
            if cause is not None:
                assert self._apply(by_cause[cause])
            unexplained = [attempt for attempt in unexplained if self._would_pass(attempt)]
        assert unexplained == []

    def _would_pass(self, attempt: Attempt) -> bool:
        try:
            deepcopy(self.model).post(attempt.kind, attempt.cause, self.now, attempt.changes)
        except NotEnough:
            return False
        return True
