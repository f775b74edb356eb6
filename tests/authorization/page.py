"""The tables of docs/AUTHORIZATION.md, as data."""

from __future__ import annotations

from pathlib import Path
from typing import Final

PAGE: Final = Path(__file__).parents[2] / "docs/AUTHORIZATION.md"


def table(title: str) -> dict[str, dict[str, str]]:
    """The table under a heading: each row by its first cell, each cell by its column's head."""
    _, _, section = PAGE.read_text().partition(f"\n## {title}\n")
    lines = [line for line in section.partition("\n## ")[0].splitlines() if line.startswith("|")]
    head, _, *rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    assert all(len(row) == len(head) for row in rows), f"a row of {title!r} is too long or too short"
    assert len({row[0] for row in rows}) == len(rows), f"a row of {title!r} is there twice"
    return {row[0]: dict(zip(head[1:], row[1:], strict=True)) for row in rows}


KINDS: Final = list(table("Kinds of actor"))
CLASSES: Final = table("Access classes")
TYPES: Final = table("Classes of types and fields")
PERMISSIONS: Final = table("Permissions")
MUTATIONS: Final = table("Mutations")
REFUSED: Final = ("foreigner", "expired")
"""Whose token is not good: refused as a whole, whatever they ask."""
ENTRY_POINTS: Final = table("Where an id can be given")
