"""Where identifiers come from."""

from __future__ import annotations

from typing import Protocol
from uuid import UUID


class Ids(Protocol):
    """Makes identifiers that no one can guess and that sort by the time they were made (UUID version 7)."""

    def new(self) -> UUID: ...
