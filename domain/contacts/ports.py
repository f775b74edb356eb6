"""What changes of contact points need of a transaction."""

from __future__ import annotations

from typing import Protocol

from domain.contacts.change import Contacts
from domain.identity.ports import IdentityWork


class ContactWork(IdentityWork, Protocol):
    """A transaction, as changes of contact points see it."""

    @property
    def contacts(self) -> Contacts: ...
