"""The sections that keep strangers out."""

from __future__ import annotations

from pathlib import Path

from pydantic import NonNegativeInt

from kontant.settings.values import Section


class RatesSection(Section):
    """`[rates]`: requests a minute. 0 sets no limit."""

    address_per_minute: NonNegativeInt = 6_000
    client_per_minute: NonNegativeInt = 60_000
    customer_per_minute: NonNegativeInt = 600


class DocumentsSection(Section):
    """`[documents]`"""

    folder: Path | None = None
    registered_only: bool = False
