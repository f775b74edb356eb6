"""What the driver raises, in the domain's words. The one place where SQLSTATEs are read."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager

import asyncpg
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as NoConnectionLeft

from domain.kernel.errors import Busy, Contended, Unavailable
from domain.ledger.ledger import AlreadyPosted, InsufficientBalance

# The driver calls it an internal error of its own when a connection dies in the middle of an answer.
LOST = (
    asyncpg.PostgresConnectionError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
    OSError,
    TimeoutError,
    NoConnectionLeft,
)
CONTENDED = frozenset({"40001", "40P01"})
BUSY = frozenset({"55P03"})
# Shutting down, starting up, out of connections, statement or idle time-out, disk full, read-only after a fail-over.
UNAVAILABLE = frozenset({"57P01", "57P02", "57P03", "53300", "53100", "53200", "57014", "25P03", "25006"})


def is_lost(error: BaseException) -> bool:
    """Whether the connection is gone, so that nobody has answered."""
    cause = _driver_error(error)
    return isinstance(cause, LOST) or getattr(cause, "sqlstate", None) in UNAVAILABLE


def _driver_error(error: BaseException) -> BaseException:
    if isinstance(error, DBAPIError) and error.orig is not None:
        return error.orig.__cause__ or error.orig
    return error


def translated(error: Exception) -> Exception:
    """The domain's word for a driver's error; anything else as it is."""
    cause = _driver_error(error)
    state = getattr(cause, "sqlstate", None)
    if state in CONTENDED:
        return Contended()
    if state in BUSY:
        return Busy()
    if state == "KL002":
        return InsufficientBalance()
    if state == "23505" and getattr(cause, "constraint_name", None) == "one_transaction_of_a_kind_per_cause":
        return AlreadyPosted()
    return Unavailable() if is_lost(error) else error


@contextmanager
def in_our_words() -> Generator[None]:
    """Translates what the driver raises inside."""
    try:
        yield
    except Exception as error:
        meaning = translated(error)
        if meaning is error:
            raise
        raise meaning from error
