"""Texts that people write."""

from __future__ import annotations

from domain.kernel.errors import Invalid


def at_most(longest: int, text: str, argument: str) -> str:
    """The text, unless it is longer than so many characters. Raises `Invalid`."""
    if len(text) > longest:
        raise Invalid(f"{argument} has at most {longest} characters.")
    return text
