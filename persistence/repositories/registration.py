"""Who customers are, and their registrations, to decide on."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Integer, delete, exists, func, insert, literal, select, update
from sqlalchemy.dialects.postgresql import insert as insert_or_ignore

from domain.identity.session import AuthenticationMethod
from domain.registration.registration import Address, CustomerIdentity, Registration, SealedNumber
from persistence.statement import Driver, Statement, col, parameter
from persistence.tables.customers import CustomerTable as Customer
from persistence.tables.registration import CustomerIdentityTable as Who
from persistence.tables.registration import IdentityNumberKeyTable as K
from persistence.tables.registration import RegistrationTable as R

# Whoever seals shares it until their transaction ends; whoever begins a version waits for them and has it alone.
SEAL: Final = "select pg_advisory_xact_lock_shared(hashtextextended('identity number keys', 0))"
BEGIN_ALONE: Final = "select pg_advisory_xact_lock(hashtextextended('identity number keys', 0))"
KEY_VERSION: Final = Statement(select(func.max(col(K.version))))
BEGIN_KEY: Final = Statement(
    insert(K).values(version=parameter("version", col(K.version)), begun_at=parameter("now", col(K.begun_at)))
)

_identity: tuple[Any, ...] = tuple(
    col(getattr(Who, name))
    for name in (
        "id", "customer_id", "provider", "subject", "method", "given_name", "family_name", "birth_date",
        "sealed_number", "key_version", "number_digest", "masked_number", "identified_at",
    )
)  # fmt: skip
_of_customer: Any = col(Who.customer_id) == parameter("customer_id", col(Who.customer_id))
_rests_on_it: Any = exists().where(col(R.identity_id) == col(Who.id))

# Who decides on a customer's identity does so alone, in statements that follow this one.
LOCK_CUSTOMER: Final = Statement(
    select(col(Customer.id))
    .where(col(Customer.id) == parameter("customer_id", col(Customer.id)))
    .with_for_update(key_share=True)
)
CURRENT_IDENTITY: Final = Statement(select(*_identity).where(_of_customer, col(Who.is_current)))
NO_LONGER_CURRENT: Final = Statement(update(Who).where(_of_customer, col(Who.is_current)).values(is_current=False))
ADD_IDENTITY: Final = Statement(
    insert_or_ignore(Who)
    .values({column: parameter(column.key, column) for column in _identity} | {col(Who.is_current): True})
    .on_conflict_do_nothing()
    .returning(literal(1))
)
FORGET_EARLIER: Final = Statement(delete(Who).where(_of_customer, ~col(Who.is_current), ~_rests_on_it))
SEALED_BEFORE: Final = Statement(
    select(*_identity)
    .where(col(Who.key_version) < parameter("version", col(Who.key_version)))
    .order_by(col(Who.id))
    .limit(parameter("most", Integer()))
    .with_for_update(key_share=True)
)
KEEP_NUMBERS: Final = """
update customer_identity i set sealed_number = n.sealed_number, key_version = n.key_version
  from unnest($1::uuid[], $2::bytea[], $3::int[]) n (id, sealed_number, key_version) where i.id = n.id"""

_registration: tuple[Any, ...] = tuple(
    col(getattr(R, name))
    for name in (
        "id", "card_id", "customer_id", "identity_id", "service_number", "street", "postal_code", "city", "country",
        "registered_at", "keep_until",
    )
)  # fmt: skip
ADD: Final = Statement(insert(R).values({column: parameter(column.key, column) for column in _registration}))
GET: Final = Statement(select(*_registration).where(col(R.id) == parameter("id", col(R.id))))
END: Final = Statement(
    update(R)
    .where(col(R.card_id) == parameter("card", col(R.card_id)), col(R.keep_until).is_(None))
    .values(keep_until=parameter("last_day", col(R.keep_until)))
)
# What another worker has in hand is left to it.
ERASE: Final = """
delete from registration where id in (
    select id from registration where keep_until < $1 order by keep_until, id limit $2 for update skip locked
) returning customer_id"""
# Another's identity is forgotten with the last registration that rests on it; the current one with the last of all.
ERASE_IDENTITIES: Final = """
delete from customer_identity i
 where customer_id = any($1::uuid[]) and not exists (select from registration r where r.identity_id = i.id)
   and not (is_current and exists (select from registration r where r.customer_id = i.customer_id))"""
ERASE_UNUSED: Final = """
delete from customer_identity where id in (
    select id from customer_identity i
     where identified_at < $1 and not exists (select from registration r where r.customer_id = i.customer_id)
     order by identified_at limit $2 for update skip locked
) returning id"""


def to_identity(row: Sequence[Any]) -> CustomerIdentity:
    """A row of `_identity`."""
    (id, customer_id, provider, subject, method, given_name, family_name, birth_date, *number, identified_at) = row
    sealed, key_version, digest, masked = number
    return CustomerIdentity(
        id=id,
        customer_id=customer_id,
        provider=provider,
        subject=subject,
        method=AuthenticationMethod(method),
        given_name=given_name,
        family_name=family_name,
        birth_date=birth_date,
        number=SealedNumber(sealed=sealed, key_version=key_version, digest=digest, masked=masked),
        identified_at=identified_at,
    )


def to_registration(row: Sequence[Any]) -> Registration:
    """A row of `_registration`."""
    id, card_id, customer_id, identity_id, service_number, *address, registered_at, keep_until = row
    street, postal_code, city, country = address
    return Registration(
        id=id,
        card_id=card_id,
        customer_id=customer_id,
        identity_id=identity_id,
        service_number=service_number,
        address=Address(street=street, postal_code=postal_code, city=city, country=country),
        registered_at=registered_at,
        keep_until=keep_until,
    )


class PostgresRegistrations:
    """`Registrations` on PostgreSQL."""

    def __init__(self, driver: Driver, now: datetime) -> None:
        self._driver, self._now = driver, now

    async def key_version(self) -> int:
        await self._driver.fetchval(SEAL)
        return await self._newest()

    async def begin_key_version(self) -> int:
        await self._driver.fetchval(BEGIN_ALONE)
        version = await self._newest() + 1
        await BEGIN_KEY.execute(self._driver, version=version, now=self._now)
        return version

    async def current_identity(self, customer_id: UUID, /) -> CustomerIdentity | None:
        await LOCK_CUSTOMER.fetchrow(self._driver, customer_id=customer_id)
        row = await CURRENT_IDENTITY.fetchrow(self._driver, customer_id=customer_id)
        return to_identity(tuple(row)) if row else None

    async def keep_identity(self, identity: CustomerIdentity, /) -> bool:
        await LOCK_CUSTOMER.fetchrow(self._driver, customer_id=identity.customer_id)
        await NO_LONGER_CURRENT.execute(self._driver, customer_id=identity.customer_id)
        if await ADD_IDENTITY.fetchrow(self._driver, **_values(identity)) is None:
            return False
        await FORGET_EARLIER.execute(self._driver, customer_id=identity.customer_id)
        return True

    async def sealed_before(self, key_version: int, /, *, limit: int) -> list[CustomerIdentity]:
        rows = await SEALED_BEFORE.fetch(self._driver, version=key_version, most=limit)
        return [to_identity(tuple(row)) for row in rows]

    async def keep_numbers(self, identities: Sequence[CustomerIdentity], /) -> None:
        await self._driver.execute(
            KEEP_NUMBERS,
            [identity.id for identity in identities],
            [identity.number.sealed for identity in identities],
            [identity.number.key_version for identity in identities],
        )

    async def add(self, registration: Registration, /) -> None:
        address = registration.address
        await ADD.execute(
            self._driver,
            id=registration.id,
            card_id=registration.card_id,
            customer_id=registration.customer_id,
            identity_id=registration.identity_id,
            service_number=registration.service_number,
            street=address.street,
            postal_code=address.postal_code,
            city=address.city,
            country=address.country,
            registered_at=registration.registered_at,
            keep_until=registration.keep_until,
        )

    async def get(self, id: UUID, /) -> Registration | None:
        row = await GET.fetchrow(self._driver, id=id)
        return to_registration(tuple(row)) if row else None

    async def end(self, card_id: UUID, keep_until: date, /) -> None:
        await END.execute(self._driver, card=card_id, last_day=keep_until)

    async def erase(self, today: date, /, *, unused_since: datetime, limit: int) -> int:
        erased = await self._driver.fetch(ERASE, today, limit)
        if erased:
            await self._driver.execute(ERASE_IDENTITIES, [row["customer_id"] for row in erased])
        unused = await self._driver.fetch(ERASE_UNUSED, unused_since, limit - len(erased))
        return len(erased) + len(unused)

    async def _newest(self) -> int:
        return (await KEY_VERSION.fetchrow(self._driver))[0]


def _values(identity: CustomerIdentity) -> dict[str, Any]:
    return {
        "id": identity.id,
        "customer_id": identity.customer_id,
        "provider": identity.provider,
        "subject": identity.subject,
        "method": identity.method,
        "given_name": identity.given_name,
        "family_name": identity.family_name,
        "birth_date": identity.birth_date,
        "sealed_number": identity.number.sealed,
        "key_version": identity.number.key_version,
        "number_digest": identity.number.digest,
        "masked_number": identity.number.masked,
        "identified_at": identity.identified_at,
    }
