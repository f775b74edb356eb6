"""Query and Mutation: the ways in."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any

import strawberry
from strawberry.types import Info

from api.context import Context
from api.schema.adjustments import AdjustmentMutations
from api.schema.approvals import ApprovalMutations
from api.schema.consents import ConsentMutations
from api.schema.contacts import ContactMutations
from api.schema.fields import batched, shown
from api.schema.identity import SignInMutations
from api.schema.node import Node, find_nodes
from api.schema.operators import Operator, operator_of
from api.schema.profile import ProfileMutations
from api.schema.registration import RegistrationMutations
from api.schema.sessions import SessionMutations
from api.schema.support import Support, SupportMutations
from api.schema.topups import TopUpMutations
from api.schema.viewer import Viewer
from domain.kernel.access import Access
from domain.kernel.errors import Invalid

MOST_NODES = 100


async def query_viewer(roots: Sequence[Any], *, context: Context) -> Sequence[Viewer | None]:
    """The person who is signed in. Null when nobody is, and for staff who do not act for a customer."""
    return [Viewer() if context.actor.subject is not None else None] * len(roots)


async def query_operator(roots: Sequence[Any], *, context: Context) -> Sequence[Operator]:
    """The operator at whose address this is."""
    return [operator_of(context.operator)] * len(roots)


async def query_support(roots: Sequence[Any], *, context: Context) -> Sequence[Support | None]:
    """What the operator's staff work with, under their own name. Null for everybody else, and for who impersonates."""
    return [Support() if context.is_staff else None] * len(roots)


@shown(Access.PUBLIC)
class Query:
    """What can be asked."""

    support: Support | None = batched(query_support)
    viewer: Viewer | None = batched(query_viewer)
    operator: Operator = batched(query_operator)

    @strawberry.field(
        description="Anything with an id; null when it is not there, or not yours to know of. What never was an id is "
        "an error."
    )
    async def node(
        self,
        info: Info[Context, None],
        id: Annotated[strawberry.ID, strawberry.argument(description="An id as it was received.")],
    ) -> Node | None:
        [found] = await find_nodes([id], info.context)
        return found

    @strawberry.field(
        description="Several things with ids, at most 100, each in its place; null where one is not there, or not "
        "yours to know of. What never was an id is an error."
    )
    async def nodes(
        self,
        info: Info[Context, None],
        ids: Annotated[list[strawberry.ID], strawberry.argument(description="Ids as they were received.")],
    ) -> list[Node | None]:
        if len(ids) > MOST_NODES:
            raise Invalid(f"At most {MOST_NODES} ids can be asked for at once.")
        return await find_nodes(ids, info.context)


@strawberry.type(description="What can be done. One mutation of a document may move value.")
class Mutation(
    SignInMutations,
    SessionMutations,
    TopUpMutations,
    SupportMutations,
    ProfileMutations,
    ConsentMutations,
    ContactMutations,
    RegistrationMutations,
    AdjustmentMutations,
    ApprovalMutations,
):
    pass
