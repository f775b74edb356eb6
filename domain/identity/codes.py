"""Asking for a code and trying one, for whatever it is to prove."""

from __future__ import annotations

from uuid import UUID

from domain.identity.challenge import CodeRequest, SignInCodes
from domain.identity.contacts import Contact
from domain.identity.errors import SignInRefused
from domain.identity.senders import Sender
from domain.identity.usecases.challenges import TakeCodeTry
from domain.kernel.access import ANONYMOUS
from domain.kernel.executor import Executor


class CodeProcess:
    """The one way to ask for a code and to try it: every purpose shares its limits.

    What is asked for in `request` is done by `usecases.challenges.send_code` in a transaction of the purpose's own.
    After `ensure_right` the purpose uses the challenge up, by `Identities.use_challenge`.
    """

    def __init__(self, executor: Executor, codes: SignInCodes) -> None:
        self._executor, self._codes = executor, codes

    def digest_of(self, contact: Contact) -> bytes:
        """What stands for a contact in a challenge."""
        return self._codes.digest_of(contact.kind, contact.value)

    def request(self, contact: Contact, sender: Sender) -> CodeRequest:
        """A code that this sender asks for."""
        return CodeRequest(contact=contact, contact_digest=self.digest_of(contact))

    async def ensure_right(self, challenge_id: UUID, code: str, sender: Sender) -> None:
        """Raises `SignInRefused` unless this is the challenge's code.

        The try is taken and committed before the code is compared: guesses that come at once share one budget.
        """
        await self._executor.execute(TakeCodeTry(challenge_id=challenge_id), ANONYMOUS)
        if not self._codes.matches(challenge_id, code):
            raise SignInRefused
