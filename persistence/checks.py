"""What must always hold in the ledger (INVARIANTS), asked of the whole of it. For tests, faults and whoever doubts.

Each check is one statement that gives what breaks it, and costs about as much as reading the tables once.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final, Protocol


class Reader(Protocol):
    """What a connection, and a database of ours, can be asked."""

    async def fetchrow(self, query: str, /, *args: Any) -> Any: ...


@dataclass(frozen=True, slots=True)
class Check:
    """`broken` selects one row for each place where the rule does not hold, and its first column names the place."""

    rule: str
    broken: str


LEDGER: Final = (
    Check(
        "L1: the entries of a transaction sum to zero in every unit",
        """
        select transaction_id from ledger_entry join account on account.id = account_id
         group by transaction_id, unit having sum(amount) <> 0""",
    ),
    Check(
        "L1: a transaction has entries",
        """
        select id from ledger_transaction
         where not exists (select from ledger_entry where transaction_id = ledger_transaction.id)""",
    ),
    Check(
        "L2: a balance is the sum of its entries",
        """
        select account.id
          from account left join (select account_id, sum(amount) as sum from ledger_entry group by account_id) entered
            on entered.account_id = account.id
         where owner_id is not null and balance <> coalesce(entered.sum, 0)""",
    ),
    Check(
        "L2: a balance is the sum of what its buckets have left",
        """
        select account.id
          from account left join (select account_id, sum(remaining) as sum from bucket group by account_id) kept
            on kept.account_id = account.id
         where owner_id is not null and balance <> coalesce(kept.sum, 0)""",
    ),
    Check(
        "L3: an owned account's entry begins where the one before it ended, and versions have no gaps",
        """
        select account_id
          from (select account_id, before, ledger_entry.version,
                       row_number() over chain as expected_version,
                       coalesce(lag(before + amount) over chain, 0) as expected_before
                  from ledger_entry join account on account.id = account_id
                 where owner_id is not null
                window chain as (partition by account_id order by ledger_entry.version)) entry
         where version is distinct from expected_version or before is distinct from expected_before""",
    ),
    Check(
        "L3: an account's version is that of its last entry",
        """
        select account.id
          from account left join (select account_id, max(version) as last from ledger_entry group by account_id) entered
            on entered.account_id = account.id
         where account.version <> coalesce(entered.last, 0)""",
    ),
    Check(
        "L6: a bucket has what it began with, less what was drawn from it",
        """
        select bucket.id
          from bucket left join (select bucket_id, sum(amount) as sum from draw group by bucket_id) drawn
            on drawn.bucket_id = bucket.id
         where initial - coalesce(drawn.sum, 0) <> remaining""",
    ),
    Check(
        "L7: a bucket has reserved what is held of it",
        """
        select bucket.id
          from bucket left join (
               select bucket_id, sum(reservation_hold.amount) as sum
                 from reservation_hold join reservation on reservation.id = reservation_id
                where status = 'HELD' group by bucket_id) held
            on held.bucket_id = bucket.id
         where reserved <> coalesce(held.sum, 0)""",
    ),
    # What a transaction does to an owned account it does to the buckets: a credit makes them, a debit draws on them.
    Check(
        "an entry of an owned account is what its buckets gained or lost",
        """
        select coalesce(entry.transaction_id, moved.transaction_id)
          from (select transaction_id, account_id, amount
                  from ledger_entry join account on account.id = account_id where owner_id is not null) entry
          full join (
               select transaction_id, account_id, sum(amount) as amount
                 from (select transaction_id, account_id, initial as amount from bucket
                        union all
                       select draw.transaction_id, account_id, -amount
                         from draw join bucket on bucket.id = bucket_id) movement
                group by transaction_id, account_id) moved
            on moved.transaction_id = entry.transaction_id and moved.account_id = entry.account_id
         where entry.amount is distinct from moved.amount""",
    ),
    Check(
        "L9: of the operator's own accounts nothing is kept but their entries",
        """
        select account_id from bucket join account on account.id = account_id where owner_id is null
         union all
        select account_id
          from ledger_entry join account on account.id = account_id
         where owner_id is null and (ledger_entry.version is not null or before is not null)""",
    ),
)

CAUSES: Final = (
    Check(
        "P4: a completed top-up has its one credit, and no other top-up has any",
        """
        select coalesce(top_up.id, credit.cause_id)
          from (select id, amount_minor from top_up where status = 'COMPLETED') top_up
          full join (
               select cause_id, amount
                 from ledger_transaction
                 join ledger_entry on transaction_id = ledger_transaction.id and amount > 0
                where kind = 'TOP_UP') credit
            on credit.cause_id = top_up.id
         where top_up.amount_minor is distinct from credit.amount""",
    ),
    Check(
        "a bonus has its one credit, and every credit of that kind a bonus",
        """
        select coalesce(bonus.id, credit.cause_id)
          from bonus
          full join (
               select cause_id, amount
                 from ledger_transaction
                 join ledger_entry on transaction_id = ledger_transaction.id and amount > 0
                where kind = 'BONUS') credit
            on credit.cause_id = bonus.id
         where bonus.quantity is distinct from credit.amount""",
    ),
    Check(
        "a posted adjustment has its one entry, and no other adjustment has any",
        """
        select coalesce(adjustment.id, entry.cause_id)
          from (select id, card_id, amount_minor from adjustment where state = 'POSTED') adjustment
          full join (
               select cause_id, owner_id, amount
                 from ledger_transaction
                 join ledger_entry on transaction_id = ledger_transaction.id
                 join account on account.id = account_id and owner_id is not null
                where kind = 'ADJUSTMENT') entry
            on entry.cause_id = adjustment.id and entry.owner_id = adjustment.card_id
         where adjustment.amount_minor is distinct from entry.amount""",
    ),
)


async def ledger_breaks(connection: Reader) -> list[str]:
    """A sentence for each of the ledger's own rules that does not hold. Empty when all do."""
    return [sentence for check in LEDGER if (sentence := await _break(connection, check))]


async def cause_breaks(connection: Reader) -> list[str]:
    """As `ledger_breaks`, for what top-ups, bonuses and adjustments say of the ledger, and the ledger of them."""
    return [sentence for check in CAUSES if (sentence := await _break(connection, check))]


async def _break(connection: Reader, check: Check) -> str | None:
    first, count = await connection.fetchrow(f"select min(place::text), count(*) from ({check.broken}) broken (place)")
    return f"{check.rule}; it does not in {count}, of which {first} is one." if count else None
