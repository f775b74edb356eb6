"""A small world to act in: people, cards and payment methods, made in a line each, and the top-up process over them."""

from __future__ import annotations

from datetime import date
from itertools import count
from pathlib import Path
from typing import Final
from uuid import UUID

from stdnum import luhn

from auth.identity_numbers import SealedIdentityNumbers
from domain.adjustments import usecases as adjustments
from domain.approvals import usecases as approvals
from domain.cards import usecases as cards
from domain.cards.card import Card, CardStatus
from domain.consents import usecases as consents
from domain.customers import profile
from domain.customers.customer import ContactKind, ContactPoint, Customer
from domain.families.family import FamilyMember, FamilyRole
from domain.identity.identification import Identification
from domain.identity.session import AuthenticationMethod, Person, Session
from domain.kernel.access import Actor, StaffRole, SupportAccess, customer, staff, system
from domain.kernel.executor import Executor
from domain.kernel.quantities import Money
from domain.ledger import expiry
from domain.ledger import usecases as ledger
from domain.loyalty import bonus as loyalty
from domain.operators.operator import Operator
from domain.payments.method import PaymentMethod
from domain.payments.ports import PaymentGateway
from domain.registration import usecases as registration
from domain.registration.registration import Address, Registration
from domain.registration.usecases import RecordIdentification
from domain.support import usecases as support
from domain.support.search import CustomerSearch, SearchKind
from domain.support.session import SupportSession
from domain.support.usecases import FindCustomers, RegisterStaff, StartSupportSession
from domain.topups import usecases as topups
from domain.topups.processes import TopUpProcess
from domain.topups.topup import TopUp
from domain.topups.usecases import TopUpCard
from gateways.payments.sandbox import SandboxPayments
from persistence.database import Database
from persistence.unit_of_work import PostgresUnit
from tests.support.time import TestClock, TestIds

ANY_NUMBER: Final = "any number"
SECRET: Final = b"the deployment's secret, in tests"

USE_CASES = (
    *adjustments.USE_CASES,
    *approvals.USE_CASES,
    *expiry.USE_CASES,
    *cards.USE_CASES,
    *registration.USE_CASES,
    *consents.USE_CASES,
    *profile.USE_CASES,
    *support.USE_CASES,
    *topups.USE_CASES,
    *loyalty.USE_CASES,
    *ledger.USE_CASES,
)


