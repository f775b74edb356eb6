"""The sandbox's own record: a SQLite file, committed independently of any operator's database.

It bears witness: what it says was captured is what a customer's bank would say. Several processes may use one file at
once, and a process that is killed loses nothing that was committed.
"""

from __future__ import annotations

import sqlite3
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cached_property
from pathlib import Path
from typing import Final
from uuid import UUID

from domain.kernel.quantities import Money
from domain.kernel.time import Clock
from domain.payments.ports import Charge, DeclineReason, PaymentStatus
from gateways.payments.scripts import Outcome

_LARGEST_AMOUNT_MINOR: Final = 10**12

# A late payment's outcome is fixed when it is charged, and holds from `settles_at` on; before that it is PENDING. So
# its status follows from the row and the time: nobody has to write it, and every process says the same.
_SCHEMA: Final = (
    """
    CREATE TABLE IF NOT EXISTS payment (
        intent_id      TEXT PRIMARY KEY,
        reference      TEXT NOT NULL UNIQUE,
        token          TEXT NOT NULL,
        amount_minor   INTEGER NOT NULL CHECK (amount_minor > 0),
        currency       TEXT NOT NULL,
        received_at    TEXT NOT NULL,
        outcome        TEXT CHECK (outcome IN ('CAPTURED', 'DECLINED')),
        decline_reason TEXT CHECK ((decline_reason IS NOT NULL) = (outcome IS 'DECLINED')),
        settles_at     TEXT CHECK ((settles_at IS NOT NULL) = (outcome IS NOT NULL))
    ) STRICT
    """,
    "CREATE TABLE IF NOT EXISTS charge_call (intent_id TEXT NOT NULL, received_at TEXT NOT NULL) STRICT",
    """
    CREATE TABLE IF NOT EXISTS webhook (
        event_id    TEXT NOT NULL,
        intent_id   TEXT NOT NULL,
        sent_at     TEXT NOT NULL,
        http_status INTEGER
    ) STRICT
    """,
)


class InvalidCharge(ValueError):
    """What a provider answers with 400: a defect of ours, not an outcome. This call has taken nothing.

    Either the intent was charged before with another amount, currency or method, or the amount makes no sense.
    """


@dataclass(frozen=True, slots=True, kw_only=True)
class SandboxPayment:
    """A payment, as it stands at the moment of asking."""

    intent_id: UUID
    reference: str
    token: str
    amount: Money
    status: PaymentStatus
    decline_reason: DeclineReason | None
    received_at: datetime
    settled_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookSent:
    """One attempt to deliver an event. `http_status` is None when nobody answered."""

    event_id: str
    intent_id: UUID
    sent_at: datetime
    http_status: int | None


