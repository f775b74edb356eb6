"""Does the audit log still say what was sealed, and the chain what was published? And if not, from which row on?"""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import aclosing
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, Protocol
from uuid import UUID

from domain.audit.chain import BEFORE_ALL, AuditRow, Seal, seal
from domain.audit.heads import BrokenHeads, Head, HeadSigner, HeadsPlace

PROGRESS_EVERY: Final = 1_000


class Fault(StrEnum):
    """What is wrong at the first bad row."""

    EDITED = "EDITED"
    """It, or its seal, is not what was sealed."""
    DELETED = "DELETED"
    """It, or its seal, is gone."""
    INSERTED = "INSERTED"
    """It stands among sealed rows and was never sealed."""
    REORDERED = "REORDERED"
    """It does not stand where it was sealed."""
    TAIL_CUT = "TAIL_CUT"
    """It and all that followed are gone, and a published head knows of them."""
    RECOMPUTED = "RECOMPUTED"
    """From here on the chain fits the rows, and not what was published: it was made anew."""
    HEADS_BROKEN = "HEADS_BROKEN"
    """The head that should vouch for it is forged, missing, or out of its place."""
    UNPUBLISHED = "UNPUBLISHED"
    """No head was ever published, or all are gone: nothing vouches for anything."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BadRow:
    """The first place at which the log is not what it was."""

    fault: Fault
    sequence: int
    audit_id: UUID | None
    """None where the row is gone, and nothing is left that names it."""


@dataclass(slots=True, kw_only=True)
class Report:
    """What a check has found. Where a row is bad, what comes after it was not looked at."""

    sealed: int = 0
    """Seals that fit their rows."""
    published: int = 0
    """How many of these a published head vouches for: the others could still be made anew unnoticed."""
    heads: int = 0
    """Published heads whose signatures are good and that the chain agrees with."""
    unsealed: int = 0
    """Rows behind the last seal."""
    bad: BadRow | None = None


class AuditTrail(Protocol):
    """The log and its seals as they stand at one moment."""

    def rows(self) -> AsyncGenerator[AuditRow]:
        """Every row by (xid, id), which is the order of sealing."""
        ...

    def seals(self) -> AsyncGenerator[Seal]:
        """Every seal by its sequence."""
        ...

    async def has_row(self, audit_id: UUID, /) -> bool: ...

    async def is_sealed(self, audit_id: UUID, /) -> bool: ...


async def verify(
    trail: AuditTrail, place: HeadsPlace, signer: HeadSigner, *, progress: Callable[[int], None] = lambda done: None
) -> Report:
    """Reads rows, seals and heads side by side, in order and once, and stops at the first bad row."""
    async with (
        aclosing(trail.rows()) as rows,
        aclosing(trail.seals()) as seals,
        aclosing(read_heads(place, signer)) as heads,
    ):
        check = _Check(trail, rows, heads)
        async for found in seals:
            check.report.bad = await check.bad_at(found)
            if check.report.bad is not None:
                return check.report
            if found.sequence % PROGRESS_EVERY == 0:
                progress(found.sequence)
        check.report.bad = await check.bad_at_end()
        return check.report


async def read_heads(place: HeadsPlace, signer: HeadSigner) -> AsyncGenerator[Head]:
    """The published heads, in order. Raises `BrokenHeads` where one is forged, missing, or out of its place."""
    before = 0
    for line in place.lines():
        head = await signer.read(line)
        if head is None:
            continue
        if head.after != before or not head.marks:
            raise BrokenHeads(f"the head of {head.sequence} does not follow the one before it, of {before}")
        before = head.sequence
        yield head


class _Check:
    def __init__(self, trail: AuditTrail, rows: AsyncIterator[AuditRow], heads: AsyncIterator[Head]) -> None:
        self._trail, self._rows, self._heads = trail, rows, heads
        self._last = BEFORE_ALL
        self._head: Head | None = None
        self._is_past_the_heads = False
        self.report = Report()

    async def bad_at(self, found: Seal) -> BadRow | None:
        """What is wrong with the next seal and its row, if anything is."""
        place = self.report.sealed + 1
        row = await anext(self._rows, None)
        if found.sequence != place:
            its_row = row.id if row is not None and row.id != found.audit_id else None
            return BadRow(fault=Fault.DELETED, sequence=place, audit_id=its_row)
        if row is None or row.id != found.audit_id:
            return await self._misplaced(found, row)
        if found != seal(row, after=self._last):
            return BadRow(fault=Fault.EDITED, sequence=place, audit_id=row.id)
        try:
            head = await self._head_over(place)
        except BrokenHeads:
            return BadRow(fault=Fault.HEADS_BROKEN, sequence=place, audit_id=row.id)
        if head is not None and not head.agrees_with(found):
            return BadRow(fault=Fault.RECOMPUTED, sequence=place, audit_id=row.id)
        self._accept(found, head)
        return None

    async def bad_at_end(self) -> BadRow | None:
        """What is wrong when there are no more seals: heads may vouch for some that are gone."""
        place = self.report.sealed + 1
        next_row = await anext(self._rows, None)
        try:
            is_cut = await self._head_over(place) is not None
        except BrokenHeads:
            return BadRow(fault=Fault.HEADS_BROKEN, sequence=place, audit_id=None)
        if is_cut:
            return BadRow(fault=Fault.TAIL_CUT, sequence=place, audit_id=next_row and next_row.id)
        if next_row is not None:
            self.report.unsealed = 1
            async for _ in self._rows:
                self.report.unsealed += 1
        if self.report.sealed and not self.report.heads:
            return BadRow(fault=Fault.UNPUBLISHED, sequence=1, audit_id=None)
        return None

    def _accept(self, found: Seal, head: Head | None) -> None:
        self._last = found
        self.report.sealed = found.sequence
        if head is not None and head.sequence == found.sequence:
            self.report.published = found.sequence
            self.report.heads += 1

    async def _head_over(self, sequence: int) -> Head | None:
        """The first published head that vouches for this place. Raises `BrokenHeads`."""
        if not self._is_past_the_heads and (self._head is None or self._head.sequence < sequence):
            self._head = await anext(self._heads, None)
            self._is_past_the_heads = self._head is None
        return self._head

    async def _misplaced(self, found: Seal, row: AuditRow | None) -> BadRow:
        """Another row stands, or none, where the seal says which one stood."""
        if not await self._trail.has_row(found.audit_id):
            return BadRow(fault=Fault.DELETED, sequence=found.sequence, audit_id=found.audit_id)
        if row is not None and not await self._trail.is_sealed(row.id):
            return BadRow(fault=Fault.INSERTED, sequence=found.sequence, audit_id=row.id)
        return BadRow(fault=Fault.REORDERED, sequence=found.sequence, audit_id=found.audit_id)
