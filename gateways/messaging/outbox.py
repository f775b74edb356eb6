"""The carrier of development: nothing is sent, and everybody can read what would have been.

It is a SQLite file, since the API, which shows it, and the worker, which fills it, are separate processes.
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Generator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Final
from uuid import UUID

from domain.kernel.time import Clock
from domain.notifications.messages import Channel
from domain.notifications.ports import MessageNotSent

KEPT: Final = 10_000
"""How many messages are kept, the newest. A long load test must not fill the disk."""

_LONGEST_WAIT_SECONDS: Final = 5.0

_TABLE: Final = """
    CREATE TABLE IF NOT EXISTS message (
        number INTEGER PRIMARY KEY AUTOINCREMENT,
        id TEXT NOT NULL UNIQUE,
        recipient TEXT NOT NULL,
        channel TEXT NOT NULL,
        text TEXT NOT NULL,
        subject TEXT,
        sent_at TEXT NOT NULL
    ) STRICT
"""
_INDEX: Final = "CREATE INDEX IF NOT EXISTS message_by_recipient ON message (recipient, number)"
_ADD: Final = """
    INSERT INTO message (id, recipient, channel, text, subject, sent_at) VALUES (?, ?, ?, ?, ?, ?)
    ON CONFLICT (id) DO NOTHING
"""
_FORGET: Final = "DELETE FROM message WHERE number <= (SELECT max(number) FROM message) - ?"
_NEWEST: Final = """
    SELECT recipient, channel, text, subject, sent_at FROM message WHERE recipient = ? ORDER BY number DESC LIMIT ?
"""


@dataclass(frozen=True, slots=True)
class SentMessage:
    """A message as it would have reached somebody. What is personal does not show when it is printed."""

    to: str = field(repr=False)
    channel: Channel
    text: str = field(repr=False)
    subject: str | None = field(repr=False)
    sent_at: datetime


class Outbox:
    """A `MessageSender` that keeps messages in a file instead. Any number of processes may have the file open."""

    def __init__(self, path: Path, clock: Clock) -> None:
        self._path, self._clock = path, clock
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch(mode=0o600)  # sign-in codes are in it
        with self._database() as database:
            database.execute(_TABLE)
            if "subject" not in {column[1] for column in database.execute("PRAGMA table_info(message)")}:
                database.execute("ALTER TABLE message ADD COLUMN subject TEXT")  # the file is older than e-mail
            database.execute(_INDEX)

    async def send(self, *, to: str, channel: Channel, text: str, id: UUID, subject: str | None = None) -> None:
        """Keeps the message, unless it has kept one with this id. Raises `MessageNotSent`."""
        row = (str(id), to, channel.value, text, subject, self._clock.now().isoformat())
        try:
            await asyncio.to_thread(self._add, row)
        except sqlite3.Error:
            raise MessageNotSent from None

    async def messages(self, to: str, limit: int = 50) -> list[SentMessage]:
        """What was sent to this address, newest first."""
        rows = await asyncio.to_thread(self._newest, to, limit)
        return [SentMessage(r[0], Channel(r[1]), r[2], r[3], datetime.fromisoformat(r[4])) for r in rows]

    def _add(self, row: tuple[str | None, ...]) -> None:
        with self._database() as database:
            database.execute(_ADD, row)
            database.execute(_FORGET, (KEPT,))

    def _newest(self, to: str, limit: int) -> list[tuple[str, str, str, str | None, str]]:
        with self._database() as database:
            return database.execute(_NEWEST, (to, limit)).fetchall()

    @contextmanager
    def _database(self) -> Generator[sqlite3.Connection]:
        """A connection for one transaction: nothing is shared between threads, and nothing is left open."""
        with closing(sqlite3.connect(self._path, timeout=_LONGEST_WAIT_SECONDS)) as database, database:
            yield database
