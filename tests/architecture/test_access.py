"""Default deny (INVARIANTS A1): nothing is in the schema of which nobody has decided who may see or do it."""

from __future__ import annotations

from typing import Any

import strawberry
from graphql import GraphQLInterfaceType, GraphQLObjectType, GraphQLSchema

from api.schema import build_schema
from api.schema.errors import USER_ERRORS
from api.schema.fields import access_of, batched, shown, shown_field
from domain.kernel.access import (
    ACCESS_BY_RELATIONS,
    GRANTS,
    PERMISSIONS,
    Access,
    ActorKind,
    Permission,
    Relation,
    StaffRole,
)
from kontant.usecases import USE_CASES
from tests.architecture import rules

SCHEMA: GraphQLSchema = build_schema()._schema  # pyright: ignore[reportPrivateUsage]  # it has no public name


async def halves(toys: Any, *, context: Any) -> list[str]:
    """A half."""
    return ["half" for _ in toys]


@strawberry.type
class Undecided:
    name: str


@shown(Access.LINE)
class Toy:
    """A toy."""

    undecided: Undecided = shown_field("What nobody has thought about.")
    guarded: str = shown_field("What some may see.", access=Access.MONEY)
    loaded: str = batched(halves, access=Access.USAGE)


@strawberry.type
class ToyQuery:
    toy: Toy


@strawberry.type
class ToyMutation:
    @strawberry.mutation
    def break_toy(self) -> bool:
        return True


TOYS: GraphQLSchema = strawberry.Schema(ToyQuery, ToyMutation)._schema  # pyright: ignore[reportPrivateUsage]


def test_every_field_has_an_access_class() -> None:
    assert rules.without_access(SCHEMA) == []


def test_a_field_without_a_class_is_found() -> None:
    assert rules.without_access(TOYS) == ["ToyQuery.toy", "Undecided.name"]


def test_a_field_has_its_own_class_or_that_of_its_type() -> None:
    assert access_of(TOYS, "Toy", "undecided") is Access.LINE
    assert access_of(TOYS, "Toy", "guarded") is Access.MONEY
    assert access_of(TOYS, "Toy", "loaded") is Access.USAGE


def test_a_field_with_a_class_of_its_own_can_be_null() -> None:
    assert rules.guarded_and_never_null(SCHEMA) == []
    assert rules.guarded_and_never_null(TOYS) == ["Toy.guarded", "Toy.loaded"]


def test_an_object_with_guarded_fields_carries_what_may_be_shown_of_it() -> None:
    assert rules.guarded_without_knowing_who_asks(SCHEMA) == []
    assert rules.guarded_without_knowing_who_asks(TOYS) == ["Toy.guarded", "Toy.loaded"]


def test_every_mutation_names_its_permission() -> None:
    assert rules.without_permission(SCHEMA) == []
    assert rules.without_permission(TOYS) == ["breakToy"]


def test_a_mutation_asks_for_the_permission_of_the_use_case_of_its_name() -> None:
    cases = {_camel(case.name): case for case in USE_CASES}
    for name, field in rules.mutations(SCHEMA).items():
        refusals = rules.refusals_of(field)
        assert refusals is not None
        assert refusals.permission is cases[name].permission, name


def test_no_permission_is_without_somebody_who_has_it() -> None:
    assert {permission for has in PERMISSIONS.values() for permission in has} == set(Permission)
    assert set(PERMISSIONS) == {*ActorKind, *StaffRole} - {ActorKind.STAFF}


def test_every_relation_says_what_it_gives() -> None:
    assert set(GRANTS) == set(Relation)
    assert len(ACCESS_BY_RELATIONS) == 2 * max(Relation)
    assert ACCESS_BY_RELATIONS[0] == Access.PUBLIC


def test_nothing_of_staff_or_system_is_given_by_a_relation() -> None:
    for gives in GRANTS.values():
        assert not gives & (Access.STAFF | Access.SYSTEM)


def test_the_fields_of_an_error_are_for_whoever_is_told_it() -> None:
    interface = SCHEMA.type_map["UserError"]
    assert isinstance(interface, GraphQLInterfaceType)
    told = {kind.name for kind in SCHEMA.get_possible_types(interface)}
    assert told == {error.__name__ for error in USER_ERRORS.values()}
    for name in told:
        kind = SCHEMA.type_map[name]
        assert isinstance(kind, GraphQLObjectType)
        assert {access_of(SCHEMA, name, field) for field in kind.fields} == {Access.PUBLIC}


def _camel(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(part.title() for part in rest)
