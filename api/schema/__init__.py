"""The GraphQL schema. `schema.graphql` in the top folder is printed from it."""

from __future__ import annotations

from functools import cache

import strawberry
from strawberry.schema.config import StrawberryConfig

from api.schema import enums as enums  # first: a closed set is described before the first field is of it
from api.schema.errors import USER_ERRORS
from api.schema.fields import compile_resolvers
from api.schema.roots import Mutation, Query
from api.schema.scalars import SCALARS


@cache
def build_schema() -> strawberry.Schema:
    """The schema, with the shortest way to each value."""
    schema = strawberry.Schema(
        query=Query,
        mutation=Mutation,
        types=list(USER_ERRORS.values()),
        config=StrawberryConfig(scalar_map=SCALARS),
    )
    compile_resolvers(schema)
    return schema


def sdl() -> str:
    """The schema as text, as it stands in `schema.graphql`."""
    return build_schema().as_str() + "\n"
