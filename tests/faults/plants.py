"""Protections, and how each is taken out: a few words changed in a copy of the code. The tests must notice."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

MISSED_BY: Final = "missed by"
"""The property of a test's report that tells what was taken out, and which test missed it."""

LEDGER_SQL: Final = "persistence/migrations/sql/0001_ledger.sql"
RIGHTS_SQL: Final = "persistence/migrations/sql/0001_rights.sql"
FOUNDATION: Final = "persistence/migrations/versions/0001_foundation.py"

LEDGER: Final = "tests/persistence/test_ledger.py"
TOGETHER: Final = "tests/persistence/test_ledger_together.py"
RIGHTS: Final = "tests/persistence/test_ledger_rights.py::test_the_application_changes_the_ledger_by_its_functions_only"
RESERVED: Final = f"{LEDGER}::test_a_spent_reservation_takes_what_was_given_first_and_frees_what_it_did_not_use"
OPPOSITE: Final = f"{TOGETHER}::test_opposite_transfers_never_wait_for_each_other"
CROWD: Final = f"{TOGETHER}::test_spending_and_reserving_at_once_never_takes_more_than_there_is"
MACHINE: Final = "tests/properties/test_ledger_machine.py"
OUTCOMES: Final = "tests/properties/test_top_up_outcomes.py"
TOP_UP: Final = "tests/use_cases/test_top_up.py"
LOST: Final = "tests/persistence/test_lost_connections.py"
SCOPE: Final = "tests/persistence/test_scope.py"


@dataclass(frozen=True, kw_only=True)
class Change:
    """`old` stands in the file exactly once."""

    file: str
    old: str
    new: str

    def plant(self, checkout: Path) -> None:
        """Changes the file. Raises `ValueError` when the code has moved on, and the plant must follow it."""
        path = checkout / self.file
        text = path.read_text()
        if text.count(self.old) != 1:
            raise ValueError(f"{self.file} has {text.count(self.old)} times: {self.old}")
        path.write_text(text.replace(self.old, self.new))


@dataclass(frozen=True, kw_only=True)
class Plant:
    """A protection that is missing, and the tests of which one must fail for that."""

    name: str
    changes: tuple[Change, ...]
    tests: tuple[str, ...]


def plant(name: str, file: str, old: str, new: str, *tests: str) -> Plant:
    """A plant of one change."""
    return Plant(name=name, changes=(Change(file=file, old=old, new=new),), tests=tests)


