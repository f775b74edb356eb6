"""The consumer's root: who is signed in, and everything that is theirs."""

from __future__ import annotations

from collections.abc import Sequence

from api.context import Context
from api.schema.cards import CardConnection, CardEdge, card_cursor, card_of
from api.schema.cases import CaseConnection, cases_of_actor
from api.schema.consents import Consent, consents_of_actor
from api.schema.customers import Customer, find_customers
from api.schema.families import Family, family_of_actor
from api.schema.fields import batched, shown, shown_field
from api.schema.loyalty import BonusConnection, bonuses_of_actor
from api.schema.paging import FIRST_UUID, After, First, Page
from api.schema.payments import PaymentMethod, payment_methods_of_actor
from api.schema.sessions import SessionConnection, sessions_of_actor
from api.schema.support import (
    SupportSession,
    SupportSessionConnection,
    find_support_sessions,
    support_sessions_of_actor,
)
from api.schema.topups import TopUpConnection, top_ups_of_actor
from domain.kernel.access import Access, ActorKind
from persistence.queries.cards import CARDS_OF_ACTOR


@shown(Access.SIGNED_IN)
class Actor:
    """Who is really there. It differs from the customer only while staff act on the customer's behalf."""

    kind: ActorKind = shown_field("What kind of who it is.")
    is_impersonating: bool = shown_field("Whether staff act on the customer's behalf: show it plainly.")
    support_session: SupportSession | None = shown_field("Who of the staff, why and until when; null for the customer.")


async def viewer_customer(viewers: Sequence[Viewer], *, context: Context) -> Sequence[Customer]:
    """The customer for whom one acts."""
    [customer] = await find_customers([context.me], context)
    assert customer is not None
    return [customer] * len(viewers)


async def viewer_actor(viewers: Sequence[Viewer], *, context: Context) -> Sequence[Actor]:
    """Who is really there."""
    delegation = context.actor.delegation
    [session] = await find_support_sessions([delegation.support_session_id], context) if delegation else [None]
    actor = Actor(kind=context.actor.kind, is_impersonating=context.actor.is_impersonating, support_session=session)
    return [actor] * len(viewers)


async def viewer_consents(viewers: Sequence[Viewer], *, context: Context) -> Sequence[list[Consent]]:
    """What the operator asks about, and what one agrees to."""
    return [await consents_of_actor(context)] * len(viewers)


async def viewer_family(viewers: Sequence[Viewer], *, context: Context) -> Sequence[Family | None]:
    """The family that one belongs to; null for none."""
    return [await family_of_actor(context)] * len(viewers)


async def viewer_payment_methods(viewers: Sequence[Viewer], *, context: Context) -> Sequence[list[PaymentMethod]]:
    """What one can pay with, the default first."""
    return [await payment_methods_of_actor(context)] * len(viewers)


async def viewer_cards(
    viewers: Sequence[Viewer], *, context: Context, first: First = None, after: After = None
) -> Sequence[CardConnection]:
    """The cards that one holds or carries, in the order in which they were issued."""
    page = Page(first, after)
    rows = await CARDS_OF_ACTOR.all(
        context.services.database, me=context.me, after=page.after_id(FIRST_UUID), most=page.most
    )
    today = context.today
    connection = page.of(CardConnection, CardEdge, [card_of(row, today) for row in rows], card_cursor)
    return [connection] * len(viewers)


async def viewer_bonuses(
    viewers: Sequence[Viewer], *, context: Context, first: First = None, after: After = None
) -> Sequence[BonusConnection]:
    """What one was granted, newest first."""
    return [await bonuses_of_actor(context, first, after)] * len(viewers)


async def viewer_top_ups(
    viewers: Sequence[Viewer], *, context: Context, first: First = None, after: After = None
) -> Sequence[TopUpConnection]:
    """What one has paid for, newest first."""
    return [await top_ups_of_actor(context, first, after)] * len(viewers)


async def viewer_sessions(
    viewers: Sequence[Viewer], *, context: Context, first: First = None, after: After = None
) -> Sequence[SessionConnection]:
    """Where one is signed in, newest first."""
    return [await sessions_of_actor(context, first, after)] * len(viewers)


async def viewer_support_access(
    viewers: Sequence[Viewer], *, context: Context, first: First = None, after: After = None
) -> Sequence[SupportSessionConnection]:
    """Who of the operator's staff acted on one's behalf, when, why, and what they did, newest first."""
    return [await support_sessions_of_actor(context, first, after)] * len(viewers)


async def viewer_cases(
    viewers: Sequence[Viewer], *, context: Context, first: First = None, after: After = None
) -> Sequence[CaseConnection]:
    """What one has asked the operator, and what else is looked into for one, newest first."""
    return [await cases_of_actor(context, first, after)] * len(viewers)


@shown(Access.SIGNED_IN)
class Viewer:
    """The person who is signed in, and everything that is theirs: the root of every screen."""

    customer: Customer = batched(viewer_customer)
    actor: Actor = batched(viewer_actor)
    consents: list[Consent] = batched(viewer_consents)
    family: Family | None = batched(viewer_family)
    payment_methods: list[PaymentMethod] = batched(viewer_payment_methods)
    cards: CardConnection = batched(viewer_cards)
    bonuses: BonusConnection = batched(viewer_bonuses)
    top_ups: TopUpConnection = batched(viewer_top_ups)
    sessions: SessionConnection = batched(viewer_sessions)
    support_access: SupportSessionConnection = batched(viewer_support_access)
    cases: CaseConnection = batched(viewer_cases)
