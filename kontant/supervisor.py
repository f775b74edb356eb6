"""`kontant run`: everything in one command. Starts in order, watches, and stops in the opposite order."""

from __future__ import annotations

import asyncio
import errno
import signal
import socket
import time
from collections.abc import Callable, Coroutine, Sequence
from contextlib import AbstractContextManager, AsyncExitStack, nullcontext, suppress
from pathlib import Path
from typing import IO, Any, Final

from domain.operators.operator import Operator
from kontant.children import Child, last_lines
from kontant.database import alone, embedded_postgres, naming_its_setting, server_of
from kontant.progress import Progress, say, watched
from kontant.settings import Settings
from persistence.places import make_folder
from persistence.servers import DatabaseServer, database_of

READY_SECONDS: Final = 60
PORT_SECONDS: Final = 12  # after a `kill -9` the children of the last run need a moment to notice
WATCH_SECONDS: Final = 1.0
LOG_BYTES: Final = 20_000_000


class RunFailedError(Exception):
    """Something could not be started, or has died. The message is a sentence that names it."""


class Supervisor:
    """One run. `on_ready` is called once, when every address answers."""

    def __init__(self, settings: Settings, on_ready: Callable[[], None]) -> None:
        self._settings = settings
        self._on_ready = on_ready
        self._stopping, self._hurry = asyncio.Event(), asyncio.Event()
        self._log = settings.log_file

    async def run(self) -> None:
        """Runs until it is told to stop: SIGINT, SIGTERM or SIGHUP; a second one hurries.

        Raises `RunFailedError` when something cannot be started or dies, after all else has been stopped.
        """
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            asyncio.get_running_loop().add_signal_handler(number, self._stop)
        with alone(self._settings, "run") as was_clean:
            self._wait_for_ports(0 if was_clean else PORT_SECONDS)
            run = asyncio.create_task(self._run())
            stop = asyncio.create_task(self._stopping.wait())
            await asyncio.wait([run, stop], return_when=asyncio.FIRST_COMPLETED)
            if not stop.cancel():
                say("Stopping ...")
                run.cancel()
            with suppress(asyncio.CancelledError):
                await run
        say("Stopped.")

    def _stop(self) -> None:
        if self._stopping.is_set():
            self._hurry.set()
        self._stopping.set()

    async def _run(self) -> None:
        async with AsyncExitStack() as stack:  # left in the opposite order: the API, the worker, the database last
            if self._settings.database_server is None:
                stack.push_async_callback(asyncio.to_thread, embedded_postgres(self._settings).stop)
            # The children load their modules while the database starts, and begin when it is ready.
            with _appending(self._log) as log:
                children = [await Child.start(command, log) for command in self._commands()]
            for child in reversed(children):
                stack.push_async_callback(child.stop, self._hurry)
            await self._unless_one_dies(children, self._start_and_watch(children))

    def _commands(self) -> Sequence[str]:
        """In the order in which they are stopped."""
        return ("serve", "work") if self._settings.demo_identities_port is None else ("serve", "work", "vouch")

    async def _unless_one_dies(self, children: Sequence[Child], work: Coroutine[Any, Any, None]) -> None:
        ends = [asyncio.create_task(child.ended()) for child in children]
        task = asyncio.create_task(work)
        try:
            await asyncio.wait([task, *ends], return_when=asyncio.FIRST_COMPLETED)
            for child, end in zip(children, ends, strict=True):
                if end.done():
                    raise RunFailedError(self._obituary(child, end.result()))
            await task
        finally:
            for pending in (task, *ends):
                pending.cancel()
            await asyncio.gather(task, *ends, return_exceptions=True)

    def _obituary(self, child: Child, code: int) -> str:
        told = [f"`kontant {child.name}` has ended by itself (exit code {code}); everything else is stopped."]
        if self._log:
            told += [f"Its log is {self._log}, and ends so:", *last_lines(self._log)]
        return "\n  ".join(told)

    # -- starting

    async def _start_and_watch(self, children: Sequence[Child]) -> None:
        if self._settings.database_server is None:
            await asyncio.to_thread(embedded_postgres(self._settings).start)
        server = server_of(self._settings)
        with watched() as progress:
            await self._prepare(server, progress)
        for child in children:
            child.let_begin()
        await asyncio.wait_for(self._until_ready(), READY_SECONDS)
        self._on_ready()
        await self._keep_database()

    async def _prepare(self, server: DatabaseServer, progress: Progress) -> None:
        operators = self._settings.operators
        with naming_its_setting(self._settings):
            await asyncio.gather(*(server.provision(database_of(operator)) for operator in operators))
        for operator in operators:
            await migrate_if_needed(server, operator)
            if self._settings.is_development:
                await self._seed_if_new(operator, progress)

    async def _seed_if_new(self, operator: Operator, progress: Progress) -> None:
        from kontant.demo import is_seeded, seed_demo

        if not await is_seeded(self._settings, operator):
            say(f"Making the demo data of {operator.name} ...")
            await seed_demo(self._settings, operator, progress)

    async def _until_ready(self) -> None:
        for operator in self._settings.operators:
            while not await _is_ready(self._settings, operator):  # noqa: ASYNC110 - it is another process's event
                await asyncio.sleep(0.03)

    def _wait_for_ports(self, seconds: float) -> None:
        deadline = time.monotonic() + seconds
        ports = {self._settings.port_of(operator) for operator in self._settings.operators}
        for port in sorted(ports | {self._settings.demo_identities_port or self._settings.port}):
            while _is_in_use(self._settings.host, port):
                if time.monotonic() > deadline:
                    raise RunFailedError(f"Port {port} is in use. Choose another: PORT=8100 make run")
                time.sleep(0.1)

    async def _keep_database(self) -> None:
        """Starts the embedded server again when somebody has killed it; the API says 503 in between."""
        postgres = embedded_postgres(self._settings)
        while True:
            await asyncio.sleep(WATCH_SECONDS)
            if self._settings.database_server is None and postgres.pid is None:
                say("PostgreSQL has stopped by itself. Starting it again ...")
                await asyncio.to_thread(postgres.start)


