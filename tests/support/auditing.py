"""The audit log of a small world: its chain, where heads of it are published, and how it is checked."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from uuid import UUID

from auth.heads import SignedHeads
from auth.keys import KeyRing
from domain.audit.verification import BadRow, Report, verify
from domain.kernel.access import system
from gateways.audit.heads_file import HeadsFile
from persistence.audit import AuditChain
from persistence.queries.audit import audit_trail
from tests.auth.support import SECRET
from tests.support.world import World
from worker.audit import HeadPublisher


def signer(world: World) -> SignedHeads:
    return SignedHeads(world.operator, KeyRing(world.operator, world.database, SECRET, world.clock))


def publisher(world: World, path: Path, *, every_seconds: float = 60) -> HeadPublisher:
    return HeadPublisher(
        AuditChain(world.database), HeadsFile(path), signer(world), world.clock, every_seconds=every_seconds
    )


class Auditing:
    """Writes rows, seals them, publishes heads, and checks."""

    def __init__(self, world: World, folder: Path, *, heads: str = "heads.jsonl") -> None:
        self.world = world
        self.chain = AuditChain(world.database)
        self.heads = HeadsFile(folder / heads)
        self.signer = signer(world)
        self.publisher = publisher(world, self.heads.path)

    async def write(self, rows: int = 1) -> list[UUID]:
        """So many executions, one after the other. Their ids, in this order."""
        ids = [self.world.ids.new() for _ in range(rows)]
        for id in ids:
            async with self.world.unit(system("test"), id) as work:
                await work.record("test", {"note": 'Å\n"\\', "amount_minor": 100})
        return ids

    async def seal(self) -> int:
        """Seals all there is."""
        sealed = 0
        while now := await self.chain.seal_next():
            sealed += now
        return sealed

    async def publish(self, rows: int) -> list[UUID]:
        """Writes rows, seals them, and publishes a head over them."""
        ids = await self.write(rows)
        await self.seal()
        await self.publisher.publish()
        return ids

    async def report(self, progress: Callable[[int], None] = lambda done: None) -> Report:
        async with audit_trail(self.world.database) as trail:
            return await verify(trail, self.heads, signer(self.world), progress=progress)

    async def bad(self) -> BadRow | None:
        """The first bad row."""
        return (await self.report()).bad
