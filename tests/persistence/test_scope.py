"""How people stand to cards and to one another: the SQL expression against the sentence that it stands for."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final
from uuid import UUID

import asyncpg
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlmodel import col, select

from domain.families.family import FamilyRole
from domain.kernel.access import ACCESS_BY_RELATIONS, Access, Relation
from persistence.scope import NOBODY, giving, relations_to_card, relations_to_customer
from persistence.statement import Statement
from persistence.tables.cards import CardTable
from persistence.tables.customers import CustomerTable
from tests.support.databases import TestServer

AT: Final = datetime(2026, 3, 2, tzinfo=UTC)
PEOPLE: Final = [UUID(int=n + 1) for n in range(5)]
FAMILIES: Final = [UUID(int=n + 100) for n in range(2)]

TO_CARDS: Final = Statement(select(col(CardTable.id), relations_to_card()))
TO_PEOPLE: Final = Statement(select(col(CustomerTable.id), relations_to_customer()))
CARDS_GIVING: Final = {
    access: Statement(select(col(CardTable.id)).where(giving(relations_to_card(), access)))
    for access in (Access.LINE, Access.BALANCE, Access.USAGE, Access.MONEY, Access.TOP_UP)
}


@dataclass(frozen=True)
class Society:
    """Who is in which family as what, who looks after whom, and who holds and carries which card."""

    places: dict[UUID, tuple[UUID, FamilyRole]]
    guardians: frozenset[tuple[UUID, UUID]]
    """Guardian, dependant."""
    cards: tuple[tuple[UUID | None, UUID | None], ...]
    """Holder, user."""

    def to_card(self, me: UUID, holder: UUID | None, user: UUID | None) -> Relation:
        relations = Relation.NONE
        if holder == me:
            relations |= Relation.HOLDER
        if user == me:
            is_child = me in self.places and self.places[me][1] is FamilyRole.CHILD
            relations |= Relation.CHILD_USER if is_child else Relation.USER
        return relations | self._to_people(me, {holder, user})

    def to_person(self, me: UUID, other: UUID) -> Relation:
        return self._to_people(me, {other}) | (Relation.SELF if me == other else Relation.NONE)

    def _to_people(self, me: UUID, people: set[UUID | None]) -> Relation:
        relations = Relation.NONE
        if any((me, person) in self.guardians for person in people):
            relations |= Relation.GUARDIAN
        if me in self.places:
            family, role = self.places[me]
            if any(person in self.places and self.places[person][0] == family for person in people if person):
                relations |= Relation[f"FAMILY_{role}"]
        return relations


@st.composite
def societies(draw: st.DrawFn) -> Society:
    """Up to five people in up to two families. A family has one owner at most."""
    places: dict[UUID, tuple[UUID, FamilyRole]] = {}
    for person in PEOPLE:
        family = draw(st.sampled_from([None, *FAMILIES]))
        if family:
            has_owner = (family, FamilyRole.OWNER) in places.values()
            roles = [role for role in FamilyRole if not (has_owner and role is FamilyRole.OWNER)]
            places[person] = family, draw(st.sampled_from(roles))
    someone = st.sampled_from(PEOPLE)
    pairs = st.tuples(someone, someone).filter(lambda pair: pair[0] != pair[1])
    somebody = st.none() | someone
    return Society(
        places,
        draw(st.frozensets(pairs, max_size=4)),
        tuple(draw(st.lists(st.tuples(somebody, somebody), min_size=1, max_size=4))),
    )


def test_relations_are_what_the_sentence_says(server: TestServer, database_name: str) -> None:
    with asyncio.Runner(loop_factory=asyncio.new_event_loop) as runner:
        owner = runner.run(_connect(server, database_name))
        try:
            _compare(owner, runner.run)
        finally:
            runner.run(owner.close())


def _compare(owner: asyncpg.Connection[Any], run: Callable[[Coroutine[Any, Any, Any]], Any]) -> None:
    @settings(max_examples=60, deadline=None, derandomize=True, database=None)
    @given(societies())
    def compare(society: Society) -> None:
        run(_settle(owner, society))
        for me in (*PEOPLE, NOBODY):
            expected = {_card_id(n): society.to_card(me, *card) for n, card in enumerate(society.cards)}
            assert dict(run(TO_CARDS.fetch(owner, me=me))) == expected
            assert dict(run(TO_PEOPLE.fetch(owner, me=me))) == {p: society.to_person(me, p) for p in PEOPLE}
            for access, statement in CARDS_GIVING.items():
                found = {row[0] for row in run(statement.fetch(owner, me=me))}
                assert found == {id for id, relations in expected.items() if ACCESS_BY_RELATIONS[relations] & access}

    compare()


async def _connect(server: TestServer, database_name: str) -> asyncpg.Connection[Any]:
    owner = await asyncpg.connect(server.server.owner_url(database_name))
    people = [(person, "Karin", "Ek", "sv-SE", AT) for person in PEOPLE]
    await owner.executemany(
        "insert into customer (id, given_name, family_name, locale, created_at) values ($1, $2, $3, $4, $5)", people
    )
    await owner.executemany(
        "insert into family (id, name, created_at) values ($1, 'Ek', $2)", [(family, AT) for family in FAMILIES]
    )
    return owner


async def _settle(owner: asyncpg.Connection[Any], society: Society) -> None:
    await owner.execute("delete from family_member; delete from guardianship; delete from card")
    await owner.executemany(
        "insert into family_member (customer_id, family_id, role, joined_at) values ($1, $2, $3, $4)",
        [(person, family, role, AT) for person, (family, role) in society.places.items()],
    )
    await owner.executemany(
        "insert into guardianship (guardian_id, dependant_id, created_at) values ($1, $2, $3)",
        [(*pair, AT) for pair in society.guardians],
    )
    await owner.executemany(
        """insert into card (id, phone_number, iccid, status, holder_id, user_id, created_at)
           values ($1, $2, $2, 'ACTIVE', $3, $4, $5)""",
        [(_card_id(n), str(n), *card, AT) for n, card in enumerate(society.cards)],
    )


def _card_id(number: int) -> UUID:
    return UUID(int=number + 1000)
