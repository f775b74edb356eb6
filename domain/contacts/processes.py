"""Changing a contact point takes several executions: asking for a code, trying it, and the change itself."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from domain.contacts.change import UndoCodes
from domain.contacts.errors import ContactPointCodeRefused
from domain.contacts.usecases import (
    ChangeEmail,
    ChangePhoneNumber,
    ConfirmContactPoint,
    RemoveContactPoint,
    ReportLostPhone,
    UndoContactPointChange,
)
from domain.customers.customer import ContactKind
from domain.identity.challenge import SignInChallenge
from domain.identity.codes import CodeProcess
from domain.identity.contacts import Contact
from domain.identity.errors import SignInRefused
from domain.identity.senders import Sender
from domain.kernel.access import Actor
from domain.kernel.executor import Executor


class ContactProcess:
    """The one way to another phone number or e-mail address. Nobody else executes its use cases."""

    def __init__(self, executor: Executor, codes: CodeProcess, undo_codes: UndoCodes) -> None:
        self._executor, self._codes, self._undo_codes = executor, codes, undo_codes

    async def change(self, contact: Contact, *, sender: Sender, actor: Actor) -> SignInChallenge:
        """Has a code sent to a contact that is to be the actor's.

        Raises what the two use cases do, and `PhoneNumberNotServed`.
        """
        request = self._codes.request(contact, sender)
        is_phone = contact.kind is ContactKind.PHONE
        command = ChangePhoneNumber(request=request) if is_phone else ChangeEmail(request=request)
        return await self._codes.send(command, actor)

    async def confirm(self, challenge_id: UUID, code: str, contact: Contact, *, sender: Sender, actor: Actor) -> None:
        """Makes the contact the actor's. Raises `ContactPointCodeRefused` and `ContactPointTaken`.

        Somebody who may not do this at all takes no try of anybody's.
        """
        command = ConfirmContactPoint(
            challenge_id=challenge_id,
            contact=contact,
            contact_digest=self._codes.digest_of(contact),
            undo=self._undo_codes.new(),
        )
        self._executor.ensure_may(command, actor)
        try:
            await self._codes.ensure_right(challenge_id, code, sender)
        except SignInRefused:
            raise ContactPointCodeRefused from None
        await self._executor.execute(command, actor)

    async def remove(self, kind: ContactKind, actor: Actor) -> None:
        """Raises what the use case does."""
        await self._executor.execute(RemoveContactPoint(kind=kind, undo=self._undo_codes.new()), actor)

    async def undo(self, code: str, actor: Actor) -> datetime:
        """Takes a change back by the code that was told of it. Raises `UndoRefused`."""
        command = UndoContactPointChange(undo_digest=self._undo_codes.digest_of(code))
        return await self._executor.execute(command, actor)

    async def report_lost(self, contact: Contact, actor: Actor) -> int:
        """Raises what the use case does."""
        return await self._executor.execute(ReportLostPhone(contact=contact), actor)
