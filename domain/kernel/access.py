"""Who may do what, and who may see what. The whole answer is here; nothing else in Kontant decides it.

Two gates (INVARIANTS A2). The first: has this actor's role the *permission* for the use case? The second: how does the
actor stand to the row (*relation*), and which *access classes* does that give? Relations are computed where the rows
are, by one SQL expression (`persistence/scope.py`), and come along with each row; what they give is looked up here.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import IntEnum, IntFlag, StrEnum
from typing import Final
from uuid import UUID


class Permission(StrEnum):
    """What a use case asks of the actor's role: the first gate."""

    SIGN_IN = "sign_in"
    SESSION_REFRESH = "session.refresh"
    SESSION_END = "session.end"
    CARD_TOP_UP = "card.top_up"
    CARD_REGISTER = "card.register"
    TOP_UP_SETTLE = "top_up.settle"
    BONUS_GRANT = "bonus.grant"
    USAGE_RECORD = "usage.record"
    BALANCE_EXPIRE = "balance.expire"
    MESSAGE_SEND = "message.send"
    CUSTOMER_REGISTER = "customer.register"
    CARD_ISSUE = "card.issue"
    CARD_BLOCK = "card.block"
    CARD_PERIOD_END = "card.period_end"
    FAMILY_ARRANGE = "family.arrange"
    PAYMENT_METHOD_SAVE = "payment_method.save"
    STAFF_REGISTER = "staff.register"
    CUSTOMER_IDENTIFY = "customer.identify"
    IDENTITY_NUMBER_RESEAL = "identity_number.reseal"
    REGISTRATION_ERASE = "registration.erase"
    CUSTOMER_FIND = "customer.find"
    CUSTOMER_ASSIST = "customer.assist"
    SUPPORT_REQUEST = "support.request"
    SUPPORT_ACCESS_DISPUTE = "support_access.dispute"
    BALANCE_ADJUST = "balance.adjust"
    APPROVAL_REQUEST = "approval.request"
    APPROVAL_DECIDE = "approval.decide"
    APPROVAL_EXPIRE = "approval.expire"
    PROFILE_UPDATE = "profile.update"
    CONSENT_UPDATE = "consent.update"
    CONTACT_POINT_CHANGE = "contact_point.change"
    CONTACT_POINT_RESTORE = "contact_point.restore"


class ActorKind(StrEnum):
    """The kinds of who that can act."""

    ANONYMOUS = "ANONYMOUS"
    CUSTOMER = "CUSTOMER"
    STAFF = "STAFF"
    SYSTEM = "SYSTEM"


class StaffRole(StrEnum):
    """What somebody of the operator's staff is there for. One can have several roles."""

    AGENT = "AGENT"
    LEAD = "LEAD"
    PROGRAMME_MANAGER = "PROGRAMME_MANAGER"
    ANALYST = "ANALYST"
    ADMINISTRATOR = "ADMINISTRATOR"


_OF_ANYBODY: Final = frozenset({Permission.SIGN_IN, Permission.SESSION_REFRESH, Permission.CONTACT_POINT_RESTORE})
_OF_CUSTOMERS: Final = _OF_ANYBODY | {
    Permission.CARD_REGISTER,
    Permission.CARD_TOP_UP,
    Permission.CONSENT_UPDATE,
    Permission.CONTACT_POINT_CHANGE,
    Permission.PROFILE_UPDATE,
    Permission.SESSION_END,
    Permission.SUPPORT_ACCESS_DISPUTE,
    Permission.SUPPORT_REQUEST,
}
_OF_AGENTS: Final = _OF_ANYBODY | {
    Permission.APPROVAL_REQUEST,
    Permission.BALANCE_ADJUST,
    Permission.CARD_BLOCK,
    Permission.CUSTOMER_ASSIST,
    Permission.CUSTOMER_FIND,
}
_OF_LEADS: Final = _OF_AGENTS | {Permission.APPROVAL_DECIDE}
_OF_STAFF_AND_SYSTEM: Final = {Permission.CARD_BLOCK}

PERMISSIONS: Final[dict[ActorKind | StaffRole, frozenset[Permission]]] = {
    ActorKind.ANONYMOUS: _OF_ANYBODY,
    ActorKind.CUSTOMER: _OF_CUSTOMERS,
    StaffRole.AGENT: _OF_AGENTS,
    StaffRole.LEAD: _OF_LEADS,
    StaffRole.PROGRAMME_MANAGER: _OF_ANYBODY,
    StaffRole.ANALYST: _OF_ANYBODY,
    StaffRole.ADMINISTRATOR: _OF_ANYBODY,
    ActorKind.SYSTEM: (frozenset(Permission) - _OF_CUSTOMERS - _OF_LEADS) | _OF_STAFF_AND_SYSTEM,
}
"""What each role may do. Staff have what their roles have together, and none of it while they impersonate."""


