"""Families, as they are made."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from uuid import UUID

from sqlalchemy import literal, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from domain.families.family import FamilyMember
from persistence.statement import col
from persistence.tables.families import FamilyMemberTable, FamilyTable, GuardianshipTable


class PostgresFamilies:
    """`Families` on PostgreSQL."""

    def __init__(self, session: Callable[[], AsyncSession]) -> None:
        self._session = session

    async def add(self, id: UUID, name: str, created_at: datetime, /) -> None:
        await self._keep(FamilyTable(id=id, name=name, created_at=created_at))

    async def add_member(self, member: FamilyMember, joined_at: datetime, /) -> bool:
        row = {
            "customer_id": member.customer_id,
            "family_id": member.family_id,
            "role": member.role,
            "joined_at": joined_at,
        }
        once = [col(FamilyMemberTable.customer_id)]  # a second owner is no conflict but a defect, and raises
        adding = insert(FamilyMemberTable).values(row).on_conflict_do_nothing(index_elements=once)
        return await self._session().scalar(adding.returning(literal(1))) is not None

    async def members(self, id: UUID, /) -> frozenset[UUID]:
        members = select(col(FamilyMemberTable.customer_id)).where(col(FamilyMemberTable.family_id) == id)
        return frozenset(await self._session().scalars(members.with_for_update(read=True)))

    async def add_guardianship(self, guardian_id: UUID, dependant_id: UUID, created_at: datetime, /) -> None:
        await self._keep(GuardianshipTable(guardian_id=guardian_id, dependant_id=dependant_id, created_at=created_at))

    async def _keep(self, row: FamilyTable | GuardianshipTable) -> None:
        self._session().add(row)
        await self._session().flush()
