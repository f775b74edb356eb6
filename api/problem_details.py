"""How a fault looks over HTTP, and `application/problem+json` (RFC 9457) for all that is neither GraphQL nor OAuth.

OAuth has a form of its own, also for what never gets as far as its routes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any, Final

import orjson
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import ASGIApp, ExceptionHandler, Message, Receive, Scope, Send

from domain.kernel.errors import (
    Busy,
    Fault,
    Forbidden,
    Invalid,
    NotFound,
    RateLimited,
    Unauthenticated,
    Unavailable,
    Undeclared,
)

OAUTH: Final = "/oauth/"
MASKED_CODE: Final = "INTERNAL"
MASKED_MESSAGE: Final = "Something went wrong on our side. Quote this id when you ask us about it."

NewId = Callable[[], str]
"""Makes an id that no one can guess, for a fault of ours that somebody may ask us about."""

OnFault = Callable[[Exception, str], None]
"""Is told of a fault of ours and the id that the caller was given. It must log no data of the request."""


@dataclass(frozen=True, slots=True)
class Told:
    """What a caller is told of a fault: HTTP status, code, a sentence, and when to try again, if that may help."""

    status: int
    code: str
    message: str
    retry_after_seconds: int | None = None
    headers: Mapping[str, str] = field(default_factory=dict[str, str])


def told(fault: Exception) -> Told | None:
    """What to tell of this exception; None when it is a defect of ours, which must be masked."""
    match fault:
        case Undeclared():
            return None
        case Unauthenticated():
            message = "Nobody is signed in, or the access token is no longer good. Sign in and try again."
            return Told(401, fault.code, message, headers={"WWW-Authenticate": 'Bearer error="invalid_token"'})
        case Forbidden():
            return Told(403, fault.code, "This account may not do this.")
        case NotFound():
            return Told(404, fault.code, "There is no such thing, or it is not yours to see.")
        case Invalid():
            return Told(400, fault.code, fault.message)
        case Busy():
            message = "The same thing is being done at this moment. Nothing has happened here; try again shortly."
            return _told_later(409, fault.code, message, fault.retry_after_seconds)
        case Unavailable():
            message = "The service does not answer at this moment. Try again shortly, with the same idempotency key."
            return _told_later(503, fault.code, message, fault.retry_after_seconds)
        case RateLimited():
            message = "Too many requests. Try again later."
            return _told_later(429, fault.code, message, fault.retry_after_seconds)
        case Fault():
            return Told(400, fault.code, "This cannot be done.")
        case _:
            return None


def problem(
    status: int,
    title: str | None = None,
    detail: str | None = None,
    *,
    type: str = "about:blank",
    headers: Mapping[str, str] | None = None,
    **extra: Any,
) -> Response:
    """A problem document. Without a title the status speaks for itself; `extra` are further members of it."""
    members: dict[str, Any] = {"type": type, "title": title or HTTPStatus(status).phrase, "status": status}
    if detail is not None:
        members["detail"] = detail
    return Response(
        orjson.dumps(members | extra),
        status_code=status,
        media_type="application/problem+json",
        headers={"Cache-Control": "no-store", **(headers or {})},
    )


def oauth_error(status: int, description: str, headers: Mapping[str, str] | None = None) -> Response:
    """What an address under `OAUTH` answers to a request that is none, by RFC 6749, section 5.2."""
    return Response(
        orjson.dumps({"error": "invalid_request", "error_description": description}),
        status_code=status,
        media_type="application/json",
        headers={"Cache-Control": "no-store", "Pragma": "no-cache", **(headers or {})},
    )


def fault_problem(fault: Fault) -> Response | None:
    """The problem document of a fault; None when it has to be masked."""
    answer = told(fault)
    if answer is None:
        return None
    extra: dict[str, Any] = {"code": answer.code}
    if answer.retry_after_seconds is not None:
        extra["retryAfter"] = answer.retry_after_seconds
    return problem(answer.status, detail=answer.message, headers=answer.headers, **extra)


def masked_problem(fault_id: str) -> Response:
    """The problem document of a defect of ours: it says nothing but an id to ask about."""
    return problem(500, detail=MASKED_MESSAGE, code=MASKED_CODE, id=fault_id)


def exception_handlers(*, new_id: NewId, on_fault: OnFault) -> dict[Any, ExceptionHandler]:
    """For `Starlette(exception_handlers=…)`. What is not among them is masked by `MaskedFaults`."""

    def on_http_exception(request: Request, exc: Exception) -> Response:
        assert isinstance(exc, HTTPException)
        if exc.status_code < 200 or exc.status_code in (204, 304):
            return Response(status_code=exc.status_code, headers=exc.headers)
        detail = _DETAILS.get(exc.status_code, exc.detail)
        if request.url.path.startswith(OAUTH):
            return oauth_error(exc.status_code, detail, exc.headers)
        return problem(exc.status_code, detail=detail, headers=exc.headers)

    def on_domain_fault(_: Request, exc: Exception) -> Response:
        assert isinstance(exc, Fault)
        answer = fault_problem(exc)
        if answer is None:
            fault_id = new_id()
            on_fault(exc, fault_id)
            answer = masked_problem(fault_id)
        return answer

    return {HTTPException: on_http_exception, Fault: on_domain_fault}


class MaskedFaults:
    """Middleware that answers a defect of ours with an id and nothing more.

    It is not an exception handler for 500, since Starlette raises the exception once more after that handler, and the
    server would then log its message, which may hold personal data.
    """

    def __init__(self, app: ASGIApp, *, new_id: NewId, on_fault: OnFault) -> None:
        self._app = app
        self._new_id = new_id
        self._on_fault = on_fault

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started = False

        async def watched_send(message: Message) -> None:
            nonlocal started
            started = True
            await send(message)

        fault_id: str | None = None
        try:
            await self._app(scope, receive, watched_send)
        except ClientDisconnect:
            return  # Nobody is left to answer.
        except Exception as error:
            fault_id = self._new_id()
            self._on_fault(error, fault_id)
        if fault_id is None:
            return
        if started:
            # Half an answer is out and cannot be taken back: the server must break the connection off.
            raise ConnectionAbortedError(f"An answer broke off; its fault has the id {fault_id}.")
        await masked_problem(fault_id)(scope, receive, send)


_DETAILS: Final = {
    404: "There is nothing at this address.",
    405: "This address does not answer to this method.",
}


def _told_later(status: int, code: str, message: str, retry_after_seconds: int) -> Told:
    return Told(status, code, message, retry_after_seconds, {"Retry-After": str(retry_after_seconds)})
