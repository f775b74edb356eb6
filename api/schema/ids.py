"""Global ids: a type's short name and an id of ours. Clients keep them and give them back; they do not read them."""

from __future__ import annotations

import re
from typing import Final, NamedTuple
from uuid import UUID

from domain.kernel.errors import Invalid

_FORM: Final = re.compile(r"([a-z]+)_([0-9a-f]{32})")


class GlobalId(NamedTuple):
    """What stands behind a global id."""

    prefix: str
    id: UUID


def global_id(prefix: str, id: UUID) -> str:
    """The id that clients see."""
    return f"{prefix}_{id.hex}"


def read_id(text: str) -> GlobalId:
    """What a client gave back. Raises `Invalid` for what was never an id of ours."""
    form = _FORM.fullmatch(text)
    if form is None:
        raise Invalid("That is not an id of ours: ids are given back as they were received.")
    return GlobalId(form[1], UUID(form[2]))


def read_id_of(prefix: str, text: str, argument: str) -> UUID:
    """The id of a thing of one kind. Raises `Invalid` for anything else."""
    found = read_id(text)
    if found.prefix != prefix:
        raise Invalid(f"{argument} is the id of something else than it asks for.")
    return found.id