class SandboxRecord:
    """Reads and writes the record. Blocks, and belongs to the thread that first uses it.

    Every method raises `sqlite3.Error` or `OSError` when the file cannot be used, or is held by another for longer than
    `busy_seconds`.
    """

    def __init__(self, path: Path, clock: Clock, *, busy_seconds: float = 5) -> None:
        self._path, self._clock, self._busy_seconds = path, clock, busy_seconds

    def payment(self, intent_id: UUID) -> SandboxPayment | None:
        """The payment of an intent, or None when the sandbox has never heard of it."""
        row = self._connection.execute("SELECT * FROM payment WHERE intent_id = ?", [str(intent_id)]).fetchone()
        return row and _as_of(row, self._clock.now())

    def captures(self) -> list[SandboxPayment]:
        """Every payment that has taken money, oldest first."""
        now = self._clock.now()
        rows = self._connection.execute(
            "SELECT * FROM payment WHERE outcome = 'CAPTURED' AND settles_at <= ? ORDER BY settles_at", [_text(now)]
        )
        return [_as_of(row, now) for row in rows]

    def charge_calls(self, intent_id: UUID | None = None) -> int:
        """How often a charge was asked for: of one intent, or of all."""
        query = "SELECT count(*) FROM charge_call WHERE intent_id = ?1 OR ?1 IS NULL"
        return self._connection.execute(query, [intent_id and str(intent_id)]).fetchone()[0]

    def webhooks(self, intent_id: UUID) -> list[WebhookSent]:
        """Every attempt to tell of a payment, oldest first."""
        rows = self._connection.execute("SELECT * FROM webhook WHERE intent_id = ? ORDER BY rowid", [str(intent_id)])
        return [
            WebhookSent(
                event_id=row["event_id"],
                intent_id=UUID(row["intent_id"]),
                sent_at=datetime.fromisoformat(row["sent_at"]),
                http_status=row["http_status"],
            )
            for row in rows
        ]

    def book(
        self, charge: Charge, *, outcome: Outcome | None, decline_reason: DeclineReason | None, settles_after: timedelta
    ) -> tuple[SandboxPayment, bool]:
        """Writes that a charge was asked for, and the payment unless there is one; whether it is new comes along.

        Raises `InvalidCharge`.
        """
        if not 0 < charge.amount.amount_minor <= _LARGEST_AMOUNT_MINOR:
            raise InvalidCharge("The amount is not positive, or far too large.")
        now = self._clock.now()
        values = (
            str(charge.intent_id),
            f"sandbox-{charge.intent_id}",
            charge.method_token,
            charge.amount.amount_minor,
            charge.amount.currency,
            _text(now),
            outcome,
            decline_reason,
            _text(now + settles_after) if outcome else None,
        )
        with self._connection as connection:
            connection.execute("BEGIN IMMEDIATE")
            connection.execute("INSERT INTO charge_call VALUES (?, ?)", [str(charge.intent_id), _text(now)])
            written = connection.execute(
                "INSERT INTO payment VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (intent_id) DO NOTHING", values
            ).rowcount
        payment = self.payment(charge.intent_id)
        assert payment is not None
        if (payment.token, payment.amount) != (charge.method_token, charge.amount):
            raise InvalidCharge("This intent was charged before, with another amount, currency or method.")
        return payment, written > 0

    def decide(
        self, intent_id: UUID, outcome: Outcome, decline_reason: DeclineReason | None = None
    ) -> tuple[SandboxPayment | None, bool]:
        """What the customer did at `action_url`; whether it decided anything comes along. Settled stays settled."""
        decided = self._connection.execute(
            "UPDATE payment SET outcome = ?, decline_reason = ?, settles_at = ?"
            " WHERE intent_id = ? AND outcome IS NULL",
            [outcome, decline_reason, _text(self._clock.now()), str(intent_id)],
        ).rowcount
        return self.payment(intent_id), decided > 0

    def write_webhook(self, sent: WebhookSent) -> None:
        """Writes that a webhook was sent."""
        self._connection.execute(
            "INSERT INTO webhook VALUES (?, ?, ?, ?)",
            [sent.event_id, str(sent.intent_id), _text(sent.sent_at), sent.http_status],
        )

    def close(self) -> None:
        """Lets go of the file."""
        if "_connection" in self.__dict__:
            self._connection.close()
            del self._connection

    @cached_property
    def _connection(self) -> sqlite3.Connection:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        give_up_at = time.monotonic() + self._busy_seconds
        while True:
            connection = sqlite3.connect(self._path, timeout=self._busy_seconds, isolation_level=None)
            try:
                return _prepare(connection)
            except sqlite3.Error as error:
                connection.close()
                # Turning to WAL does not wait while another writes without it, as the first process on a new file may.
                is_busy = error.sqlite_errorcode & 0xFF == sqlite3.SQLITE_BUSY
                if not is_busy or time.monotonic() > give_up_at:
                    raise
                time.sleep(0.01)


def _prepare(connection: sqlite3.Connection) -> sqlite3.Connection:
    connection.row_factory = sqlite3.Row
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    for statement in _SCHEMA:
        connection.execute(statement)
    return connection


def _as_of(row: sqlite3.Row, now: datetime) -> SandboxPayment:
    settles_at = row["settles_at"] and datetime.fromisoformat(row["settles_at"])
    is_settled = settles_at is not None and settles_at <= now
    if is_settled:
        status = PaymentStatus(row["outcome"])
    else:
        status = PaymentStatus.REQUIRES_ACTION if settles_at is None else PaymentStatus.PENDING
    return SandboxPayment(
        intent_id=UUID(row["intent_id"]),
        reference=row["reference"],
        token=row["token"],
        amount=Money(row["amount_minor"], row["currency"]),
        status=status,
        decline_reason=DeclineReason(row["decline_reason"]) if status is PaymentStatus.DECLINED else None,
        received_at=datetime.fromisoformat(row["received_at"]),
        settled_at=settles_at if is_settled else None,
    )


def _text(at: datetime) -> str:
    # One length and one zone, so that the texts sort as the times do.
    return at.astimezone(UTC).isoformat(timespec="microseconds")
