"""The load, in a process of its own: `python -m bench.load`. A few connections, each with one request at a time.

On standard input come JSON objects, a line each: first what to send, then for each round how long or how often. On
standard output goes, for each round, what came of it.
"""

from __future__ import annotations

import asyncio
import secrets
import sys
import time
from dataclasses import dataclass
from typing import Any, Final, cast

import orjson
import uvloop

NEW_KEY: Final = b"0000-a-new-key-for-each-request-"
"""Wherever it stands in a request, something else stands in its place each time: 32 characters."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What to send where. An answer must be a 200 and hold `expected`."""

    port: int
    connections: int
    requests: tuple[bytes, ...]
    expected: bytes


class Connection(asyncio.Protocol):
    """One keep-alive connection."""

    def __init__(self) -> None:
        self._received = b""
        self._answer: asyncio.Future[bytes] | None = None
        self._transport: asyncio.WriteTransport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.WriteTransport", transport)

    def data_received(self, data: bytes) -> None:
        self._received += data
        head, separator, body = self._received.partition(b"\r\n\r\n")
        if not separator or self._answer is None:
            return
        length = int(head.lower().partition(b"content-length:")[2].split(b"\r\n", 1)[0])
        if len(body) >= length:
            answer, self._answer, self._received = self._answer, None, b""
            answer.set_result(head + separator + body)

    def connection_lost(self, exc: Exception | None) -> None:
        if self._answer is not None and not self._answer.done():
            self._answer.set_exception(ConnectionError("the server hung up"))

    async def ask(self, request: bytes) -> bytes:
        """The whole answer to a whole request."""
        self._answer = asyncio.get_running_loop().create_future()
        self._transport.write(request)
        return await self._answer

    def close(self) -> None:
        self._transport.close()


class Load:
    """Sends the requests in turn, and goes on where the last round ended."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._sent = 0
        self._prefix = secrets.token_hex(8)

    async def round(self, *, seconds: float | None, times: int | None) -> dict[str, Any]:
        """A round of so many seconds, or of so many requests. Latencies are in milliseconds."""
        loop = asyncio.get_running_loop()
        connections = [
            (await loop.create_connection(Connection, "127.0.0.1", self._plan.port))[1]
            for _ in range(self._plan.connections)
        ]
        latencies: list[float] = []
        begun = time.perf_counter()
        until = begun + (seconds or float("inf"))
        last = self._sent + times if times else float("inf")
        try:
            await asyncio.gather(*[self._work(connection, latencies, until, last) for connection in connections])
            elapsed = time.perf_counter() - begun
        finally:
            for connection in connections:
                connection.close()
        latencies.sort()
        return {
            "requests": len(latencies),
            "seconds": elapsed,
            "p50": 1000 * latencies[len(latencies) // 2],
            "p99": 1000 * latencies[len(latencies) * 99 // 100],
        }

    async def _work(self, connection: Connection, latencies: list[float], until: float, last: float) -> None:
        while self._sent < last and (begun := time.perf_counter()) < until:
            answer = await connection.ask(self._next())
            latencies.append(time.perf_counter() - begun)
            if not answer.startswith(b"HTTP/1.1 200 ") or self._plan.expected not in answer:
                raise RuntimeError(f"an unexpected answer: {answer[:1000].decode(errors='replace')}")

    def _next(self) -> bytes:
        self._sent += 1
        request = self._plan.requests[self._sent % len(self._plan.requests)]
        return request.replace(NEW_KEY, f"{self._prefix}{self._sent:016x}".encode())


async def main() -> None:
    """Reads, sends and tells until there is nothing more to read."""
    lines = iter(sys.stdin.buffer.readline, b"")
    plan = orjson.loads(next(lines))
    requests = tuple(request.encode() for request in plan["requests"])
    load = Load(
        Plan(
            port=plan["port"],
            connections=plan["connections"],
            requests=requests,
            expected=plan["expected"].encode(),
        )
    )
    for line in lines:
        asked = orjson.loads(line)
        told = await load.round(seconds=asked.get("seconds"), times=asked.get("times"))
        sys.stdout.buffer.write(orjson.dumps(told) + b"\n")
        sys.stdout.buffer.flush()


if __name__ == "__main__":
    uvloop.run(main())