PLANTS: Final = (
    # -- the ledger
    plant(
        "a cause may have several transactions of a kind",
        FOUNDATION,
        '        sa.UniqueConstraint("cause_id", "kind", name="one_transaction_of_a_kind_per_cause"),\n',
        "",
        MACHINE,
    ),
    plant(
        "entries need not sum to zero",
        LEDGER_SQL,
        "group by u having sum(a) <> 0",
        "group by u having false",
        MACHINE,
    ),
    plant("accounts are not locked", LEDGER_SQL, "     order by a.id\n        for no key update;", ";", CROWD),
    plant(
        "accounts are locked in the caller's order",
        LEDGER_SQL,
        "     order by a.id\n        for no key update;",
        "     order by array_position(p_owners, a.owner_id)\n        for no key update;",
        OPPOSITE,
    ),
    plant(
        "what expires last is spent first",
        LEDGER_SQL,
        "asc nulls last, b.origin = 'PURCHASED', b.id\n",
        "desc nulls first, b.origin = 'PURCHASED', b.id\n",
        MACHINE,
    ),
    plant(
        "a reservation spends what was bought before what was given",
        LEDGER_SQL,
        "order by b.valid_until asc nulls last, b.origin = 'PURCHASED', b.id))::bigint",
        "order by b.valid_until asc nulls last, b.id))::bigint",
        RESERVED,
    ),
    Plant(
        name="a debit takes what there is, and a bucket has no floor",
        changes=(
            Change(
                file=LEDGER_SQL,
                old="    if v_taken <> p_amount then\n        raise",
                new="    if false then\n        raise",
            ),
            Change(
                file=FOUNDATION,
                old='        sa.CheckConstraint("reserved >= 0 and remaining >= reserved and initial >= remaining", '
                'name="bucket_floor"),\n',
                new="",
            ),
        ),
        tests=(MACHINE,),
    ),
    Plant(
        name="what is reserved is spent all the same",
        changes=(
            Change(
                file=LEDGER_SQL,
                old="select b.id, b.remaining - b.reserved as free,\n                   (sum(b.remaining - b.reserved)",
                new="select b.id, b.remaining as free,\n                   (sum(b.remaining)",
            ),
            Change(
                file=FOUNDATION,
                old="reserved >= 0 and remaining >= reserved and initial >= remaining",
                new="reserved >= 0 and remaining >= 0 and initial >= remaining",
            ),
        ),
        tests=(MACHINE,),
    ),
    plant(
        "a reservation ends as often as somebody ends it",
        LEDGER_SQL,
        "where id = p_id and status = 'HELD' returning",
        "where id = p_id returning",
        MACHINE,
    ),
    plant(
        "the application may change the ledger's rows",
        RIGHTS_SQL,
        "revoke insert, update, delete on\n    account,",
        "revoke insert, delete on\n    account,",
        RIGHTS,
    ),
    plant(
        "the application may rewrite its history",
        RIGHTS_SQL,
        "revoke update, delete on audit, event from kontant_app;\n",
        "",
        RIGHTS,
    ),
    # -- once, and all or nothing
    plant(
        "a key is not claimed",
        "domain/kernel/executor.py",
        "        if not isinstance(command, Keyed):\n            return None",
        "        if not isinstance(command, Keyed) or command:\n            return None",
        TOP_UP,
    ),
    plant(
        "a key is claimed in a transaction of its own",
        "persistence/unit_of_work.py",
        "fingerprint, self.id, self.now):\n            return None",
        "fingerprint, self.id, self.now):\n"
        '            await self._driver.execute("COMMIT")\n'
        '            await self._driver.execute("BEGIN")\n'
        "            return None",
        TOP_UP,
    ),
    plant(
        "a key is good for any input",
        "domain/kernel/executor.py",
        "if claim.fingerprint != fingerprint(command):",
        "if not claim.fingerprint:",
        MACHINE,
    ),
    plant(
        "a lost answer to COMMIT is taken for a failure",
        "domain/kernel/executor.py",
        "if not await self._unit.was_committed(id):",
        "if await self._unit.was_committed(id) is not None:",
        LOST,
    ),
    plant(
        "a connection is given back in the middle of a transaction",
        "persistence/database.py",
        "if not isinstance(error, Exception) or driver.is_in_transaction():",
        "if False:",
        LOST,
    ),
    # -- payments
    plant(
        "a settled top-up is settled again",
        "persistence/repositories/topups.py",
        "SETTLE: Final = Statement(\n    update(T)\n    .where(_this, _unsettled)",
        "SETTLE: Final = Statement(\n    update(T)\n    .where(_this)",
        OUTCOMES,
    ),
    plant(
        "silence is a decline",
        "domain/topups/processes.py",
        "return UNANSWERED",
        "return Outcome(status=TopUpStatus.DECLINED)",
        OUTCOMES,
        TOP_UP,
    ),
    plant(
        "everybody takes the next step",
        "persistence/repositories/topups.py",
        'or_(col(T.leased_until).is_(null()), col(T.leased_until) <= parameter("now", col(T.created_at))),',
        'parameter("now", col(T.created_at)) == parameter("now", col(T.created_at)),',
        OUTCOMES,
    ),
    plant(
        "nobody is called to rescue a top-up",
        "domain/topups/usecases.py",
        "    work.schedule(Job(ADVANCE_TOP_UP, top_up.id, LEASE))\n",
        "",
        OUTCOMES,
    ),
    plant(
        "whoever asks uses up the looks",
        "domain/topups/usecases.py",
        "command.is_look or top_up.looks == 0",
        "True",
        OUTCOMES,
    ),
    plant(
        "any capture is a credit",
        "domain/topups/topup.py",
        "if result.status is PaymentStatus.CAPTURED and result.amount != asked:",
        "if result.status is PaymentStatus.CAPTURED and asked is None:",
        OUTCOMES,
    ),
    # -- whose it is
    plant(
        "anybody's card is found",
        "persistence/repositories/cards.py",
        "Statement(_locked(giving(relations_to_card(), access)))",
        "Statement(_locked(giving(relations_to_card(), access).is_not(None)))",
        TOP_UP,
    ),
    plant(
        "a replay is not authorised afresh",
        "domain/topups/usecases.py",
        "if top_up is None or await work.cards.of_actor(top_up.card_id, Access.TOP_UP) is None:",
        "if top_up is None:",
        TOP_UP,
    ),
    plant(
        "a child is a user like any other",
        "persistence/scope.py",
        "is_child = func.coalesce(_my_role == FamilyRole.CHILD, False)",
        "is_child = func.coalesce(_my_role == FamilyRole.OWNER, False)",
        SCOPE,
    ),
)
