"""Closed sets of the domain, each member with its sentence."""

from __future__ import annotations

from enum import Enum, StrEnum
from typing import Any, Final, cast

import strawberry

from domain.adjustments.adjustment import AdjustmentReason, AdjustmentState
from domain.approvals.approval import ApprovalKind, ApprovalState
from domain.cards.card import BlockReason, CardStatus
from domain.customers.customer import ContactKind
from domain.families.family import FamilyRole
from domain.identity.session import AuthenticationMethod
from domain.kernel.access import ActorKind, StaffRole, SupportAccess
from domain.kernel.quantities import Unit as DomainUnit
from domain.kernel.quantities import UsageType
from domain.ledger.ledger import Origin, TransactionKind
from domain.payments.ports import DeclineReason
from domain.topups.topup import TopUpStatus


class Unit(StrEnum):
    """What a quantity counts."""

    BYTE = "BYTE"
    SECOND = "SECOND"
    PIECE = "PIECE"
    POINT = "POINT"
    MINOR_UNIT = "MINOR_UNIT"


_UNITS: Final = {unit.value: Unit[unit.value] for unit in DomainUnit}


def unit_of(unit: str) -> Unit:
    """A ledger's unit as it is shown: every currency counts in its minor unit."""
    return _UNITS.get(unit, Unit.MINOR_UNIT)


def _described(kind: type[Enum], description: str, values: dict[str, str], *, name: str | None = None) -> None:
    described = strawberry.enum(kind, name=name, description=description)
    for value in cast("Any", described).__strawberry_definition__.values:
        value.description = values[value.name]


_described(
    Unit,
    "What a quantity counts.",
    {
        "BYTE": "Bytes of data.",
        "SECOND": "Seconds of calls.",
        "PIECE": "Messages.",
        "POINT": "Loyalty points.",
        "MINOR_UNIT": "The smallest unit of the operator's currency.",
    },
)
_described(
    UsageType,
    "What something is used for.",
    {
        "MONEY": "Anything that is paid for as it is used.",
        "DATA": "Mobile data.",
        "VOICE": "Calls.",
        "SMS": "Text messages.",
    },
)
_described(
    Origin,
    "Whether somebody paid for it.",
    {"PURCHASED": "It was bought.", "GRANTED": "It was given, such as a bonus."},
    name="BucketOrigin",
)
_described(
    TransactionKind,
    "Why a balance changed.",
    {
        "TOP_UP": "Somebody topped the card up.",
        "BONUS": "A bonus was granted.",
        "USAGE": "Something was used.",
        "EXPIRY": "What was left of something ended with its validity.",
        "TRANSFER": "It was moved from one card to another.",
        "REFUND": "A top-up was paid back.",
        "ADJUSTMENT": "Customer service corrected it.",
    },
)
_described(
    CardStatus,
    "Where a card is in its life.",
    {
        "AWAITING_REGISTRATION": "Its holder has not been identified yet, so it cannot be used.",
        "ACTIVE": "It can be used.",
        "GRACE": "It can be called, and a top-up brings it back.",
        "BLOCKED": "It was lost or stolen, or a parent has blocked it.",
        "CONVERTED": "Its number is a contractless subscription now.",
        "CLOSED": "Its life has ended.",
    },
)
_described(ContactKind, "How a person is reached.", {"PHONE": "By a phone number.", "EMAIL": "By an e-mail address."})
_described(
    FamilyRole,
    "What a member of a family may do there.",
    {
        "OWNER": "The one who may do everything, pays, and can hand the family over.",
        "MANAGER": "An adult who may act for all.",
        "MEMBER": "An adult with a card of their own.",
        "CHILD": "A child or teenager, who sees their own card.",
    },
)
_described(
    ActorKind,
    "The kinds of who that can act.",
    {
        "ANONYMOUS": "Nobody is signed in.",
        "CUSTOMER": "The customer.",
        "STAFF": "Somebody of the operator's staff.",
        "SYSTEM": "A process of the operator's.",
    },
)
_described(
    StaffRole,
    "What somebody of the operator's staff is there for.",
    {
        "AGENT": "Helps customers.",
        "LEAD": "Leads those who help customers.",
        "PROGRAMME_MANAGER": "Runs the programmes for loyalty and feedback.",
        "ANALYST": "Reads what can be learned.",
        "ADMINISTRATOR": "Configures the operator.",
    },
)
_described(
    SupportAccess,
    "How far staff may go on a customer's behalf.",
    {
        "READ_ONLY": "They see what the customer sees.",
        "ASSIST": "They may also do what the customer asks them to do, but neither pay nor change who may do what.",
    },
)
_described(
    AuthenticationMethod,
    "How somebody proved who they are.",
    {
        "SMS_CODE": "By a code that was sent to their phone.",
        "EMAIL_CODE": "By a code that was sent to their e-mail address.",
        "ELECTRONIC_ID": "By an electronic identity.",
        "SINGLE_SIGN_ON": "By their employer's identity provider.",
    },
)
_described(
    TopUpStatus,
    "What has become of a top-up so far.",
    {
        "CREATED": "It is being paid.",
        "REQUIRES_ACTION": "The customer must confirm the payment at `actionUrl`.",
        "UNKNOWN": "The payment provider has not answered yet. It is asked again; nothing needs to be done.",
        "COMPLETED": "It is paid, and the balance is on the card.",
        "DECLINED": "The payment provider said no; nothing was taken.",
    },
)
_described(
    DeclineReason,
    "Why the payment provider said no.",
    {
        "INSUFFICIENT_FUNDS": "There is not enough money behind the payment method.",
        "CARD_EXPIRED": "The payment method has expired.",
        "NOT_AUTHENTICATED": "The customer did not confirm the payment.",
        "REFUSED": "The bank does not say why.",
    },
)
_described(
    AdjustmentReason,
    "Why staff correct a balance.",
    {
        "BILLING_ERROR": "Too much had been taken or given.",
        "GOODWILL": "A kindness: it can only be given.",
        "SERVICE_FAILURE": "Something of the operator's did not work: it can only be given.",
        "MISUSE": "What was given had been come by unfairly: it can only be taken.",
    },
)
_described(
    AdjustmentState,
    "What has become of an adjustment.",
    {
        "AWAITING_APPROVAL": "A second person has to say yes first.",
        "POSTED": "It is on the card.",
        "REFUSED": "It was declined or withdrawn, or nobody decided in time.",
    },
)
_described(ApprovalKind, "What waits for a second person's yes.", {"ADJUSTMENT": "An adjustment of a balance."})
_described(
    ApprovalState,
    "What has become of an approval.",
    {
        "PENDING": "It waits for a second person.",
        "GIVEN": "What it was about has taken effect.",
        "DECLINED": "A second person said no.",
        "WITHDRAWN": "Who had asked for it asks no more.",
        "EXPIRED": "Nobody decided in time.",
    },
)
_described(
    BlockReason,
    "Why a card is blocked.",
    {"LOST": "It was lost.", "STOLEN": "It was stolen.", "MISUSE": "It was misused."},
)
