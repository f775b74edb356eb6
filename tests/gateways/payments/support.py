"""What the sandbox's tests share: clocks, a gateway, its witness, and someone who gets its webhooks."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncGenerator, Callable, Generator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from uuid import UUID

from domain.kernel.time import Clock
from gateways.payments.record import SandboxRecord
from gateways.payments.sandbox import SandboxPayments

SECRET = b"a secret that is only for tests"


class RealClock:
    def now(self) -> datetime:
        return datetime.now(UTC)


@dataclass
class SetClock:
    """Stands still until it is moved."""

    at: datetime = datetime(2026, 3, 1, 12, 0, 0, 500_000, tzinfo=UTC)

    def now(self) -> datetime:
        return self.at

    def pass_seconds(self, seconds: float) -> None:
        self.at += timedelta(seconds=seconds)


def action_url(intent_id: UUID) -> str:
    return f"http://localhost/confirm/{intent_id}"


@asynccontextmanager
async def sandbox(
    path: Path,
    clock: Clock | None = None,
    *,
    webhook_url: str | None = None,
    stall_seconds: float = 30,
    settles_after_seconds: float = 20,
    busy_seconds: float = 5,
) -> AsyncGenerator[SandboxPayments]:
    gateway = SandboxPayments(
        path,
        clock=clock or RealClock(),
        webhook_url=webhook_url,
        secret=SECRET,
        action_url=action_url,
        stall_seconds=stall_seconds,
        settles_after_seconds=settles_after_seconds,
        busy_seconds=busy_seconds,
    )
    try:
        yield gateway
    finally:
        await gateway.aclose()


@contextmanager
def witness(path: Path, clock: Clock | None = None) -> Generator[SandboxRecord]:
    record = SandboxRecord(path, clock or RealClock())
    try:
        yield record
    finally:
        record.close()


@dataclass(frozen=True)
class Received:
    path: str
    headers: dict[str, str]
    body: bytes


@dataclass
class Receiver:
    """An HTTP server on the loopback that keeps what it gets and answers as told, with 204 when told nothing."""

    port: int = 0
    received: list[Received] = field(default_factory=list[Received])
    answers: list[int] = field(default_factory=list[int])

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/webhooks"

    async def wait_for(self, count: int) -> list[Received]:
        await eventually(lambda: len(self.received) >= count)
        return self.received


async def eventually(holds: Callable[[], bool], within_seconds: float = 5) -> None:
    async with asyncio.timeout(within_seconds):
        while not holds():  # noqa: ASYNC110 - what is waited for happens in another thread or process
            await asyncio.sleep(0.01)


@contextmanager
def receiver() -> Generator[Receiver]:
    state = Receiver()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            headers = {name.lower(): value for name, value in self.headers.items()}
            status = state.answers.pop(0) if state.answers else 204
            state.received.append(Received(self.path, headers, body))
            self.send_response(status)
            if 300 <= status < 400:
                self.send_header("location", "/elsewhere")
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: Any) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        state.port = server.server_port
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield state
        finally:
            server.shutdown()
            thread.join()