class SupportAccess(StrEnum):
    """How far staff may go on a customer's behalf: to look, or also to do what the customer asks them to do."""

    READ_ONLY = "READ_ONLY"
    ASSIST = "ASSIST"


@dataclass(frozen=True, slots=True)
class Delegation:
    """What lets staff act on a customer's behalf: the support session, and how far it goes."""

    support_session_id: UUID
    access: SupportAccess


class Assurance(IntEnum):
    """How sure it is that somebody is who they say. More is surer."""

    BASIC = 1  # read a code that was sent to them, or was let in by their employer
    STRONG = 2  # was identified by an electronic identity


@dataclass(frozen=True, slots=True)
class Authentication:
    """When somebody proved who they are, and how surely."""

    at: datetime
    assurance: Assurance


@dataclass(frozen=True, slots=True)
class StepUp:
    """How lately, and how surely, somebody must have proved who they are, to do something that cannot be taken back."""

    assurance: Assurance = Assurance.BASIC
    max_age: timedelta = timedelta(minutes=5)

    def is_met_by(self, authentication: Authentication | None, now: datetime) -> bool:
        """Whether that is enough at this time."""
        if authentication is None or authentication.assurance < self.assurance:
            return False
        return now - authentication.at <= self.max_age


STAFF: Final = "staff:"
"""Begins the names of staff in everything recorded."""


@dataclass(frozen=True, slots=True)
class Actor:
    """Who really acts (`id`) and for which customer (`subject`), as RFC 8693 tells `act` from `sub`."""

    kind: ActorKind
    id: str
    subject: UUID | None = None
    session_id: UUID | None = None
    roles: frozenset[StaffRole] = frozenset()
    delegation: Delegation | None = None
    client_id: str | None = field(default=None, compare=False)
    """The program that they use, if it said so when they signed in. It is no part of who acts."""
    locale: str | None = field(default=None, compare=False)
    """The actor's own language (BCP 47), as far as it is known without asking."""
    authentication: Authentication | None = field(default=None, compare=False)
    """How they proved who they are; None for our own processes, and for staff on a customer's behalf."""

    @property
    def is_impersonating(self) -> bool:
        """Whether staff act on a customer's behalf."""
        return self.kind is ActorKind.STAFF and self.subject is not None

    @property
    def staff_id(self) -> UUID | None:
        """Who of the staff it is, impersonating or not; None for everybody else."""
        return UUID(self.id.removeprefix(STAFF)) if self.kind is ActorKind.STAFF else None

    def may(self, permission: Permission, while_impersonating: SupportAccess | None = None) -> bool:
        """Whether this actor's role has the permission.

        Staff who impersonate have the customer's permissions, for what says with which access it may be done so.
        """
        if self.is_impersonating:
            return permission in PERMISSIONS[ActorKind.CUSTOMER] and self._was_given(while_impersonating)
        if self.kind is ActorKind.STAFF:
            return any(permission in PERMISSIONS[role] for role in self.roles)
        return permission in PERMISSIONS[self.kind]

    def _was_given(self, needed: SupportAccess | None) -> bool:
        if needed is None or self.delegation is None:
            return False
        return needed is SupportAccess.READ_ONLY or self.delegation.access is SupportAccess.ASSIST


ANONYMOUS: Final = Actor(ActorKind.ANONYMOUS, "anonymous")


def customer(
    id: UUID,
    session_id: UUID | None = None,
    client_id: str | None = None,
    locale: str | None = None,
    authentication: Authentication | None = None,
) -> Actor:
    """A customer who acts for themselves."""
    return Actor(
        ActorKind.CUSTOMER,
        f"customer:{id}",
        id,
        session_id,
        client_id=client_id,
        locale=locale,
        authentication=authentication,
    )


def staff(
    id: UUID,
    roles: Iterable[StaffRole],
    session_id: UUID | None = None,
    client_id: str | None = None,
    authentication: Authentication | None = None,
) -> Actor:
    """Somebody of the operator's staff, under their own name."""
    return Actor(
        ActorKind.STAFF,
        f"{STAFF}{id}",
        session_id=session_id,
        roles=frozenset(roles),
        client_id=client_id,
        authentication=authentication,
    )


