"""What people agree to, purpose by purpose, with its history."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final, Protocol
from uuid import UUID

import strawberry
from strawberry.types import Info

from api.context import Context
from api.schema import ids
from api.schema.errors import UserError, mutation, payload, user_error
from api.schema.fields import batched, shown, shown_field
from api.schema.paging import LAST_INTEGER, After, First, Page, PageInfo, number_cursor
from domain.consents.consent import is_agreed
from domain.consents.errors import ConsentIsTheirOwn, ConsentPurposeNotFound, ConsentTextChanged
from domain.consents.usecases import UpdateConsent, update_consent
from domain.customers.errors import DependantNotFound, GuardianNeeded
from domain.kernel.access import Access, Permission
from domain.kernel.errors import Rejection
from domain.operators.operator import ConsentPurpose
from persistence.queries.consents import CONSENT_HISTORIES, ConsentRow
from persistence.statement import beside

CUSTOMER: Final = "customer"
"""The prefix of a customer's id. Their own module shows consents, and so cannot be asked for it here."""


@shown(Access.SELF)
class ConsentChange:
    """Something that was said about a purpose."""

    number: strawberry.Private[int]
    is_given: bool = shown_field("Whether it was given or withdrawn.")
    at: datetime = shown_field("When.")
    text_version: int = shown_field("The version of the text that was asked.")
    is_by_guardian: bool = shown_field("Whether a guardian said it.")
    app: str | None = shown_field("In what it was said; null where that is not known.")


@shown(Access.SELF)
class ConsentChangeEdge:
    """A change in its place."""

    node: ConsentChange = shown_field("The change.")
    cursor: str = shown_field("Its place in the list, to be given as `after`.")


@shown(Access.SELF)
class ConsentChangeConnection:
    """A page of what was said about a purpose, newest first."""

    nodes: list[ConsentChange] = shown_field("The changes of this page.")
    edges: list[ConsentChangeEdge] = shown_field("The changes of this page, each with its cursor.")
    page_info: PageInfo = shown_field("Where this page stands.")


async def consent_histories(
    consents: Sequence[Consent], *, context: Context, first: First = None, after: After = None
) -> Sequence[ConsentChangeConnection]:
    """What was said about it, newest first."""
    page = Page(first, after)
    rows = await CONSENT_HISTORIES.all(
        context.services.database,
        customers=[consent.customer_id for consent in consents],
        purposes=[consent.purpose for consent in consents],
        before=min(page.after_number(LAST_INTEGER), LAST_INTEGER),
        most=page.most,
    )
    keys = [(consent.customer_id, consent.purpose) for consent in consents]
    return [
        page.of(
            ConsentChangeConnection,
            ConsentChangeEdge,
            [_change_of(row, context) for row in of_one],
            lambda change: number_cursor(change.number),
        )
        for of_one in beside(keys, rows, lambda row: (row.customer_id, row.purpose))
    ]


@shown(Access.SELF)
class Consent:
    """Something that the operator asks about, and whether it is agreed to. Nothing is, until somebody says so."""

    customer_id: strawberry.Private[UUID]
    purpose: str = shown_field("Its code, such as MARKETING_SMS: for ever the same. Operators add others.")
    title: str = shown_field("What it is called.")
    text: str = shown_field("What is agreed to: show all of it to who is to agree.")
    text_version: int = shown_field("The version of this text, to be given to `updateConsent`.")
    is_given: bool = shown_field("Whether it is agreed to, as this text says.")
    since: datetime | None = shown_field("When that was said; null when nothing was said about this text.")
    history: ConsentChangeConnection = batched(consent_histories)


class Whose(Protocol):
    """A customer, as far as it is asked here."""

    key: UUID


async def consents_of(customers: Sequence[Whose], *, context: Context) -> Sequence[list[Consent]]:
    """What the operator asks about, and what they agree to. Null for anyone but themselves and their guardians."""
    found = await _consents_of([customer.key for customer in customers], context)
    return [found[customer.key] for customer in customers]


