"""A world with everybody in it of whom docs/AUTHORIZATION.md speaks."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from typing import Final
from uuid import UUID

from api.schema.ids import global_id
from domain.adjustments.adjustment import AdjustmentReason
from domain.adjustments.usecases import AdjustBalance
from domain.approvals.usecases import GiveApproval
from domain.consents.usecases import UpdateConsent
from domain.families.family import FamilyRole
from domain.kernel.access import Delegation, StaffRole, SupportAccess, customer, impersonating, staff, system
from domain.kernel.quantities import UsageType
from domain.loyalty.bonus import BonusCode, GrantBonus
from domain.support.session import SupportSession
from domain.support.usecases import DisputeSupportAccess, RecordSupportRequest
from domain.topups.topup import TopUpStatus
from tests.support.client import Client, staff_headers, support_headers
from tests.support.world import World

TOKENS: Final = ("sandbox_succeeds", "sandbox_declines", "sandbox_needs_action")


@dataclass(kw_only=True)
class Things:
    """The objects that one kind of actor is tried on, and by parent and field, what other node stands there."""

    by_class: dict[str, list[str]]
    """Global ids, by the access class of their type."""
    within: dict[tuple[str, str], str] = field(default_factory=dict[tuple[str, str], str])

    @property
    def ids(self) -> list[str]:
        return [id for ids in self.by_class.values() for id in ids]


@dataclass(frozen=True, kw_only=True)
class Someone:
    """An actor: who they are, what they ask with, what they can pay with, and what they are tried on."""

    kind: str
    id: UUID | None
    headers: dict[str, str]
    own_card: UUID | None
    own_method: UUID
    session: UUID
    card: UUID
    things: Things
    staff_id: UUID | None = None


class Society:
    """The people by kind."""

    def __init__(self, client: Client, people: dict[str, Someone], methods_of_holder: list[UUID]) -> None:
        self.client, self.people, self.methods_of_holder = client, people, methods_of_holder


class Founder:
    """Builds the society."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._methods: dict[UUID, list[UUID]] = {}
        self._cards: dict[UUID, UUID] = {}
        self._sessions: dict[UUID, UUID] = {}

    async def found(self, client: Client) -> Society:
        """Elsa, 17, is the holder. Her cards are carried by herself, by a friend, and by her brother."""
        elsa = await self._person("Elsa", "+46701740690")
        people = {kind: await self._person(kind.title(), None) for kind in OTHERS}
        members = {
            people["family manager"]: FamilyRole.MANAGER,
            people["family member"]: FamilyRole.MEMBER,
            people["family child"]: FamilyRole.CHILD,
            people["payer"]: FamilyRole.MANAGER,
            elsa: FamilyRole.CHILD,
        }
        family = await self._world.family(people["family owner"], members)
        await self._world.family(people["stranger"], {})
        await self._world.guardianship(people["guardian"], elsa)
        people["child user"] = people["family child"]
        users = {"holder": elsa, "user": people["user"], "child user": people["child user"]}
        things: dict[str, tuple[UUID, Things]] = {}
        for kind, user in users.items():
            card = await self._world.card(elsa, user=user)
            await self._world.registration(card, elsa)
            things[kind] = card, await self._things(elsa, card, of=elsa, family=family, user=user)
        hers, _ = things["holder"]
        paid = await self._things(people["payer"], hers, of=elsa, family=family, user=elsa)
        await self._world.database.execute("delete from family_member where customer_id = $1", people["payer"])
        everybody = {
            kind: self._someone(kind, id, *((hers, paid) if kind == "payer" else things.get(kind, things["holder"])))
            for kind, id in {"holder": elsa, **people}.items()
        }
        everybody["anonymous"] = self._someone("anonymous", None, *things["holder"])
        return Society(client, everybody | await self._staff(everybody["holder"]), self._methods[elsa])

    async def _staff(self, holder: Someone) -> dict[str, Someone]:
        """The agent and the lead have looked for the holder. Two others act for her, each as far as they may."""
        assert holder.id is not None
        agent, lead = [await self._world.staff(name) for name in ("Agent", "Lead")]
        sessions = [await self._world.support_session(agent, holder.id) for _ in range(2)]
        holder.things.by_class["SELF"] = [global_id("support", session.id) for session in sessions]
        await self._act(sessions[0])
        dispute = DisputeSupportAccess(support_session_id=sessions[1].id, reason="I did not ask for this.")
        await self._world.executor.execute(dispute, customer(holder.id))
        await self._world.search_for(lead, holder.id)
        await self._adjust(holder, agent, lead)
        under_their_names = {
            "support agent": (agent, [StaffRole.AGENT]),
            "support lead": (lead, [StaffRole.LEAD]),
        }
        for kind, role in ROLES_WITHOUT_CUSTOMERS.items():
            under_their_names[kind] = (await self._world.staff(kind, role), [role])
        at_work = {
            kind: replace(holder, kind=kind, id=None, own_card=None, staff_id=id, headers=staff_headers(id, *roles))
            for kind, (id, roles) in under_their_names.items()
        }
        for kind, access in {"reader": SupportAccess.READ_ONLY, "assistant": SupportAccess.ASSIST}.items():
            session = await self._world.support_session(await self._world.staff(kind), holder.id, access)
            at_work[kind] = replace(holder, kind=kind, staff_id=session.staff_id, headers=support_headers(session))
        return at_work

    async def _adjust(self, holder: Someone, agent: UUID, lead: UUID) -> None:
        """The agent has asked for two large adjustments. The lead has approved the first, and the second waits."""
        execute, world = self._world.executor.execute, self._world
        for number in range(2):
            command = AdjustBalance(
                card_id=holder.card,
                amount=world.money(world.operator.adjustment_approval_minor + 1),
                reason=AdjustmentReason.GOODWILL,
                ticket="T-5",
                note="She waited long.",
                idempotency_key=f"adjustment-{number}",
            )
            adjustment = await execute(command, staff(agent, [StaffRole.AGENT]))
            approval = await world.database.fetchval("select id from approval where about_id = $1", adjustment.id)
            ids = global_id("adjustment", adjustment.id), global_id("approval", approval)
            holder.things.by_class.setdefault("DESK", []).extend(ids)
            assert holder.id is not None
            holder.things.within |= {
                (ids[0], "approval"): ids[1],
                (ids[0], "customer"): global_id("customer", holder.id),
                (ids[1], "about"): ids[0],
            }
            if number == 0:
                await execute(GiveApproval(approval_id=approval), staff(lead, [StaffRole.LEAD]))

    def _someone(self, kind: str, id: UUID | None, card: UUID, things: Things) -> Someone:
        return Someone(
            kind=kind,
            id=id,
            headers={"Authorization": f"Bearer {id}"} if id else {},
            own_card=self._cards[id] if id else None,
            own_method=self._methods[id][0] if id else UUID(int=1),
            session=self._sessions[id] if id else UUID(int=1),
            card=card,
            things=things,
        )

    async def _person(self, name: str, phone_number: str | None) -> UUID:
        person = await self._world.person(name, phone_number=phone_number, born=date(2008, 5, 17))
        self._methods[person] = [await self._world.payment_method(person, token) for token in TOKENS]
        self._cards[person] = await self._world.card(person)
        self._sessions[person] = await self._world.session(person)
        await self._agree(person)
        await self._world.identify(person)
        await self._world.registration(self._cards[person], person)
        return person

    async def _agree(self, person: UUID) -> None:
        """To all that is asked."""
        for asked in self._world.operator.consent_purposes:
            consent = UpdateConsent(purpose=asked.code, is_given=True, text_version=asked.text_version)
            await self._world.executor.execute(consent, customer(person, client_id="kontant-app"))

    async def _things(self, payer: UUID, card: UUID, *, of: UUID, family: UUID, user: UUID) -> Things:
        """Top-ups of every outcome, paid for by one person, and bonuses given to them, on a card of another's."""
        top_ups = [await self._top_up(payer, card, method) for method in self._methods[payer]]
        bonuses = [await self._bonus(payer, card, usage) for usage in (UsageType.DATA, UsageType.MONEY)]
        card_id, holder_id = global_id("card", card), global_id("customer", of)
        things = Things(
            by_class={
                "NAME": [holder_id],
                "FAMILY": [global_id("family", family)],
                "LINE": [card_id],
                "MONEY": [*top_ups, *bonuses],
                "WALLET": [global_id("method", method) for method in self._methods[payer]],
            }
        )
        things.within = {(card_id, "holder"): holder_id, (card_id, "user"): global_id("customer", user)}
        for happening in (*top_ups, *bonuses):
            things.within[happening, "card"] = card_id
        for top_up, method in zip(top_ups, things.by_class["WALLET"], strict=True):
            things.within[top_up, "paymentMethod"] = method
        return things

    async def _top_up(self, payer: UUID, card: UUID, method: UUID) -> str:
        top_up = await self._world.top_up(payer, card, method, key=f"{card}/{method}")
        assert top_up.status in (TopUpStatus.COMPLETED, TopUpStatus.DECLINED, TopUpStatus.REQUIRES_ACTION)
        return global_id("topup", top_up.id)

    async def _bonus(self, customer: UUID, card: UUID, usage: UsageType) -> str:
        grant = GrantBonus(
            customer_id=customer,
            card_id=card,
            code=BonusCode.BIRTHDAY,
            usage_type=usage,
            quantity=5_000,
            valid_until=self._world.clock.now() + timedelta(days=30),
        )
        return global_id("bonus", (await self._world.executor.execute(grant, system("test"))).id)

    async def _act(self, session: SupportSession) -> None:
        """Somebody looks at something, and changes something (which no use case is open for yet)."""
        delegation = Delegation(session.id, session.access)
        actor = impersonating(session.staff_id, session.customer_id, delegation)
        await self._world.executor.execute(RecordSupportRequest(fields=("viewer.cards",)), actor)
        await self._world.database.execute(
            "insert into audit (id, at, actor, subject_id, operation, details) values ($1, $2, $3, $4, $5, $6)",
            *(self._world.ids.new(), self._world.clock.now(), actor.id, actor.subject, "block_card"),
            f'{{"support_session_id": "{session.id}"}}',
        )


ROLES_WITHOUT_CUSTOMERS: Final = {
    "programme manager": StaffRole.PROGRAMME_MANAGER,
    "analyst": StaffRole.ANALYST,
    "administrator": StaffRole.ADMINISTRATOR,
}

OTHERS: Final = (
    "user",
    "guardian",
    "family owner",
    "family manager",
    "family member",
    "family child",
    "payer",
    "stranger",
)
