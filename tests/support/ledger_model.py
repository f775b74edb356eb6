"""What the ledger should say, worked out in plain Python: the oracle that the real one is held against.

It knows nothing of SQL. Buckets are lots in the order in which they were made, and every debit walks them one by one.
A lot and a transaction are known by the cause and the kind of the transaction, which both sides can tell.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from uuid import UUID

from domain.ledger.ledger import Origin, Purpose, ReservationStatus, TransactionKind

Account = tuple[UUID | None, Purpose, str]
"""Owner (none for the operator's own), purpose, unit."""

TransactionKey = tuple[TransactionKind, UUID]
Taken = dict[TransactionKey, int]
"""How much of which lot, by the transaction that made the lot."""

NEVER = datetime.max.replace(tzinfo=UTC)


class NotEnough(Exception):
    """Less is free than is asked for. Nothing has changed."""


@dataclass(frozen=True, kw_only=True)
class Change:
    """What a posting says. `lot` names the bucket that a debit must come from."""

    account: Account
    amount: int
    origin: Origin | None = None
    valid_until: datetime | None = None
    lot: TransactionKey | None = None


@dataclass(kw_only=True)
class Lot:
    """What one credit brought, and what is left of it."""

    made_by: TransactionKey
    origin: Origin
    valid_until: datetime | None
    initial: int
    remaining: int
    reserved: int = 0

    @property
    def free(self) -> int:
        return self.remaining - self.reserved


@dataclass(kw_only=True)
class Reservation:
    """A quantity that is spoken for."""

    account: Account
    amount: int
    expires_at: datetime
    holds: Taken
    posted: int = 0
    status: ReservationStatus = ReservationStatus.HELD


@dataclass
class LedgerState:
    """All that a ledger says. Two that say the same are equal."""

    balances: dict[Account, int] = field(default_factory=dict[Account, int])
    chains: dict[Account, list[tuple[TransactionKey, int, int]]] = field(
        default_factory=dict[Account, list[tuple[TransactionKey, int, int]]]
    )
    """Of owned accounts, each entry in order: its transaction, the balance before, the amount."""
    operator_entries: dict[Account, Taken] = field(default_factory=dict[Account, Taken])
    lots: dict[Account, list[Lot]] = field(default_factory=dict[Account, list[Lot]])
    """Oldest first."""
    draws: dict[TransactionKey, Taken] = field(default_factory=dict[TransactionKey, Taken])
    reservations: dict[UUID, Reservation] = field(default_factory=dict[UUID, Reservation])


class LedgerModel:
    """The ledger's rules over a `LedgerState`."""

    def __init__(self) -> None:
        self.state = LedgerState()

    def lots(self, account: Account) -> list[Lot]:
        return self.state.lots.get(account, [])

    def lot(self, account: Account, made_by: TransactionKey) -> Lot:
        return next(lot for lot in self.lots(account) if lot.made_by == made_by)

    def free(self, account: Account, at: datetime, origin: Origin | None = None) -> int:
        """What can be taken from an account at this time."""
        return sum(lot.free for lot in self._usable(account, at, origin, None))

    def post(self, kind: TransactionKind, cause: UUID, at: datetime, changes: Sequence[Change]) -> None:
        """Posts a transaction. Raises `NotEnough`."""
        key = (kind, cause)
        taken = [
            (change, self._allocated(self._usable(change.account, at, change.origin, change.lot), -change.amount))
            for change in changes
            if change.amount < 0 and change.account[0] is not None
        ]
        for change, amounts in taken:
            self._draw(key, change.account, amounts)
        for change in changes:
            if change.amount > 0 and change.account[0] is not None:
                assert change.origin is not None
                lot = Lot(
                    made_by=key,
                    origin=change.origin,
                    valid_until=change.valid_until,
                    initial=change.amount,
                    remaining=change.amount,
                )
                self.state.lots.setdefault(change.account, []).append(lot)
        self._enter(key, changes)

    def reserve(self, id: UUID, account: Account, amount: int, at: datetime, expires_at: datetime) -> None:
        """Speaks for a quantity. Raises `NotEnough`."""
        holds = self._allocated(self._usable(account, at, None, None), amount)
        for made_by, held in holds.items():
            self.lot(account, made_by).reserved += held
        self.state.reservations[id] = Reservation(account=account, amount=amount, expires_at=expires_at, holds=holds)

    def spend_reservation(self, id: UUID, amount: int, kind: TransactionKind, cause: UUID, counter: Account) -> None:
        """Spends up to what is held, out of what is held, and frees the rest."""
        reservation = self._end(id, ReservationStatus.POSTED)
        reservation.posted = amount
        held = [lot for lot in _in_order(self.lots(reservation.account)) if lot.made_by in reservation.holds]
        amounts: Taken = {}
        for lot in held:
            amounts[lot.made_by] = min(reservation.holds[lot.made_by], amount - sum(amounts.values()))
        self._draw((kind, cause), reservation.account, {lot: taken for lot, taken in amounts.items() if taken})
        changes = [Change(account=reservation.account, amount=-amount), Change(account=counter, amount=amount)]
        self._enter((kind, cause), changes)

    def end_reservation(self, id: UUID, status: ReservationStatus) -> None:
        """Voids a reservation, or lets it expire."""
        self._end(id, status)

    def _end(self, id: UUID, status: ReservationStatus) -> Reservation:
        reservation = self.state.reservations[id]
        assert reservation.status is ReservationStatus.HELD
        reservation.status = status
        for made_by, held in reservation.holds.items():
            self.lot(reservation.account, made_by).reserved -= held
        return reservation

    def _usable(self, account: Account, at: datetime, origin: Origin | None, named: TransactionKey | None) -> list[Lot]:
        if named:
            return [lot for lot in self.lots(account) if lot.made_by == named]
        valid = [lot for lot in self.lots(account) if lot.valid_until is None or lot.valid_until > at]
        return [lot for lot in _in_order(valid) if origin in (None, lot.origin)]

    @staticmethod
    def _allocated(lots: Iterable[Lot], amount: int) -> Taken:
        taken: Taken = {}
        for lot in lots:
            if amount and lot.free:
                taken[lot.made_by] = min(lot.free, amount)
                amount -= taken[lot.made_by]
        if amount:
            raise NotEnough
        return taken

    def _draw(self, key: TransactionKey, account: Account, amounts: Taken) -> None:
        for made_by, amount in amounts.items():
            self.lot(account, made_by).remaining -= amount
        self.state.draws[key] = amounts

    def _enter(self, key: TransactionKey, changes: Iterable[Change]) -> None:
        for change in changes:
            if change.account[0] is None:
                self.state.operator_entries.setdefault(change.account, {})[key] = change.amount
            else:
                before = self.state.balances.get(change.account, 0)
                self.state.chains.setdefault(change.account, []).append((key, before, change.amount))
                self.state.balances[change.account] = before + change.amount


def _in_order(lots: Iterable[Lot]) -> list[Lot]:
    """Soonest expiry, then granted before purchased, then oldest; sorting keeps the order of equals."""
    return sorted(lots, key=lambda lot: (lot.valid_until or NEVER, lot.origin is Origin.PURCHASED))
