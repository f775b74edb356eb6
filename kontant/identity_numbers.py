"""The keys of identity numbers, for those who run Kontant: the next version, and everything sealed anew by it."""

from __future__ import annotations

from dataclasses import dataclass

from domain.kernel.access import system
from domain.kernel.chores import NothingDue
from domain.operators.operator import Operator
from domain.registration.usecases import BeginIdentityNumberKey, ResealIdentityNumbers
from kontant.progress import Progress
from kontant.settings import Settings
from kontant.wiring import parts_of
from persistence.queries.registration import SEALED_BEFORE

OPERATIONS = system("operations")


@dataclass(frozen=True, slots=True)
class Rotation:
    """What came of a rotation: the version that seals now, and how many numbers were sealed anew."""

    version: int
    resealed: int


async def rotate_identity_number_key(settings: Settings, operator: Operator, progress: Progress) -> Rotation:
    """Begins the next version of the key, or goes on with the one whose work was broken off."""
    async with parts_of(settings, operator) as parts:
        version = await parts.executor.execute(BeginIdentityNumberKey(), OPERATIONS)
        counted = await SEALED_BEFORE.first(parts.database, version=version)
        total, resealed = counted.number if counted else 0, 0
        while True:
            progress(f"{operator.name}: identity numbers", resealed, max(total, resealed))
            try:
                resealed += await parts.executor.execute(ResealIdentityNumbers(), OPERATIONS)
            except NothingDue:
                return Rotation(version, resealed)
