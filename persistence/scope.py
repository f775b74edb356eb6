"""How the asking customer (parameter `me`) stands to a row, as one SQL expression over the row.

The expression gives a set of `Relation` as an integer; what relations give is `domain.kernel.access`'s to say. A query
selects it, so that each row comes with what may be shown of it, and filters by it, so that what is not the actor's
does not exist.
"""

from __future__ import annotations

from typing import Any
from uuid import UUID

from sqlalchemy import Boolean, ColumnElement, Uuid, and_, bindparam, case, exists, func, or_, select
from sqlalchemy.orm import aliased

from domain.cases.case import RULES, CaseState
from domain.families.family import FamilyRole
from domain.kernel.access import Access, Actor, Relation, relations_giving
from persistence.statement import col, number, parameter
from persistence.tables.cards import CardTable
from persistence.tables.cases import CaseTable
from persistence.tables.customers import CustomerTable
from persistence.tables.families import FamilyMemberTable, GuardianshipTable
from persistence.tables.support import CustomerSearchTable as SearchTable

NOBODY = UUID(int=0)
ME: Any = bindparam("me", type_=Uuid())

_ROLES = {
    FamilyRole.OWNER: Relation.FAMILY_OWNER,
    FamilyRole.MANAGER: Relation.FAMILY_MANAGER,
    FamilyRole.MEMBER: Relation.FAMILY_MEMBER,
    FamilyRole.CHILD: Relation.FAMILY_CHILD,
}

# What does not depend on the row is written so that PostgreSQL works it out once a statement.
_mine = aliased(FamilyMemberTable)
_my_family = select(col(_mine.family_id)).where(col(_mine.customer_id) == ME).scalar_subquery()
_my_role = select(col(_mine.role)).where(col(_mine.customer_id) == ME).scalar_subquery()
_my_relation_in_family = (
    select(case(*[(col(_mine.role) == role, number(relation)) for role, relation in _ROLES.items()]))
    .where(col(_mine.customer_id) == ME)
    .scalar_subquery()
)


def me(actor: Actor) -> UUID:
    """The value of the parameter `me`: the customer for whom the actor acts, or staff who act under their own name."""
    return actor.subject or actor.staff_id or NOBODY


def _bit_if(condition: Any, relation: Relation) -> ColumnElement[int]:
    return case((condition, number(relation)), else_=number(0))


def _in_my_family(*people: Any) -> ColumnElement[bool]:
    member = aliased(FamilyMemberTable)
    return exists().where(
        and_(col(member.family_id) == _my_family, or_(*[col(member.customer_id) == person for person in people]))
    )


def _dependant_of_mine(*people: Any) -> ColumnElement[bool]:
    ward = aliased(GuardianshipTable)
    return exists().where(
        and_(col(ward.guardian_id) == ME, or_(*[col(ward.dependant_id) == person for person in people]))
    )


def relations_to_card(card: Any = CardTable) -> ColumnElement[int]:
    """The actor's relations to a card, through its holder and its user."""
    holder, user = col(card.holder_id), col(card.user_id)
    carries = func.coalesce(user == ME, False)
    is_child = func.coalesce(_my_role == FamilyRole.CHILD, False)
    family = case((_in_my_family(holder, user), _my_relation_in_family), else_=number(0))
    return (
        _bit_if(holder == ME, Relation.HOLDER)
        + _bit_if(and_(carries, ~is_child), Relation.USER)
        + _bit_if(and_(carries, is_child), Relation.CHILD_USER)
        + _bit_if(_dependant_of_mine(holder, user), Relation.GUARDIAN)
        + family
    )


def relations_to_customer(customer: Any = CustomerTable) -> ColumnElement[int]:
    """The actor's relations to a customer."""
    person = col(customer.id)
    family = case((_in_my_family(person), _my_relation_in_family), else_=number(0))
    return _bit_if(person == ME, Relation.SELF) + _bit_if(_dependant_of_mine(person), Relation.GUARDIAN) + family


def known_to_staff(customer: Any = CustomerTable) -> ColumnElement[bool]:
    """Whether staff who act under their own name may know of a customer, which is on record either way.

    They have looked for them, after the parameter `since`, or see to a case of theirs that is not resolved.
    """
    looked = exists().where(
        col(SearchTable.staff_id) == ME,
        col(SearchTable.made_at) > parameter("since", col(SearchTable.made_at)),
        col(customer.id) == func.any(col(SearchTable.found)),
    )
    sees_to_it = exists().where(
        col(CaseTable.owner_id) == ME,
        col(CaseTable.customer_id) == col(customer.id),
        col(CaseTable.state) != CaseState.RESOLVED,
    )
    return or_(looked, sees_to_it)


def relations_of_staff(customer: Any = CustomerTable) -> ColumnElement[int]:
    """The relations to a customer of staff who act under their own name."""
    return _bit_if(known_to_staff(customer), Relation.SUPPORT)


def relations_to_case(case: Any = CaseTable) -> ColumnElement[int]:
    """The actor's relation to a case, as a customer."""
    return _bit_if(col(case.customer_id) == ME, Relation.ASKER)


def relations_to_case_of_staff(case: Any = CaseTable) -> ColumnElement[int]:
    """The relation to a case of staff who work on cases; the parameter `leads` says whether they lead.

    It is none to a case that is about them, nor, unless they lead, to what leads decide.
    """
    is_about_them = func.coalesce(col(case.barred_staff_id) == ME, False)
    is_for_leads = or_(*[col(case.kind) == kind for kind, rules in RULES.items() if rules.is_for_leads])
    return _bit_if(and_(~is_about_them, or_(bindparam("leads", type_=Boolean()), ~is_for_leads)), Relation.DESK)


def relations_to_happening(owner: Any) -> ColumnElement[int]:
    """The actor's relations to what happened on a card (join it): `owner` is who paid for it, or was given it."""
    return _bit_if(col(owner) == ME, Relation.OWN) + relations_to_card()


def giving(relations: ColumnElement[int], access: Access) -> ColumnElement[bool]:
    """Whether the relations give an access class: the second gate, for a `where`."""
    return relations.op("&")(number(relations_giving(access))) != number(0)
