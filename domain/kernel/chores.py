"""Chores: what falls due by itself, such as expiry. It is done in chunks, each one execution."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from domain.kernel.errors import Rejection
from domain.kernel.executor import Command

CHUNK: Final = 500


class NothingDue(Rejection):
    """There was nothing to do, or another worker is at it. So there is nothing to keep."""

    code = "NOTHING_DUE"


@dataclass(frozen=True, kw_only=True)
class Chore(Command[int]):
    """Do what is due, at most `CHUNK` of it; the answer is how many it was. Raises `NothingDue` when it is none."""
