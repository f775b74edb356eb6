"""The signing keys of all operators, for those who run Kontant."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from domain.operators.operator import Operator
from kontant.settings import Settings
from kontant.wiring import parts_of


async def withdraw(settings: Settings, operator: Operator, id: str) -> bool:
    """Takes a key away that may be in other hands. False when no such key is published."""
    async with parts_of(settings, operator) as parts:
        return await parts.identity.key_rotation.withdraw(id)


async def keys_of(settings: Settings, operators: Sequence[Operator], *, rotate: bool) -> dict[str, Any]:
    """Each operator's keys by its slug, the oldest first; with `rotate`, the next one is published before."""
    keys: dict[str, Any] = {}
    for operator in operators:
        async with parts_of(settings, operator) as parts:
            if rotate:
                await parts.identity.key_rotation.rotate()
            keys[operator.slug] = [
                {
                    "id": key.id,
                    "state": key.state.value,
                    "createdAt": key.created_at.isoformat(),
                    "signsFrom": key.signs_from.isoformat(),
                    "goneAt": key.gone_at.isoformat() if key.gone_at else None,
                }
                for key in await parts.identity.key_rotation.report()
            ]
    return keys
