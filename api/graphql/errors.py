"""The one place where anything that goes wrong becomes a GraphQL error with `extensions.code`.

What is declared is told: faults of the domain, errors that carry a code, and the client's own mistakes in documents and
values. Everything else is masked behind an id, and reported under it.
"""

from __future__ import annotations

import logging
import traceback
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final, cast

from graphql import FieldNode, GraphQLError, GraphQLSyntaxError

from api.problem_details import MASKED_CODE, MASKED_MESSAGE, NewId, OnFault, Told, told
from domain.kernel.errors import Invalid

BAD_REQUEST: Final = "BAD_REQUEST"
PARSE_FAILED: Final = "GRAPHQL_PARSE_FAILED"
VALIDATION_FAILED: Final = "GRAPHQL_VALIDATION_FAILED"
LIMIT_EXCEEDED: Final = "DOCUMENT_LIMIT_EXCEEDED"
ONE_VALUE_MOVING_MUTATION: Final = "ONE_VALUE_MOVING_MUTATION"
DOCUMENT_NOT_FOUND: Final = "DOCUMENT_NOT_FOUND"
DOCUMENT_NOT_REGISTERED: Final = "DOCUMENT_NOT_REGISTERED"
PERSISTED_QUERY_NOT_FOUND: Final = "PERSISTED_QUERY_NOT_FOUND"
OPERATION_RESOLUTION_FAILURE: Final = "OPERATION_RESOLUTION_FAILURE"
BAD_USER_INPUT: Final = "BAD_USER_INPUT"

FormattedError = dict[str, Any]

_log = logging.getLogger(__name__)


class HttpRefusal(Exception):
    """The request is refused for what it is as HTTP. The status is the same whatever media type is answered with."""

    def __init__(self, status: int, code: str, message: str, *, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.headers = headers or {}
        self.errors: list[FormattedError] = [coded(message, code)]


class RequestRefused(Exception):
    """A request error of the GraphQL specification: the request is well formed, nothing of it is carried out."""

    def __init__(
        self, errors: Iterable[GraphQLError], code: str, *, extensions: Mapping[str, Any] | None = None
    ) -> None:
        super().__init__(code)
        self.errors = [formatted(error, code) for error in errors]
        self.extensions = extensions
        """What the whole answer says beside its errors."""


class ErrorReport:
    """Turns the errors of one response into what the client is told. A defect met many times gets one id."""

    def __init__(self, *, new_id: NewId, on_fault: OnFault) -> None:
        self._new_id = new_id
        self._on_fault = on_fault
        self._masked: dict[int, str] = {}

    def of_fields(self, errors: Sequence[GraphQLError]) -> list[FormattedError]:
        """Errors that fields ended with, each with its path."""
        return [self._of_field(error) for error in errors]

    def masked(self, error: Exception) -> FormattedError:
        """What is told of a defect of ours, which is reported on the way."""
        fault_id = self._masked.get(id(error))
        if fault_id is None:
            fault_id = self._masked[id(error)] = self._new_id()
            self._on_fault(error, fault_id)
        return coded(MASKED_MESSAGE, MASKED_CODE, id=fault_id)

    def _of_field(self, error: GraphQLError) -> FormattedError:
        cause = cause_of(error)
        answer = told(cause)
        if answer is not None:
            return _located(of_fault(answer), error)
        if isinstance(cause, GraphQLError) and ("code" in (cause.extensions or {}) or _is_about_an_argument(cause)):
            return formatted(error, BAD_USER_INPUT)
        return _located(self.masked(cause), error)


def coded(message: str, code: str, **extensions: Any) -> FormattedError:
    """A GraphQL error that belongs to no place in a document."""
    return {"message": message, "extensions": {"code": code, **extensions}}


def of_fault(answer: Told) -> FormattedError:
    """What is told of a declared fault, in GraphQL's form."""
    if answer.retry_after_seconds is None:
        return coded(answer.message, answer.code)
    return coded(answer.message, answer.code, retryAfter=answer.retry_after_seconds)


def formatted(error: GraphQLError, code: str) -> FormattedError:
    """An error about the client's document or values, under its own code if it carries one."""
    result = cast("FormattedError", error.formatted)
    result["message"] = _message(error)
    result["extensions"] = {"code": code, **(error.extensions or {})}
    return result


def cause_of(error: GraphQLError) -> Exception:
    """The exception at the bottom, which may be a GraphQL error itself."""
    cause: Exception = error
    while isinstance(cause, GraphQLError) and cause.original_error is not None:
        cause = cause.original_error
    return cause


def log_fault(error: Exception, fault_id: str) -> None:
    """An `OnFault` that logs where it happened. Messages of exceptions may quote a request or a row: they stay out."""
    chain: list[str] = []
    current: BaseException | None = error
    while current is not None and len(chain) < 5:
        frames = traceback.extract_tb(current.__traceback__)[-20:]
        chain.append(
            f"{type(current).__module__}.{type(current).__qualname__} at "
            + " < ".join(f"{frame.filename}:{frame.lineno} {frame.name}" for frame in reversed(frames))
        )
        current = current.__cause__ or current.__context__
    _log.error("A fault was answered with the id %s: %s", fault_id, "; caused by ".join(chain))


_SCALAR_FAILED: Final = ", but encountered error '"
_NOT_NONE: Final = "not to be None."
_FOUND: Final = ", found: "  # and then the value as Python writes it


def _message(error: GraphQLError) -> str:
    """The message, without what a scalar's parser may have raised, and in GraphQL's words rather than Python's."""
    if isinstance(error, GraphQLSyntaxError):
        return error.message
    message = error.message
    cause = cause_of(error)
    if not isinstance(cause, GraphQLError):
        message = message.partition(_SCALAR_FAILED)[0].removesuffix(".") + "."
        return f"{message} {cause.message}" if isinstance(cause, Invalid) else message
    if message.endswith(_NOT_NONE):
        return message.removesuffix(_NOT_NONE) + "not to be null."
    expected, found, _ = message.partition(_FOUND)
    return f"{expected}." if found else message


def _is_about_an_argument(error: GraphQLError) -> bool:
    """Whether graphql-core raised this while it read a field's or a directive's arguments.

    It then blames the argument's node. Its complaints about what a resolver returned blame no node of their own.
    """
    return bool(error.nodes) and not any(isinstance(node, FieldNode) for node in error.nodes or ())


def _located(told_error: FormattedError, error: GraphQLError) -> FormattedError:
    place = cast("FormattedError", error.formatted)
    return {key: place[key] for key in ("locations", "path") if key in place} | told_error
