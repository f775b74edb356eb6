"""The real ledger's whole state, in the shape of the model's."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from domain.ledger.ledger import Origin, Purpose, ReservationStatus, TransactionKind
from persistence.checks import Reader
from tests.support.ledger_model import Account, LedgerState, Lot, Reservation, TransactionKey

# One statement is one snapshot. Each part is an array of rows.
READ = """
select (select array_agg((owner_id, purpose, unit, balance)) from account where owner_id is not null) as balances,
       (select array_agg((owner_id, purpose, unit, kind, cause_id, before, amount) order by e.version)
          from ledger_entry e join account a on a.id = account_id
               join ledger_transaction t on t.id = transaction_id) as entries,
       (select array_agg((owner_id, purpose, unit, kind, cause_id, origin, valid_until, initial, remaining, reserved)
                         order by b.id)
          from bucket b join account a on a.id = account_id
               join ledger_transaction t on t.id = transaction_id) as lots,
       (select array_agg((t.kind, t.cause_id, made.kind, made.cause_id, draw.amount))
          from draw join ledger_transaction t on t.id = draw.transaction_id
               join bucket b on b.id = bucket_id join ledger_transaction made on made.id = b.transaction_id) as draws,
       (select array_agg((r.id, owner_id, purpose, unit, r.amount, expires_at, posted, status))
          from reservation r join account a on a.id = account_id) as reservations,
       (select array_agg((reservation_id, kind, cause_id, h.amount))
          from reservation_hold h join bucket b on b.id = bucket_id
               join ledger_transaction t on t.id = b.transaction_id) as holds"""


async def ledger_state(connection: Reader) -> LedgerState:
    """What the ledger says now."""
    row = await connection.fetchrow(READ)
    state = LedgerState()
    for owner, purpose, unit, balance in row["balances"] or ():
        state.balances[_account(owner, purpose, unit)] = balance
    for owner, purpose, unit, kind, cause, before, amount in row["entries"] or ():
        account, key = _account(owner, purpose, unit), _key(kind, cause)
        if owner is None:
            state.operator_entries.setdefault(account, {})[key] = amount
        else:
            state.chains.setdefault(account, []).append((key, before, amount))
    for owner, purpose, unit, kind, cause, *rest in row["lots"] or ():
        state.lots.setdefault(_account(owner, purpose, unit), []).append(_lot(_key(kind, cause), *rest))
    for kind, cause, lot_kind, lot_cause, amount in row["draws"] or ():
        state.draws.setdefault(_key(kind, cause), {})[_key(lot_kind, lot_cause)] = amount
    for id, owner, purpose, unit, amount, expires_at, posted, status in row["reservations"] or ():
        state.reservations[id] = Reservation(
            account=_account(owner, purpose, unit),
            amount=amount,
            expires_at=expires_at,
            holds={},
            posted=posted,
            status=ReservationStatus(status),
        )
    for id, kind, cause, amount in row["holds"] or ():
        state.reservations[id].holds[_key(kind, cause)] = amount
    return state


def _account(owner: UUID | None, purpose: str, unit: str) -> Account:
    return owner, Purpose(purpose), unit


def _key(kind: str, cause: UUID) -> TransactionKey:
    return TransactionKind(kind), cause


def _lot(made_by: TransactionKey, origin: str, valid_until: Any, initial: int, remaining: int, reserved: int) -> Lot:
    return Lot(
        made_by=made_by,
        origin=Origin(origin),
        valid_until=valid_until,
        initial=initial,
        remaining=remaining,
        reserved=reserved,
    )
