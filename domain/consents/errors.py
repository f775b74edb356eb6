"""How a consent can fail to be given or withdrawn."""

from __future__ import annotations

from dataclasses import dataclass

from domain.kernel.errors import Rejection


@dataclass(eq=False)
class ConsentPurposeNotFound(Rejection):
    """The operator does not ask about this."""

    code = "CONSENT_PURPOSE_NOT_FOUND"


@dataclass(eq=False)
class ConsentTextChanged(Rejection):
    """What is agreed to is not what is asked any more: the text has another version by now."""

    code = "CONSENT_TEXT_CHANGED"
    text_version: int


@dataclass(eq=False)
class ConsentIsTheirOwn(Rejection):
    """The child is old enough to decide for themselves."""

    code = "CONSENT_IS_THEIR_OWN"
