"""The three steps of a delivery: read the message, send it (no transaction, and no connection held), end it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from uuid import UUID

from domain.kernel.access import system
from domain.kernel.executor import Executor
from domain.kernel.time import Clock
from domain.notifications.messages import Message, MessageKind
from domain.notifications.ports import MessageQueue, MessageSender, MessageWriter, QueuedMessage
from domain.notifications.usecases import WORTH_TELLING, EndMessage


class MessageDelivery:
    """Sends messages. A message that was sent, and whose end was not kept, is sent again with the same id: so once.

    `code_of` gives the sign-in code of a challenge, `undo_code_of` that of a change; both are kept nowhere.
    """

    def __init__(
        self,
        executor: Executor,
        queue: MessageQueue,
        *,
        writer: MessageWriter,
        sender: MessageSender,
        clock: Clock,
        code_of: Callable[[UUID], str],
        undo_code_of: Callable[[UUID], str],
    ) -> None:
        self._executor, self._queue = executor, queue
        self._writer, self._sender, self._clock, self._code_of = writer, sender, clock, code_of
        self._undo_code_of = undo_code_of

    async def deliver(self, message_id: UUID) -> None:
        """Sends the message, unless it has ended, is for nobody, or comes too late. Raises `MessageNotSent`."""
        queued = await self._queue.find(message_id)
        if queued is None:
            return
        was_sent = await self._send(queued)
        self._executor.reached("message.sent")
        command = EndMessage(message_id=message_id, was_sent=was_sent)
        await self._executor.execute(command, system("messages", queued.message.person))

    async def _send(self, queued: QueuedMessage) -> bool:
        age = self._clock.now() - queued.created_at
        if queued.locale is None or age >= _good_for(queued.message):
            return False
        message = self._filled_in(queued.message)
        subject = self._writer.subject(message, locale=queued.locale, channel=queued.channel)
        text = self._writer.write(message, locale=queued.locale, channel=queued.channel)
        await self._sender.send(to=queued.address, channel=queued.channel, text=text, id=queued.id, subject=subject)
        return True

    def _filled_in(self, message: Message) -> Message:
        """A code is not kept, only what it is derived from (`challenge_id`, `undo_id`) and for how long it is good."""
        data = message.data
        match message.kind:
            case MessageKind.SIGN_IN_CODE:
                code = self._code_of(UUID(str(data["challenge_id"])))
                return Message(message.kind, message.person, {"code": code, "minutes": data["minutes"]})
            case MessageKind.CONTACT_POINT_CHANGED:
                code = self._undo_code_of(UUID(str(data["undo_id"])))
                return Message(message.kind, message.person, {"undo_code": code, "hours": data["hours"]})
            case _:
                return message


def _good_for(message: Message) -> timedelta:
    """For how long somebody can use it. What has not been sent by then is not sent any more."""
    if message.kind is MessageKind.SIGN_IN_CODE:
        return timedelta(minutes=int(str(message.data["minutes"])))
    return WORTH_TELLING
