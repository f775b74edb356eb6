"""How a person becomes known to the operator."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from typing import Final, Protocol

from domain.customers.customer import ContactKind, ContactPoint, Customer, Customers
from domain.customers.errors import ContactPointTaken
from domain.kernel.access import Permission
from domain.kernel.events import Event
from domain.kernel.executor import Command, Work, personal, use_case


class CustomerWork(Work, Protocol):
    """What customers need of a transaction."""

    @property
    def customers(self) -> Customers: ...


@dataclass(frozen=True, kw_only=True)
class RegisterCustomer(Command[Customer]):
    """Make a person known, who has proved that this phone number (E.164) is theirs. `locale` is BCP 47.

    So they have of the e-mail address, if there is one: it is in the form of `identity.contacts.email_address`.
    """

    given_name: str = personal()
    family_name: str = personal()
    birth_date: date | None = personal()
    phone_number: str = personal()
    locale: str
    email: str | None = field(default=None, metadata={"personal": True})


@use_case(Permission.CUSTOMER_REGISTER, rejects=[ContactPointTaken])
async def register_customer(command: RegisterCustomer, work: CustomerWork) -> Customer:
    """Keeps the person, and the number they are reached by and sign in with."""
    customer = Customer(
        id=work.id,
        given_name=command.given_name,
        family_name=command.family_name,
        birth_date=command.birth_date,
        locale=command.locale,
    )
    await work.customers.add(customer, work.now)
    points = {ContactKind.PHONE: command.phone_number, ContactKind.EMAIL: command.email}
    for kind, value in points.items():
        if value is not None:
            point = ContactPoint(customer_id=customer.id, kind=kind, value=value)
            if not await work.customers.add_contact_point(point, work.now):
                raise ContactPointTaken
    work.emit(Event("customer.registered", customer.id, {"customer_id": str(customer.id)}))
    return customer


USE_CASES: Final = (register_customer,)
