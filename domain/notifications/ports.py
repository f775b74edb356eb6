"""The ports of messages: where they are kept until they are sent, who puts them into words, and who carries them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Protocol
from uuid import UUID

from domain.notifications.messages import Channel, Message


@dataclass(frozen=True, slots=True, kw_only=True)
class QueuedMessage:
    """A message that waits to be sent."""

    id: UUID
    message: Message
    channel: Channel
    address: str = field(repr=False)
    locale: str | None
    """The person's (BCP 47); null where nobody is known."""
    created_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ToppedUpCard:
    """What is told of a top-up's card, and to whom besides the one who paid."""

    phone_number: str = field(repr=False)
    user_id: UUID | None
    active_until: date | None
    """By this top-up; null unless it is completed."""


class Messages(Protocol):
    """The messages within a transaction, and what they tell."""

    async def add(self, id: UUID, message: Message, /, *, channel: Channel, address: str, created_at: datetime) -> bool:
        """Keeps a message to be sent. False when there is, or was, one with this id."""
        ...

    async def end(self, id: UUID, at: datetime, /) -> bool:
        """Ends a message, sent or not, and erases what is personal of it. False when it had ended before."""
        ...

    async def topped_up_cards(self, top_ups: Iterable[UUID], /) -> Mapping[UUID, ToppedUpCard]:
        """The cards of these top-ups, by the top-up."""
        ...

    async def phone_numbers(self, people: Iterable[UUID], /) -> Mapping[UUID, str]:
        """At which number (E.164) people are reached. Who has none is not in it."""
        ...


class MessageQueue(Protocol):
    """The messages that wait, without a transaction."""

    async def find(self, id: UUID, /) -> QueuedMessage | None:
        """The message, unless it has ended."""
        ...


class MessageNotSent(Exception):
    """The carrier did not confirm: the message may or may not have been sent. Sending it again with its id is safe."""


class MessageWriter(Protocol):
    """Puts a message into words."""

    def write(self, message: Message, *, locale: str, channel: Channel) -> str:
        """The text in the language of the locale (BCP 47), or in the operator's first when it does not speak that."""
        ...

    def subject(self, message: Message, *, locale: str, channel: Channel) -> str | None:
        """What stands above it, in the same language; None for a text message, which has no subject."""
        ...


class MessageSender(Protocol):
    """Carries a text to an address."""

    async def send(self, *, to: str, channel: Channel, text: str, id: UUID, subject: str | None = None) -> None:
        """Sends the text to a phone number (E.164) or an e-mail address, as the channel says.

        The id is the carrier's idempotency key: what comes again with the same id is sent once.
        Raises `MessageNotSent`. Neither address nor text is ever in an exception or a log.
        """
        ...
