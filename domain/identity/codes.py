"""Asking for a code and trying one, for whatever it is to prove."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import TypeVar
from uuid import UUID

from domain.customers.customer import ContactKind
from domain.identity.allowances import takings_of_code, takings_of_try
from domain.identity.challenge import CodeRequest, SignInCodes
from domain.identity.contacts import Contact
from domain.identity.errors import SignInRefused, TextMessagesPaused
from domain.identity.rules import CodeRules
from domain.identity.senders import Sender
from domain.identity.sms import sms_price
from domain.identity.usecases.challenges import ReportSmsCeiling, TakeCodeTry
from domain.kernel.access import ANONYMOUS, Actor, system
from domain.kernel.executor import Command, Executor
from domain.operators.operator import Operator

R = TypeVar("R")
_ALARM = system("sign-in")


class CodeProcess:
    """The one way to ask for a code and to try it: every purpose shares its limits.

    A purpose makes a `request`, puts it into a command of its own whose use case calls `send_code`, and has that
    command done by `send`. After `ensure_right` it uses the challenge up, by `Identities.use_challenge`.
    `on_ceiling` is told once a day, in one process of all, that text messages have cost what they may.
    """

    def __init__(
        self,
        executor: Executor,
        codes: SignInCodes,
        *,
        operator: Operator,
        rules: CodeRules,
        on_ceiling: Callable[[date], None],
    ) -> None:
        self._executor, self._codes, self._operator = executor, codes, operator
        self._on_ceiling = on_ceiling
        self._reported: date | None = None
        self.rules = rules

    def digest_of(self, contact: Contact) -> bytes:
        """What stands for a contact in a challenge."""
        return self._codes.digest_of("contact", contact.kind, contact.value)

    def request(self, contact: Contact, sender: Sender) -> CodeRequest:
        """A code that this sender asks for. Raises `PhoneNumberNotServed`."""
        digest_of = self._codes.digest_of
        is_sms = contact.kind is ContactKind.PHONE
        return CodeRequest(
            contact=contact,
            contact_digest=self.digest_of(contact),
            device_digest=digest_of("device", contact.value, sender.device) if sender.device else None,
            takings=takings_of_code(contact, sender, self.rules, digest_of),
            price_minor=sms_price(contact.value, home=self._operator.country, rules=self.rules) if is_sms else None,
            rules=self.rules,
        )

    async def send(self, command: Command[R], actor: Actor) -> R:
        """Executes a command whose use case sends a code. Raises what that rejects."""
        try:
            return await self._executor.execute(command, actor)
        except TextMessagesPaused as refusal:
            await self._report(refusal.day)
            raise

    async def ensure_right(self, challenge_id: UUID, code: str, sender: Sender) -> None:
        """Raises `SignInRefused` unless this is the challenge's code.

        The try is taken and committed before the code is compared: guesses that come at once share one budget.
        """
        takings = takings_of_try(sender, self.rules, self._codes.digest_of)
        command = TakeCodeTry(challenge_id=challenge_id, takings=takings, most=self.rules.tries_a_day)
        may_try = await self._executor.execute(command, ANONYMOUS)
        if not (may_try and self._codes.matches(challenge_id, code)):
            raise SignInRefused

    async def _report(self, day: date) -> None:
        if day == self._reported:
            return
        command = ReportSmsCeiling(day=day, ceiling_minor=self.rules.sms_ceiling_minor)
        if await self._executor.execute(command, _ALARM):
            self._on_ceiling(day)
        self._reported = day
