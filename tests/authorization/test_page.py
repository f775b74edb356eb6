"""The page says the same as the code."""

from __future__ import annotations

from typing import Final

import pytest
from graphql import GraphQLInputObjectType, GraphQLInterfaceType, GraphQLObjectType

from api.schema.fields import access_of
from domain.kernel import access
from domain.kernel.access import ACCESS_BY_RELATIONS, Access, Permission, Relation
from tests.architecture.rules import mutations, named, refusals_of
from tests.authorization import page
from tests.authorization.selections import SCHEMA, every_pair, object_type

RELATIONS: Final = {
    "anonymous": Relation.NONE,
    "holder": Relation.SELF | Relation.HOLDER | Relation.OWN | Relation.FAMILY_CHILD,
    "user": Relation.USER,
    "child user": Relation.CHILD_USER | Relation.FAMILY_CHILD,
    "guardian": Relation.GUARDIAN,
    "family owner": Relation.FAMILY_OWNER,
    "family manager": Relation.FAMILY_MANAGER,
    "family member": Relation.FAMILY_MEMBER,
    "family child": Relation.FAMILY_CHILD,
    "payer": Relation.OWN,
    "stranger": Relation.NONE,
    "support agent": Relation.SUPPORT | Relation.DESK,
    "support lead": Relation.SUPPORT | Relation.DESK,
    "programme manager": Relation.NONE,
    "analyst": Relation.NONE,
    "administrator": Relation.NONE,
    "reader": Relation.SELF | Relation.HOLDER | Relation.OWN | Relation.FAMILY_CHILD,
    "assistant": Relation.SELF | Relation.HOLDER | Relation.OWN | Relation.FAMILY_CHILD,
}
STAFF: Final = {"support agent", "support lead", "programme manager", "analyst", "administrator"}
WITHOUT_CUSTOMER: Final = STAFF | {"anonymous"}


def test_the_page_names_every_class_permission_mutation_and_kind() -> None:
    assert list(page.CLASSES) == [each.name for each in Access.__members__.values()]
    assert list(page.PERMISSIONS) == [str(permission) for permission in Permission]
    assert set(page.MUTATIONS) == set(mutations(SCHEMA))
    assert {*RELATIONS, *page.REFUSED} == set(page.KINDS)
    for row in page.CLASSES.values():
        assert list(row) == ["what has it", *page.KINDS]
    for row in page.MUTATIONS.values():
        assert list(row) == ["permission", *page.KINDS]


def test_every_relation_is_somebodys_on_the_page() -> None:
    assert {relation for relations in RELATIONS.values() for relation in relations} == set(Relation)


@pytest.mark.parametrize("kind", RELATIONS)
def test_relations_give_what_the_page_says(kind: str) -> None:
    given = ACCESS_BY_RELATIONS[RELATIONS[kind]]
    for name, row in page.CLASSES.items():
        if name == "SIGNED_IN":
            assert row[kind] == ("no" if kind in WITHOUT_CUSTOMER else "yes")
            continue
        if name == "STAFF":
            assert row[kind] == ("yes" if kind in STAFF else "no")
            continue
        wanted = Access[name]
        assert row[kind] == ("yes" if given & wanted == wanted else "no"), name


def test_roles_have_the_permissions_that_the_page_says() -> None:
    for name, row in page.PERMISSIONS.items():
        for role, permissions in access.PERMISSIONS.items():
            assert row[role] == ("yes" if Permission(name) in permissions else "no"), (name, role)


def test_mutations_ask_for_the_permissions_that_the_page_says() -> None:
    for name, field in mutations(SCHEMA).items():
        refusals = refusals_of(field)
        assert refusals is not None
        assert page.MUTATIONS[name]["permission"] == refusals.permission


def test_every_field_has_the_class_that_the_page_says() -> None:
    classes: dict[tuple[str, str], str] = {}
    for name, row in page.TYPES.items():
        classes |= {(name, field): row["class"] for field in object_type(name).fields}
        for part in row["fields with another"].split("; "):
            own, _, fields = part.partition(": ")
            classes |= {(name, field): own for field in fields.split(", ") if field}
    in_schema = {pair: access_of(SCHEMA, *pair) for pair in (*every_pair(), *roots())}
    assert classes == {pair: access.name if access is not None else None for pair, access in in_schema.items()}


def roots() -> list[tuple[str, str]]:
    return [("Query", field) for field in object_type("Query").fields]


def test_every_place_where_an_id_can_be_given_is_on_the_page() -> None:
    places: set[str] = set()
    for kind in SCHEMA.type_map.values():
        if isinstance(kind, GraphQLInputObjectType):
            places |= {f"{kind}.{name}" for name, each in kind.fields.items() if named(each.type).name == "ID"}
        if isinstance(kind, GraphQLObjectType | GraphQLInterfaceType):
            for name, each in kind.fields.items():
                given = [a for a, argument in each.args.items() if named(argument.type).name == "ID"]
                places |= {f"{kind}.{name}({a})" for a in given}
    assert places == set(page.ENTRY_POINTS)


def test_a_class_that_no_field_has_says_so() -> None:
    used = {access_of(SCHEMA, *pair) for pair in every_pair()} | {Access.TOP_UP}
    for name, row in page.CLASSES.items():
        assert (row["what has it"] == "nothing yet") == (Access[name] not in used), name
