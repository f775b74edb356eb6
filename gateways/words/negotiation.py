"""Which of the operator's languages a person is spoken to in."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

# A header longer than this names more languages than anybody speaks; what is beyond is not read.
_LONGEST_HEADER: Final = 500
_RANGE: Final = re.compile(
    r"\s*(?P<tag>\*|[A-Za-z]{1,8}(?:[-_][A-Za-z0-9]{1,8})*)\s*(?:;\s*q=(?P<q>[01](?:\.\d{0,3})?)\s*)?"
)


def negotiate(accept_language: str | None, own: str | None, *, offered: Sequence[str]) -> str:
    """The offered locale (BCP 47) that suits a person best; the first one when none does.

    The header goes first: it says what the app speaks at this moment. `own` is the person's own language, for when the
    header asks for nothing that is offered. A locale of the same language will do: someone
    who asks for `sv-FI` is answered in `sv-SE`. What makes no sense is passed over.
    """
    wanted = [*_by_quality(accept_language or ""), *([own] if own else [])]
    return next((found for tag in wanted if (found := _match(tag, offered))), offered[0])


def _by_quality(header: str) -> list[str]:
    """The tags of an `Accept-Language` header (RFC 9110), most wanted first; those with quality 0 are refused."""
    found = [_RANGE.fullmatch(part) for part in header[:_LONGEST_HEADER].split(",")]
    weighed = [(float(m["q"] or 1), m["tag"]) for m in found if m]
    return [tag for quality, tag in sorted(weighed, key=lambda w: -w[0]) if quality > 0]


def _match(tag: str, offered: Sequence[str]) -> str | None:
    if tag == "*":
        return offered[0]
    wanted = tag.replace("_", "-").lower()
    exact = (o for o in offered if o.lower() == wanted)
    related = (o for o in offered if _language(o) == _language(wanted))
    return next(exact, None) or next(related, None)


def _language(tag: str) -> str:
    return tag.partition("-")[0].lower()