async def migrate_if_needed(server: DatabaseServer, operator: Operator) -> bool:
    """Brings an operator's database up to date. Returns whether there was anything to do."""
    from persistence.migrations import is_current, migrate

    url = server.owner_url(database_of(operator))
    if await is_current(url):
        return False
    say(f"Migrating the database of {operator.name} ...")
    await asyncio.to_thread(migrate, url)
    return True


def _appending(log: Path | None) -> AbstractContextManager[IO[bytes] | None]:
    if log is None:
        return nullcontext()
    make_folder(log.parent)
    if log.exists() and log.stat().st_size > LOG_BYTES:
        log.replace(log.with_suffix(".old.jsonl"))
    return log.open("ab")


def _is_in_use(host: str, port: int) -> bool:
    family, kind, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    with socket.socket(family, kind) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(address)
        except OSError as failure:
            if failure.errno == errno.EADDRNOTAVAIL:
                raise RunFailedError(f"host: {host} is not an address of this machine.") from None
            return True
        return False


async def _is_ready(settings: Settings, operator: Operator) -> bool:
    """Asks as a client would, in the few lines that this takes: an HTTP library costs half a second to load."""
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(settings.host, settings.host)
    try:
        reader, writer = await asyncio.open_connection(host, settings.port_of(operator))
    except OSError:
        return False
    try:
        writer.write(f"GET /readyz HTTP/1.1\r\nHost: {operator.hosts[0]}\r\nConnection: close\r\n\r\n".encode())
        return b" 200 " in await asyncio.wait_for(reader.readline(), 5)
    except (OSError, TimeoutError):
        return False
    finally:
        writer.close()
