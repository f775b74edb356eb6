"""Messages: how people are told of what has happened, and the end of a message."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Final, Protocol
from uuid import UUID, uuid5

from domain.kernel.access import Permission
from domain.kernel.events import Job
from domain.kernel.executor import Command, use_case
from domain.kernel.quantities import Money
from domain.kernel.subscribers import HandleEvents, NothingNew, RecordedEvent, Subscriber, SubscriberWork
from domain.notifications.messages import Channel, Message, MessageKind, Quantity
from domain.notifications.ports import Messages, ToppedUpCard
from domain.payments.ports import DeclineReason

DELIVER_MESSAGE: Final = "deliver_message"
"""The job that sends a message. Its id is the message's."""

WORTH_TELLING: Final = timedelta(days=1)
"""For how long news are news. So nobody hears again of last year's top-ups when the events are read anew."""

_OF_TOP_UPS: Final = {
    "top_up.completed": MessageKind.TOP_UP_COMPLETED,
    "top_up.declined": MessageKind.TOP_UP_DECLINED,
    "top_up.unknown": MessageKind.TOP_UP_UNKNOWN,
}
_OF_BONUSES: Final = {"bonus.granted": MessageKind.BONUS_GRANTED}
_WITHOUT_DATA: Final = {
    "card.registered": MessageKind.CARD_REGISTERED,
    "support_session.started": MessageKind.SUPPORT_SESSION_STARTED,
}
_BY_STAFF: Final = {
    "card.blocked": MessageKind.CARD_BLOCKED_BY_STAFF,
    "card.unblocked": MessageKind.CARD_UNBLOCKED_BY_STAFF,
}
ADJUSTED: Final = "adjustment.posted"


class MessageWork(SubscriberWork, Protocol):
    """What messages need of a transaction."""

    @property
    def messages(self) -> Messages: ...


@dataclass(frozen=True, kw_only=True)
class QueueMessages(HandleEvents):
    """Tell people of what has happened."""


@dataclass(frozen=True, kw_only=True)
class EndMessage(Command[None]):
    """A message has been sent, or shall not be."""

    message_id: UUID
    was_sent: bool


MESSAGES: Final = Subscriber(
    name="messages",
    handles=frozenset({*_OF_TOP_UPS, *_OF_BONUSES, *_WITHOUT_DATA, *_BY_STAFF, ADJUSTED}),
    command=QueueMessages,
)


@use_case(Permission.MESSAGE_SEND, rejects=[NothingNew])
async def queue_messages(command: QueueMessages, work: MessageWork) -> int:
    """Queues a message for everybody whom the events concern and who has a phone number.

    A message's id follows from its event and its reader, so events that are read anew add nothing.
    """
    events = [e for e in await work.subscriptions.take(MESSAGES, command.shard) if work.now - e.at < WORTH_TELLING]
    cards = await work.messages.topped_up_cards(_top_up_id(e) for e in events if e.type in _OF_TOP_UPS)
    told = [(event, person, message) for event in events for person, message in _told(event, cards)]
    numbers = await work.messages.phone_numbers({person for _, person, _ in told})
    for event, person, message in told:
        id = uuid5(event.cause, f"{event.position}:{person}")
        if person in numbers and await work.messages.add(
            id, message, channel=Channel.SMS, address=numbers[person], created_at=work.now
        ):
            work.schedule(Job(DELIVER_MESSAGE, id))
    return len(events)


@use_case(Permission.MESSAGE_SEND)
async def end_message(command: EndMessage, work: MessageWork) -> None:
    """Step three of a delivery. The number and the data are erased; what remains is that there was a message."""
    await work.messages.end(command.message_id, work.now)


def _told(event: RecordedEvent, cards: Mapping[UUID, ToppedUpCard]) -> Iterator[tuple[UUID, Message]]:
    """Who is told what of an event."""
    if event.subject is None:
        return
    if event.type in _WITHOUT_DATA:
        yield event.subject, Message(_WITHOUT_DATA[event.type], event.subject, {})
        return
    if event.type in _OF_BONUSES:
        yield event.subject, _of_bonus(event, event.subject)
        return
    if event.type == ADJUSTED:
        yield event.subject, _of_adjustment(event, event.subject)
        return
    if event.type in _BY_STAFF:
        if event.data.get("is_by_staff"):
            yield event.subject, Message(_BY_STAFF[event.type], event.subject, {})
        return
    card = cards.get(_top_up_id(event))
    if card is None:
        return
    yield event.subject, _of_top_up(event, card, event.subject)
    if event.type == "top_up.completed" and card.user_id not in (None, event.subject):
        yield card.user_id, _of_top_up(event, card, card.user_id)


def _of_top_up(event: RecordedEvent, card: ToppedUpCard, person: UUID) -> Message:
    kind = _OF_TOP_UPS[event.type]
    amount = Money(_number(event, "amount_minor"), str(event.data["currency"]))
    data = {"amount": amount, "phone_number": card.phone_number}
    if kind is MessageKind.TOP_UP_COMPLETED and card.active_until is not None:
        return Message(kind, person, {**data, "active_until": card.active_until})
    if kind is MessageKind.TOP_UP_DECLINED:
        return Message(kind, person, {**data, "reason": str(event.data.get("reason", DeclineReason.REFUSED))})
    return Message(kind, person, data)


def _of_adjustment(event: RecordedEvent, person: UUID) -> Message:
    minor = _number(event, "amount_minor")
    kind = MessageKind.BALANCE_CREDITED if minor > 0 else MessageKind.BALANCE_DEBITED
    return Message(kind, person, {"amount": Money(abs(minor), str(event.data["currency"]))})


def _of_bonus(event: RecordedEvent, person: UUID) -> Message:
    reward = Quantity(_number(event, "quantity"), str(event.data["unit"]))
    return Message(MessageKind.BONUS_GRANTED, person, {"bonus": str(event.data["code"]), "reward": reward})


def _top_up_id(event: RecordedEvent) -> UUID:
    return UUID(str(event.data["top_up_id"]))


def _number(event: RecordedEvent, name: str) -> int:
    return int(str(event.data[name]))


USE_CASES: Final = (queue_messages, end_message)