def impersonating(staff_id: UUID, customer_id: UUID, delegation: Delegation, client_id: str | None = None) -> Actor:
    """Somebody of the operator's staff, on a customer's behalf. The support session is their session."""
    return Actor(
        ActorKind.STAFF,
        f"{STAFF}{staff_id}",
        customer_id,
        delegation.support_session_id,
        delegation=delegation,
        client_id=client_id,
    )


def system(name: str, subject: UUID | None = None) -> Actor:
    """A process of ours, such as `system:topups`, perhaps on a customer's behalf."""
    return Actor(ActorKind.SYSTEM, f"system:{name}", subject)


class Relation(IntFlag):
    """How an actor stands to a customer, to a card through its holder and its user, or to what happened on a card.

    Several can hold at once.
    """

    NONE = 0
    SELF = 1
    HOLDER = 2
    USER = 4
    CHILD_USER = 8  # carries the card, and is a child in a family
    GUARDIAN = 16
    FAMILY_OWNER = 32
    FAMILY_MANAGER = 64
    FAMILY_MEMBER = 128
    FAMILY_CHILD = 256
    OWN = 512  # whose payment method it is, who paid for the top-up, who was given the bonus
    SUPPORT = 1024  # is staff, and has looked for the customer lately, which is on record
    DESK = 4096  # is staff who work at the desk of customer service


class Access(IntFlag):
    """The access class of a field: what one must be allowed, to be shown it. PUBLIC needs nothing."""

    PUBLIC = 0
    SIGNED_IN = 1  # anybody who is signed in
    NAME = 2  # that a person is there, and their name
    SELF = 4  # a person's own: contact points, locale, birth date, consents
    FAMILY = 8  # a family: its name, its members and their roles
    LINE = 16  # that a card is there: number, status, until when
    BALANCE = 32  # how much money is on it
    USAGE = 64  # its buckets: what is left of data, calls and messages
    MONEY = 128  # how its money came and went: statement, top-ups, bonuses
    WALLET = 256  # what one pays with, and how a payment goes: nobody else's business
    TOP_UP = 512  # may buy balance for it
    IDENTITY = 1024  # who a person is by law, as far as it is shown: name, address and masked identity number
    DESK = 2048  # what agents and leads work on, such as adjustments and approvals
    STAFF = 4096
    SYSTEM = 8192


_EVERYTHING_OF_A_CARD: Final = Access.LINE | Access.BALANCE | Access.USAGE | Access.MONEY | Access.TOP_UP
_MANAGES: Final = Access.NAME | Access.FAMILY | Access.LINE | Access.BALANCE | Access.USAGE | Access.TOP_UP
_BELONGS: Final = Access.NAME | Access.FAMILY | Access.LINE

# docs/AUTHORIZATION.md shows the same as a table, which a test compares with this and with what is answered.
GRANTS: Final[dict[Relation, Access]] = {
    Relation.SELF: Access.NAME | Access.SELF | Access.IDENTITY,
    Relation.HOLDER: _EVERYTHING_OF_A_CARD | Access.IDENTITY,
    Relation.USER: Access.LINE | Access.BALANCE | Access.USAGE | Access.TOP_UP,
    Relation.CHILD_USER: Access.LINE | Access.BALANCE | Access.USAGE,
    Relation.GUARDIAN: Access.NAME | Access.SELF | Access.IDENTITY | _EVERYTHING_OF_A_CARD,
    Relation.FAMILY_OWNER: _MANAGES,
    Relation.FAMILY_MANAGER: _MANAGES,
    Relation.FAMILY_MEMBER: _BELONGS,
    Relation.FAMILY_CHILD: _BELONGS,
    Relation.OWN: Access.MONEY | Access.WALLET,
    Relation.SUPPORT: Access.NAME | Access.SELF | Access.IDENTITY,
    Relation.DESK: Access.DESK,
}


def _granted(relations: int) -> Access:
    access = Access.PUBLIC
    for relation, gives in GRANTS.items():
        if relations & relation:
            access |= gives | Access.SIGNED_IN
    return access


# Every combination, computed at start: a row's relations are looked up, never worked out, when it is read.
ACCESS_BY_RELATIONS: Final[tuple[int, ...]] = tuple(int(_granted(r)) for r in range(2 * max(GRANTS)))


def relations_giving(access: Access) -> int:
    """The relations of which any one gives this access class: what a SQL predicate is handed."""
    return int(sum(r for r, gives in GRANTS.items() if gives & access))
