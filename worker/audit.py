"""Keeps the audit log sealed, and publishes heads of the chain."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Coroutine
from datetime import timedelta
from typing import Any, Final

from domain.audit.heads import MOST_SEALS, BrokenHeads, Head, HeadsAppender, HeadSigner, HeadsPlace, head_over
from domain.kernel.time import Clock
from persistence.audit import CHUNK, AuditChain

SEAL_EVERY_SECONDS: Final = 0.25
LOOK_EVERY_SECONDS: Final = 1.0
LONGEST_PAUSE_SECONDS: Final = 5.0

UNSEALED_TOO_LONG: Final = timedelta(seconds=10)

_log = logging.getLogger(__name__)


class Sealer:
    """Seals what was committed, several times a second. Any number of workers may do so at once."""

    def __init__(self, chain: AuditChain, clock: Clock) -> None:
        self._chain, self._clock = chain, clock
        self._alarm = _Alarm()

    async def run(self) -> None:
        """Seals until it is cancelled."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._seal())
            group.create_task(self._watch())

    async def _seal(self) -> None:
        pause = SEAL_EVERY_SECONDS
        while True:
            try:
                if await self._chain.seal_next() < CHUNK:
                    await asyncio.sleep(SEAL_EVERY_SECONDS)
                pause = SEAL_EVERY_SECONDS
            except Exception:
                _log.warning("Sealing the audit log failed and is tried again.", exc_info=True)
                await asyncio.sleep(pause)
                pause = min(pause * 2, LONGEST_PAUSE_SECONDS)

    async def _watch(self) -> None:
        """A task of its own: it must tell of a sealer that hangs."""
        while True:
            await asyncio.sleep(LOOK_EVERY_SECONDS)
            try:
                await self.look()
            except Exception:  # the sealer itself tells when the database does not answer
                _log.debug("How much of the audit log is unsealed could not be read.", exc_info=True)

    async def look(self) -> None:
        """Gives the alarm when rows have been unsealed for too long."""
        waiting = await self._chain.unsealed()
        is_late = waiting.oldest_at is not None and self._clock.now() - waiting.oldest_at > UNSEALED_TOO_LONG
        late = "Audit rows have been unsealed for more than 10 s: %s, since %s."
        self._alarm.tell(late if is_late else None, waiting.rows, waiting.oldest_at)


class HeadPublisher:
    """Publishes the chain's head now and then, unless it has not moved. It never publishes one twice.

    What was published is compared with the chain first. Where they disagree nothing more is published, for that would
    lend what was changed a new signature.
    """

    def __init__(
        self, chain: AuditChain, place: HeadsPlace, signer: HeadSigner, clock: Clock, *, every_seconds: float
    ) -> None:
        self._chain, self._place, self._signer, self._clock = chain, place, signer, clock
        self._every_seconds = every_seconds
        self._alarm = _Alarm()

    async def run(self) -> None:
        """Publishes until it is cancelled. The first head does not wait."""
        is_begun = False
        while True:
            try:
                is_begun = await self.publish() or is_begun
                self._alarm.tell(None)
            except BrokenHeads as broken:
                self._alarm.tell("The audit log's published heads and its chain disagree: %s.", broken)
            except Exception as failure:
                self._alarm.tell("The audit log's head could not be published: %s.", type(failure).__name__)
            await asyncio.sleep(self._every_seconds if is_begun else min(self._every_seconds, LOOK_EVERY_SECONDS))

    async def publish(self) -> bool:
        """Brings the heads up to where the chain is. False as long as none is published, for none is sealed.

        Raises `BrokenHeads`, and what the place and the database raise.
        """
        with self._place.appending() as appender:
            if appender is None:  # another worker is at it
                return True
            last = await self._last(appender)
            while head := await self._next(last):
                await _to_its_end(asyncio.to_thread(appender.append, await self._signer.sign(head)))
                last = head
            return last is not None

    async def _last(self, appender: HeadsAppender) -> Head | None:
        lines = appender.last_lines()
        for line in reversed(lines):
            head = await self._signer.read(line)
            if head is not None:
                return head
        if lines:
            raise BrokenHeads("none of the last lines is a head")
        return None

    async def _next(self, last: Head | None) -> Head | None:
        """The next head, if there is anything for it."""
        after = last.sequence if last else 0
        first = max(after, 1)
        seals = await self._chain.seals_from(first, most=MOST_SEALS + 1 if last else MOST_SEALS)
        if [seal.sequence for seal in seals] != list(range(first, first + len(seals))):
            raise BrokenHeads("seals are missing in the chain")
        if last is not None:
            if not seals or not last.agrees_with(seals[0]):
                raise BrokenHeads(f"the chain does not have the head of {last.sequence}")
            seals = seals[1:]
        return head_over(seals, self._clock.now()) if seals else None


async def _to_its_end(work: Coroutine[Any, Any, None]) -> None:
    """Waits for a thread even when cancelled: it must not write to a file that was closed under it."""
    task = asyncio.ensure_future(work)
    try:
        await asyncio.shield(task)
    except asyncio.CancelledError:
        await task
        raise


class _Alarm:
    """Says what is wrong when it begins, and not again until something else is, or nothing was in between."""

    def __init__(self) -> None:
        self._told: str | None = None

    def tell(self, wrong: str | None, *about: object) -> None:
        if wrong is not None and wrong != self._told:
            _log.error(wrong, *about)
        self._told = wrong
