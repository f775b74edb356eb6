"""Every table, one module a context. Importing this package registers all of them on `SQLModel.metadata`."""

from sqlmodel import SQLModel

from persistence.tables import (
    approvals,
    audit,
    cards,
    consents,
    contacts,
    customers,
    families,
    identity,
    kernel,
    ledger,
    loyalty,
    notifications,
    payments,
    registration,
    support,
    topups,
)

METADATA = SQLModel.metadata

__all__ = [
    "METADATA",
    "approvals",
    "audit",
    "cards",
    "consents",
    "contacts",
    "customers",
    "families",
    "identity",
    "kernel",
    "ledger",
    "loyalty",
    "notifications",
    "payments",
    "registration",
    "support",
    "topups",
]
