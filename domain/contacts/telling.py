"""What follows every change of how a person is reached: who is told, and who is signed out."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID, uuid5

from domain.contacts.change import UNDO_PERIOD, OwnContact
from domain.contacts.ports import ContactWork
from domain.identity.contacts import Contact
from domain.identity.session import EndReason, Person
from domain.identity.usecases.sessions import end_all
from domain.kernel.events import Job
from domain.notifications.messages import Message, MessageKind
from domain.notifications.usecases import DELIVER_MESSAGE


async def sign_out(customer_id: UUID, reason: EndReason, work: ContactWork, *, but: UUID | None) -> int:
    """Ends all sessions but one, and what could still become one. How many there were."""
    await work.contacts.close_doors(customer_id, work.now)
    return len(await end_all(Person.customer(customer_id), reason, work, but=but))


async def tell_of_change(before: Sequence[OwnContact], customer_id: UUID, undo_id: UUID, work: ContactWork) -> None:
    """Tells everywhere where the person was reached before, with the code that takes the change back.

    Not a lost phone: whoever has it would read the code.
    """
    hours = int(UNDO_PERIOD.total_seconds()) // 3600
    message = Message(MessageKind.CONTACT_POINT_CHANGED, customer_id, {"undo_id": str(undo_id), "hours": hours})
    await tell(message, [own.contact for own in before if not own.is_lost], work)


async def tell(message: Message, contacts: Sequence[Contact], work: ContactWork) -> None:
    """Leaves one message for each, in this transaction."""
    for number, contact in enumerate(contacts):
        id = uuid5(work.id, f"{message.kind}:{number}")
        await work.messages.add(id, message, channel=contact.channel, address=contact.value, created_at=work.now)
        work.schedule(Job(DELIVER_MESSAGE, id))
