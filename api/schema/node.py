"""Relay's object identification: every node is found again by its id, through the same gate as on every other way."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Hashable, Iterable, Sequence
from typing import Any, Final, TypeVar
from uuid import UUID

import strawberry

from api.context import Context
from api.schema.ids import read_id

T = TypeVar("T")
Find = Callable[[Sequence[UUID], Context], Awaitable[Sequence[Any]]]

FINDERS: Final[dict[str, Find]] = {}
"""By the prefix of an id: what finds the nodes, as far as the actor may see them, in the order of the ids."""


@strawberry.interface(description="Something with an id by which it can be found again.")
class Node:
    id: strawberry.ID = strawberry.field(description="Opaque: keep it and give it back, do not read it.")


def found_by(prefix: str) -> Callable[[Find], Find]:
    """Declares how nodes with ids of this prefix are found."""

    def declare(find: Find) -> Find:
        FINDERS[prefix] = find
        return find

    return declare


def in_order(keys: Iterable[Hashable], items: Iterable[T], key: Callable[[T], Hashable]) -> list[T | None]:
    """The item of each key, or None: what is out of scope was not found."""
    found = {key(item): item for item in items}
    return [found.get(k) for k in keys]


async def find_nodes(ids: Sequence[str], context: Context) -> list[Any]:
    """The nodes with these global ids, one query a kind; None for what is not there or not the actor's.

    Raises `Invalid` for what was never an id of ours.
    """
    wanted = [read_id(id) for id in ids]
    answers: list[Any] = [None] * len(ids)
    for prefix in {each.prefix for each in wanted} & FINDERS.keys():
        places = [place for place, each in enumerate(wanted) if each.prefix == prefix]
        nodes = await FINDERS[prefix]([wanted[place].id for place in places], context)
        for place, node in zip(places, nodes, strict=True):
            answers[place] = node
    return answers
