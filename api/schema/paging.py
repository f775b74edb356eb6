"""Relay connections over keysets: a page begins after the last one's key, so it costs the same however deep it is."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Final, TypeVar
from uuid import UUID

import strawberry

from api.schema.fields import shown, shown_field
from domain.kernel.access import Access
from domain.kernel.errors import Invalid

First = Annotated[int | None, strawberry.argument(description="How many at most, from 0 to 100; 20 unless it is said.")]
After = Annotated[
    str | None,
    strawberry.argument(description="The cursor after which the page begins; without one it is the list's first page."),
]

C = TypeVar("C")
E = TypeVar("E")

DEFAULT_FIRST: Final = 20
MOST_FIRST: Final = 100
FIRST_UUID: Final = UUID(int=0)
LAST_UUID: Final = UUID(int=2**128 - 1)
LAST_NUMBER: Final = 2**63 - 1
LAST_INTEGER: Final = 2**31 - 1
EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
LAST_MICROSECOND: Final = (datetime.max.replace(tzinfo=UTC) - EPOCH) // timedelta(microseconds=1)


@shown(Access.PUBLIC)
class PageInfo:
    """Where a page stands in its list."""

    has_next_page: bool = shown_field("Whether there is more after this page.")
    has_previous_page: bool = shown_field("Whether there is something before this page.")
    start_cursor: str | None = shown_field("The cursor of the first edge; null on an empty page.")
    end_cursor: str | None = shown_field("The cursor of the last edge, to be given as `after` for the next page.")


class Page:
    """What was asked for: how many, and after which key."""

    def __init__(self, first: int | None, after: str | None) -> None:
        self.first = DEFAULT_FIRST if first is None else first
        if not 0 <= self.first <= MOST_FIRST:
            raise Invalid(f"first is from 0 to {MOST_FIRST}.")
        self._after = after
        self.most = self.first + 1
        """One more than is shown, to know whether there is a next page."""

    def after_id(self, otherwise: UUID) -> UUID:
        """The key of a list that is kept in the order of its ids."""
        return otherwise if self._after is None else UUID(bytes=_decoded(self._after, 16))

    def after_number(self, otherwise: int) -> int:
        """The key of a list that is kept in the order of a number."""
        if self._after is None:
            return otherwise
        number = int.from_bytes(_decoded(self._after, 8), "big")
        if number > LAST_NUMBER:
            raise _not_of_this_list()
        return number

    def after_time(self, otherwise: datetime) -> tuple[datetime, UUID]:
        """The key of a list that is kept in the order of a time, and of the ids of what has the same."""
        if self._after is None:
            return otherwise, FIRST_UUID
        key = _decoded(self._after, 24)
        microseconds = int.from_bytes(key[:8], "big")
        if microseconds > LAST_MICROSECOND:
            raise _not_of_this_list()
        return EPOCH + timedelta(microseconds=microseconds), UUID(bytes=key[8:])

    def of(self, kind: type[C], edge: Callable[..., E], nodes: Sequence[Any], cursor: Callable[[Any], str]) -> C:
        """The page as a connection, from what was found: at most `most`."""
        shown_nodes = nodes[: self.first]
        edges = [edge(node=node, cursor=cursor(node)) for node in shown_nodes]
        ends = (cursor(shown_nodes[0]), cursor(shown_nodes[-1])) if shown_nodes else (None, None)
        info = PageInfo(
            has_next_page=len(nodes) > self.first,
            has_previous_page=self._after is not None,
            start_cursor=ends[0],
            end_cursor=ends[1],
        )
        make: Any = kind
        return make(edges=edges, nodes=list(shown_nodes), page_info=info)


def id_cursor(id: UUID) -> str:
    """The cursor of a node in a list that is kept in the order of its ids."""
    return _encoded(id.bytes)


def number_cursor(number: int) -> str:
    """The cursor of a node in a list that is kept in the order of a number."""
    return _encoded(number.to_bytes(8, "big"))


def time_cursor(at: datetime, id: UUID) -> str:
    """The cursor of a node in a list that is kept in the order of a time."""
    return _encoded(((at - EPOCH) // timedelta(microseconds=1)).to_bytes(8, "big") + id.bytes)


def _encoded(key: bytes) -> str:
    return base64.urlsafe_b64encode(key).decode().rstrip("=")


def _decoded(cursor: str, length: int) -> bytes:
    try:
        key = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if len(key) != length:
        raise _not_of_this_list()
    return key


def _not_of_this_list() -> Invalid:
    return Invalid("after is a cursor of this list, as it was received in pageInfo.endCursor or an edge.")
