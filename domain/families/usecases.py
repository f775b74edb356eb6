"""How families come about."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Protocol
from uuid import UUID

from domain.families.errors import AlreadyInFamily, GuardianRequired
from domain.families.family import Families, FamilyMember, FamilyRole
from domain.kernel.access import Permission
from domain.kernel.errors import Invalid
from domain.kernel.events import Event
from domain.kernel.executor import Command, Work, personal, use_case

MOST_GUARDIANS: Final = 2


class FamilyWork(Work, Protocol):
    """What families need of a transaction."""

    @property
    def families(self) -> Families: ...


@dataclass(frozen=True, kw_only=True)
class CreateFamily(Command[UUID]):
    """Begin a family with its owner. Answers with its id."""

    name: str = personal()
    owner_id: UUID


@dataclass(frozen=True, kw_only=True)
class AddFamilyMember(Command[FamilyMember]):
    """Take somebody into a family. A child comes with its guardians, anybody else without."""

    family_id: UUID
    customer_id: UUID
    role: FamilyRole
    guardian_ids: tuple[UUID, ...] = ()


@use_case(Permission.FAMILY_ARRANGE, rejects=[AlreadyInFamily])
async def create_family(command: CreateFamily, work: FamilyWork) -> UUID:
    """A family always has one owner."""
    await work.families.add(work.id, command.name, work.now)
    owner = FamilyMember(family_id=work.id, customer_id=command.owner_id, role=FamilyRole.OWNER)
    work.emit(Event("family.created", command.owner_id, {"family_id": str(work.id)}))
    await _join(owner, work)
    return work.id


@use_case(Permission.FAMILY_ARRANGE, rejects=[AlreadyInFamily, GuardianRequired])
async def add_family_member(command: AddFamilyMember, work: FamilyWork) -> FamilyMember:
    """No child is without a guardian, from the first moment on."""
    if command.role is FamilyRole.OWNER:
        raise Invalid("A family has one owner: the one who began it.")
    guardians = set(command.guardian_ids) - {command.customer_id}
    if command.role is FamilyRole.CHILD:
        if not 1 <= len(guardians) <= MOST_GUARDIANS or not guardians & await work.families.members(command.family_id):
            raise GuardianRequired
    elif guardians:
        raise Invalid("Only a child has guardians.")
    member = FamilyMember(family_id=command.family_id, customer_id=command.customer_id, role=command.role)
    await _join(member, work)
    for guardian_id in sorted(guardians):
        await work.families.add_guardianship(guardian_id, member.customer_id, work.now)
    return member


async def _join(member: FamilyMember, work: FamilyWork) -> None:
    if not await work.families.add_member(member, work.now):
        raise AlreadyInFamily
    data = {"family_id": str(member.family_id), "customer_id": str(member.customer_id), "role": member.role}
    work.emit(Event("family.member_joined", member.customer_id, data))


USE_CASES: Final = (create_family, add_family_member)