async def consents_of_actor(context: Context) -> list[Consent]:
    """What the operator asks about, and what one agrees to."""
    return (await _consents_of([context.me], context))[context.me]


async def _consents_of(customers: Sequence[UUID], context: Context) -> dict[UUID, list[Consent]]:
    codes = [purpose.code for purpose in context.operator.consent_purposes]
    rows = await CONSENT_HISTORIES.all(
        context.services.database,
        customers=[customer for customer in customers for _ in codes],
        purposes=[*codes] * len(customers),
        before=LAST_INTEGER,
        most=1,
    )
    latest = {(row.customer_id, row.purpose): row for row in rows}
    return {
        customer: [
            _consent_of(customer, purpose, latest.get((customer, purpose.code)), context)
            for purpose in context.operator.consent_purposes
        ]
        for customer in customers
    }


def _consent_of(customer: UUID, purpose: ConsentPurpose, latest: ConsentRow | None, context: Context) -> Consent:
    is_given = is_agreed(purpose, latest)
    return Consent(
        customer_id=customer,
        purpose=purpose.code,
        title=purpose.titles[context.locale],
        text=purpose.texts[context.locale],
        text_version=purpose.text_version,
        is_given=is_given,
        since=latest.at if latest and latest.is_given == is_given else None,
    )


def _change_of(row: ConsentRow, context: Context) -> ConsentChange:
    client = context.services.identity.clients.find(row.client_id) if row.client_id else None
    return ConsentChange(
        number=row.number,
        is_given=row.is_given,
        at=row.at,
        text_version=row.text_version,
        is_by_guardian=row.said_by != row.customer_id,
        app=client.name if client else row.client_id,
    )


@user_error(DependantNotFound, path="dependantId")
class DependantNotFoundError(UserError):
    """There is no such child of whom you are the guardian."""


@user_error(GuardianNeeded)
class GuardianNeededError(UserError):
    """This is for a guardian to decide."""


@user_error(ConsentPurposeNotFound, path="purpose")
class ConsentPurposeNotFoundError(UserError):
    """The operator does not ask about this."""


@user_error(ConsentTextChanged, path="textVersion")
class ConsentTextChangedError(UserError):
    """The text says something else by now. Show it anew."""

    text_version: int = shown_field("The version that the text has now.")

    @classmethod
    def extras(cls, refusal: Rejection, context: Context) -> dict[str, Any]:
        return refusal.data()


@user_error(ConsentIsTheirOwn, path="dependantId")
class ConsentIsTheirOwnError(UserError):
    """The child is old enough to decide for themselves."""


@strawberry.input(description="What is agreed to, or not any more.")
class UpdateConsentInput:
    purpose: str = strawberry.field(description="The purpose's code, as in `Consent.purpose`.")
    is_given: bool = strawberry.field(description="True to agree, false not to agree any more.")
    text_version: int = strawberry.field(description="The version of the text that was shown.")
    dependant_id: strawberry.ID | None = strawberry.field(
        default=None, description="A child whose guardian one is, and who is too young to decide; left out for oneself."
    )


@payload(update_consent.rejects)
class UpdateConsentPayload:
    """The consent as it now stands."""

    consent: Consent | None = shown_field("The consent; null when it was refused.")


@strawberry.type
class ConsentMutations:
    @mutation(Permission.CONSENT_UPDATE, rejects=update_consent.rejects)
    async def update_consent(self, info: Info[Context, None], input: UpdateConsentInput) -> UpdateConsentPayload | None:
        """Agrees to something that the operator asks about, or does not any more. To say it again adds nothing."""
        context = info.context
        dependant = ids.read_id_of(CUSTOMER, input.dependant_id, "dependantId") if input.dependant_id else None
        command = UpdateConsent(
            purpose=input.purpose,
            is_given=input.is_given,
            text_version=input.text_version,
            dependant_id=dependant,
        )
        customer = await context.services.executor.execute(command, context.actor)
        [consent] = [c for c in (await _consents_of([customer], context))[customer] if c.purpose == input.purpose]
        return UpdateConsentPayload(consent=consent)