class World:
    """Everything that one test needs of one operator."""

    def __init__(
        self, database: Database, operator: Operator, clock: TestClock, ids: TestIds, payments: PaymentGateway
    ) -> None:
        self.database, self.operator, self.clock, self.ids, self.payments = database, operator, clock, ids, payments
        self.identity_numbers = SealedIdentityNumbers(SECRET, operator.slug)
        self.unit = PostgresUnit(database, operator, ids, clock, identity_numbers=self.identity_numbers)
        self.executor = Executor(USE_CASES, self.unit, ids)
        self.top_ups = TopUpProcess(self.executor, payments, wait_seconds=1)
        self._numbers = count(46701740605)
        self._serials = count()

    def money(self, amount_minor: int) -> Money:
        return Money(amount_minor, self.operator.currency)

    async def person(
        self,
        name: str = "Karin",
        *,
        phone_number: str | None = None,
        born: date | None = None,
        locale: str | None = None,
    ) -> UUID:
        id = self.ids.new()
        locale = locale or self.operator.locales[0]
        async with self.unit(system("test"), self.ids.new()) as work:
            await work.customers.add(
                Customer(id=id, given_name=name, family_name="Ek", birth_date=born, locale=locale),
                work.now,
            )
            if phone_number:
                point = ContactPoint(customer_id=id, kind=ContactKind.PHONE, value=phone_number)
                await work.customers.add_contact_point(point, work.now)
        return id

    async def identify(self, person: UUID, number: str | None = ANY_NUMBER, *, born: date | None = None) -> None:
        """An identity provider says who somebody is; by any number one who was born on 17 May 2008."""
        if number == ANY_NUMBER:
            digits = f"080517{next(self._serials):03}"
            number = f"20{digits}{luhn.calc_check_digit(digits)}"
        given_name = await self.database.fetchval("select given_name from customer where id = $1", person)
        said = Identification(
            provider="https://eid.test",
            subject=str(person),
            given_name=given_name,
            family_name="Ek",
            birth_date=born,
            identity_number=number,
            identified_at=self.clock.now(),
        )
        command = RecordIdentification(customer_id=person, identification=said)
        await self.executor.execute(command, system("test"))

    async def registration(self, card: UUID, holder: UUID) -> None:
        """Somebody who was identified answers for a card, however it came to be active."""
        async with self.unit(system("test"), self.ids.new()) as work:
            identity = await work.registrations.current_identity(holder)
            assert identity is not None
            registration = Registration(
                id=work.id,
                card_id=card,
                customer_id=holder,
                identity_id=identity.id,
                service_number=(await work.cards.get(card)).phone_number,
                address=Address(street="Storgatan 1", postal_code="903 26", city="Umeå", country="SE"),
                registered_at=work.now,
            )
            await work.registrations.add(registration)

    async def card(
        self,
        holder: UUID | None,
        *,
        user: UUID | None = None,
        status: CardStatus = CardStatus.ACTIVE,
        active_until: date | None = date(2026, 6, 1),
        grace_until: date | None = date(2026, 9, 1),
    ) -> UUID:
        number = next(self._numbers)
        card = Card(
            id=self.ids.new(),
            phone_number=f"+{number}",
            iccid=f"894601{number}00",
            status=status,
            holder_id=holder,
            user_id=user or holder,
            active_until=active_until,
            grace_until=grace_until,
        )
        async with self.unit(system("test"), self.ids.new()) as work:
            await work.cards.add(card, work.now)
        return card.id

    async def family(self, owner: UUID, members: dict[UUID, FamilyRole]) -> UUID:
        family = self.ids.new()
        async with self.unit(system("test"), self.ids.new()) as work:
            await work.families.add(family, "Ek", work.now)
            for person, role in {owner: FamilyRole.OWNER, **members}.items():
                member = FamilyMember(family_id=family, customer_id=person, role=role)
                await work.families.add_member(member, work.now)
        return family

    async def guardianship(self, guardian: UUID, dependant: UUID) -> None:
        async with self.unit(system("test"), self.ids.new()) as work:
            await work.families.add_guardianship(guardian, dependant, work.now)

    async def payment_method(
        self, owner: UUID, token: str = "sandbox_succeeds", *, expires_on: date = date(2030, 12, 31)
    ) -> UUID:
        method = PaymentMethod(
            id=self.ids.new(), customer_id=owner, token=token, brand="visa", last_digits="4242", expires_on=expires_on
        )
        async with self.unit(system("test"), self.ids.new()) as work:
            await work.payment_methods.add(method, work.now)
        return method.id

    async def session(self, person: UUID, *, device: str | None = "Firefox, Linux") -> UUID:
        """A device on which somebody is signed in, and no token of it."""
        async with self.unit(system("test"), self.ids.new()) as work:
            session = Session(
                id=work.id,
                person=Person.customer(person),
                client_id="kontant-app",
                started_at=work.now,
                method=AuthenticationMethod.SMS_CODE,
                generation_at=work.now,
                device=device,
            )
            await work.identity.add_session(session)
        return session.id

    def top_up_command(self, card: UUID, method: UUID, *, amount_minor: int = 10_000, key: str = "key") -> TopUpCard:
        return TopUpCard(card_id=card, amount=self.money(amount_minor), payment_method_id=method, idempotency_key=key)

    async def top_up(
        self, by: UUID, card: UUID, method: UUID, *, amount_minor: int = 10_000, key: str = "key"
    ) -> TopUp:
        command = self.top_up_command(card, method, amount_minor=amount_minor, key=key)
        return await self.top_ups.start(command, self.actor(by))

    async def staff(self, name: str = "Sven", *roles: StaffRole) -> UUID:
        command = RegisterStaff(
            issuer="https://idp.test", subject=name, name=name, roles=frozenset(roles or {StaffRole.AGENT})
        )
        return (await self.executor.execute(command, system("test"))).id

    async def search_for(self, staff_id: UUID, customer_id: UUID) -> None:
        """By their customer number, as an agent."""
        number = await self.database.fetchval("select number from customer where id = $1", customer_id)
        command = FindCustomers(search=CustomerSearch(SearchKind.CUSTOMER_NUMBER, str(number)))
        await self.executor.execute(command, staff(staff_id, [StaffRole.AGENT]))

    async def support_session(
        self, staff_id: UUID, customer_id: UUID, access: SupportAccess = SupportAccess.ASSIST
    ) -> SupportSession:
        await self.search_for(staff_id, customer_id)
        command = StartSupportSession(customer_id=customer_id, reason="She asked.", ticket="T-1", access=access)
        return await self.executor.execute(command, staff(staff_id, [StaffRole.AGENT]))

    def actor(self, person: UUID) -> Actor:
        return customer(person)

    async def balance_minor(self, card: UUID) -> int:
        found = await self.database.fetchval(
            "select balance from account where owner_id = $1 and purpose = 'MONEY'", card
        )
        return found or 0


def a_sandbox(path: Path, clock: TestClock) -> SandboxPayments:
    """A provider that answers at once, and late ones after 2 s."""
    return SandboxPayments(
        path,
        clock=clock,
        webhook_url=None,
        secret=b"a secret of the sandbox's",
        action_url=lambda intent: f"http://localhost/dev/payments/{intent}",
        stall_seconds=30,
        settles_after_seconds=20,
    )
