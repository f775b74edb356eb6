"""The carrier of development."""

from __future__ import annotations

import asyncio
import sqlite3
import subprocess
import sys
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

import pytest

from domain.notifications.messages import Channel
from domain.notifications.ports import MessageNotSent, MessageSender
from gateways.messaging import outbox as module
from gateways.messaging.outbox import Outbox

ANNA, BENGT = "+46701740605", "+46701740606"
START = datetime(2026, 3, 1, 12, tzinfo=UTC)


class Ticking:
    """A clock that is a second later each time it is asked."""

    def __init__(self) -> None:
        self.at = START

    def now(self) -> datetime:
        self.at += timedelta(seconds=1)
        return self.at


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "var" / "outbox.sqlite"


@pytest.fixture
def outbox(path: Path) -> Outbox:
    return Outbox(path, Ticking())


async def send(sender: MessageSender, text: str, *, to: str = ANNA, id: int) -> None:
    await sender.send(to=to, channel=Channel.SMS, text=text, id=UUID(int=id))


async def texts(outbox: Outbox, to: str = ANNA, limit: int = 50) -> list[str]:
    return [message.text for message in await outbox.messages(to, limit)]


async def test_what_was_sent_is_read_newest_first_and_by_address(outbox: Outbox) -> None:
    await send(outbox, "one", id=1)
    await send(outbox, "other", to=BENGT, id=2)
    await send(outbox, "two", id=3)
    assert await texts(outbox) == ["two", "one"]
    assert await texts(outbox, limit=1) == ["two"]
    assert await texts(outbox, BENGT) == ["other"]
    assert await texts(outbox, "+46701740607") == []


async def test_a_message_tells_where_how_and_when(outbox: Outbox) -> None:
    await outbox.send(to="anna@example.org", channel=Channel.EMAIL, text="Hej å ж", id=UUID(int=1))
    (message,) = await outbox.messages("anna@example.org")
    assert (message.to, message.channel, message.text) == ("anna@example.org", Channel.EMAIL, "Hej å ж")
    assert message.sent_at == START + timedelta(seconds=1)


async def test_the_same_id_is_sent_once(outbox: Outbox) -> None:
    await send(outbox, "first", id=1)
    await send(outbox, "again", id=1)
    assert await texts(outbox) == ["first"]


async def test_another_process_sees_what_was_sent_and_it_outlives_both(path: Path, outbox: Outbox) -> None:
    await send(outbox, "here", id=1)
    there = """if True:
        import asyncio, sys, uuid
        from datetime import UTC, datetime
        from pathlib import Path
        from domain.notifications.messages import Channel
        from gateways.messaging.outbox import Outbox

        class Fixed:
            def now(self): return datetime(2026, 3, 2, tzinfo=UTC)

        outbox = Outbox(Path(sys.argv[1]), Fixed())
        asyncio.run(outbox.send(to=sys.argv[2], channel=Channel.SMS, text="there", id=uuid.UUID(int=2)))
        print([m.text for m in asyncio.run(outbox.messages(sys.argv[2]))])
    """
    command = [sys.executable, "-c", there, str(path), ANNA]
    root = Path(module.__file__).parents[2]
    done = await asyncio.to_thread(subprocess.run, command, cwd=root, capture_output=True, text=True, timeout=30)
    assert (done.returncode, done.stdout.strip()) == (0, "['there', 'here']")
    assert await texts(outbox) == ["there", "here"]
    assert await texts(Outbox(path, Ticking())) == ["there", "here"]


async def test_many_at_a_time_are_all_kept(path: Path, outbox: Outbox) -> None:
    others = [outbox, Outbox(path, Ticking())]
    await asyncio.gather(*(send(others[n % 2], str(n), id=n) for n in range(60)))
    assert sorted(await texts(outbox, limit=100), key=int) == [str(n) for n in range(60)]


async def test_only_the_newest_are_kept(outbox: Outbox, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "KEPT", 3)
    for n in range(5):
        await send(outbox, str(n), id=n)
    assert await texts(outbox) == ["4", "3", "2"]


async def test_a_file_that_cannot_be_written_is_a_message_not_sent_and_tells_no_secret(
    path: Path, outbox: Outbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_LONGEST_WAIT_SECONDS", 0.01)
    with closing(sqlite3.connect(path)) as other:
        other.execute("BEGIN EXCLUSIVE")
        with pytest.raises(MessageNotSent) as caught:
            await send(outbox, "code 012345", id=1)
        assert "012345" not in repr(caught.value)
        assert caught.value.__suppress_context__
    await send(outbox, "code 012345", id=1)
    assert await texts(outbox) == ["code 012345"]


async def test_a_printed_message_tells_neither_number_nor_text(outbox: Outbox) -> None:
    await send(outbox, "code 012345", id=1)
    (message,) = await outbox.messages(ANNA)
    assert "012345" not in repr(message)
    assert ANNA not in repr(message)


def test_the_file_is_for_its_owner_only(path: Path, outbox: Outbox) -> None:
    assert path.stat().st_mode & 0o777 == 0o600
