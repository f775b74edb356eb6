"""What an auditor asks of a deployment: whether its audit logs are what they were, and which heads were published."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

from auth.heads import SignedHeads
from auth.keys import KeyRing
from domain.audit.heads import Head
from domain.audit.verification import BadRow, Fault, Report, read_heads, verify
from domain.operators.operator import Operator
from gateways.audit.heads_file import HeadsFile
from kontant.database import server_of
from kontant.machine import SystemClock
from kontant.progress import Progress
from kontant.settings import Settings
from persistence.database import Database, open_database
from persistence.queries.audit import audit_trail
from persistence.servers import database_of

_SENTENCES: Final = {
    Fault.EDITED: "row {sequence} ({id}) or its seal was edited",
    Fault.DELETED: "row {sequence} ({id}) or its seal was deleted",
    Fault.INSERTED: "row {id} was put in before row {sequence}, and never sealed",
    Fault.REORDERED: "row {sequence} ({id}) was moved to another place",
    Fault.TAIL_CUT: "the end was cut off from row {sequence} on: a published head knows of it",
    Fault.RECOMPUTED: "the chain was made anew from row {sequence} ({id}) on: the published heads say otherwise",
    Fault.HEADS_BROKEN: "the published head that should vouch for row {sequence} is forged, missing or misplaced",
    Fault.UNPUBLISHED: "no head is published, so nothing vouches for the chain",
}


async def verify_audit(settings: Settings, operator: Operator, heads_folder: Path | None, progress: Progress) -> Report:
    """Checks one operator's log, seals and heads. Only reads."""
    async with _database(settings, operator) as database, audit_trail(database) as trail:
        total = await trail.count()
        step = f"{operator.name}: audit rows"
        report = await verify(
            trail,
            HeadsFile(_heads_path(settings, operator, heads_folder)),
            _signer(settings, operator, database),
            progress=lambda done: progress(step, done, total),
        )
        progress(step, total, total)
        return report


async def published_heads(settings: Settings, operator: Operator, heads_folder: Path | None) -> AsyncGenerator[Head]:
    """One operator's published heads, in order. Raises `BrokenHeads`."""
    async with _database(settings, operator) as database:
        place = HeadsFile(_heads_path(settings, operator, heads_folder))
        async for head in read_heads(place, _signer(settings, operator, database)):
            yield head


def in_words(report: Report) -> str:
    """A report as a sentence."""
    counts = f"{report.sealed} rows sealed, {report.published} of them vouched for by {report.heads} published heads"
    unsealed = f", {report.unsealed} not sealed yet" if report.unsealed else ""
    if report.bad is None:
        return f"good: {counts}{unsealed}"
    return f"BAD: {_sentence(report.bad)} (good before that: {counts})"


def as_json(reports: dict[str, Report]) -> str:
    """Reports by operator."""
    told: dict[str, Any] = {slug: {"good": report.bad is None, **asdict(report)} for slug, report in reports.items()}
    return json.dumps(told, default=str)


def head_as_json(operator: Operator, head: Head) -> str:
    """A head as one line."""
    said = {"sequence": head.sequence, "hash": head.hash.hex(), "at": head.at.isoformat()}
    return json.dumps({"operator": operator.slug, **said})


def _sentence(bad: BadRow) -> str:
    return _SENTENCES[bad.fault].format(sequence=bad.sequence, id=bad.audit_id or "id unknown")


def _heads_path(settings: Settings, operator: Operator, folder: Path | None) -> Path:
    own = settings.heads_file_of(operator)
    return folder / own.name if folder else own


def _signer(settings: Settings, operator: Operator, database: Database) -> SignedHeads:
    return SignedHeads(operator, KeyRing(operator, database, settings.secret, SystemClock()))


@asynccontextmanager
async def _database(settings: Settings, operator: Operator) -> AsyncGenerator[Database]:
    url = server_of(settings).application_url(database_of(operator))
    database = await open_database(url, connections=2, is_pooled=True)
    try:
        yield database
    finally:
        await database.close()
