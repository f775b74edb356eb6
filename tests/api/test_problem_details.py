"""Problem documents for what is neither GraphQL nor OAuth."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route
from starlette.testclient import TestClient

from api.problem_details import MaskedFaults, exception_handlers, problem
from domain.kernel.errors import Busy, Forbidden, Invalid, NotFound, Rejection, Unauthenticated, Unavailable, Undeclared

SECRET = "+46701740605"

FAULTS: dict[str, Exception] = {
    "unauthenticated": Unauthenticated(),
    "forbidden": Forbidden(permission=SECRET),
    "not-found": NotFound(),
    "invalid": Invalid("Say it otherwise."),
    "busy": Busy(retry_after_seconds=3),
    "unavailable": Unavailable(retry_after_seconds=7),
    "undeclared": Undeclared(use_case=SECRET),
    "rejection": Rejection(SECRET),
    "key": KeyError(SECRET),
    "gone": HTTPException(410, "It was here once."),
    "not-modified": HTTPException(304),
}


class Site:
    """An app that fails as its path says, and the faults that it reported."""

    def __init__(self) -> None:
        self.faults: list[tuple[Exception, str]] = []
        hooks: dict[str, Any] = {"new_id": lambda: "fault-1", "on_fault": self.on_fault}
        app = Starlette(
            routes=[Route("/half", self.half), Route("/fails/{how}", self.fails)],
            exception_handlers=exception_handlers(**hooks),
            middleware=[Middleware(MaskedFaults, **hooks)],
        )
        self.client = TestClient(app)

    def on_fault(self, error: Exception, fault_id: str) -> None:
        self.faults.append((error, fault_id))

    async def fails(self, request: Request) -> Response:
        raise FAULTS[request.path_params["how"]]

    async def half(self, _: Request) -> Response:
        async def pieces() -> AsyncGenerator[bytes]:
            yield b"half"
            raise KeyError(SECRET)

        return StreamingResponse(pieces())


def test_an_unknown_address() -> None:
    response = Site().client.get("/nowhere")

    assert response.status_code == 404
    assert response.headers["content-type"] == "application/problem+json"
    assert response.json() == {
        "type": "about:blank",
        "title": "Not Found",
        "status": 404,
        "detail": "There is nothing at this address.",
    }


def test_a_method_that_is_not_allowed() -> None:
    response = Site().client.post("/half")

    assert (response.status_code, response.json()["title"]) == (405, "Method Not Allowed")
    assert {method.strip() for method in response.headers["allow"].split(",")} == {"GET", "HEAD"}


@pytest.mark.parametrize(
    ("how", "status", "code"),
    [
        ("unauthenticated", 401, "UNAUTHENTICATED"),
        ("forbidden", 403, "FORBIDDEN"),
        ("not-found", 404, "NOT_FOUND"),
        ("invalid", 400, "BAD_USER_INPUT"),
        ("busy", 409, "BUSY"),
        ("unavailable", 503, "SERVICE_UNAVAILABLE"),
    ],
)
def test_a_fault_of_the_domain_has_its_status_and_code(how: str, status: int, code: str) -> None:
    site = Site()
    response = site.client.get(f"/fails/{how}")

    assert (response.status_code, response.json()["code"]) == (status, code)
    assert SECRET not in response.text
    assert site.faults == []


def test_a_fault_says_what_to_do_next() -> None:
    client = Site().client

    assert client.get("/fails/unauthenticated").headers["www-authenticate"] == 'Bearer error="invalid_token"'
    assert client.get("/fails/unavailable").headers["retry-after"] == "7"
    assert client.get("/fails/busy").json()["retryAfter"] == 3
    assert client.get("/fails/invalid").json()["detail"] == "Say it otherwise."


@pytest.mark.parametrize("how", ["key", "rejection", "undeclared"])
def test_a_defect_is_masked_and_reported_under_its_id(how: str) -> None:
    site = Site()
    response = site.client.get(f"/fails/{how}")

    assert (response.status_code, response.json()["code"], response.json()["id"]) == (500, "INTERNAL", "fault-1")
    assert site.faults == [(FAULTS[how], "fault-1")]
    assert SECRET not in response.text


def test_an_answer_that_breaks_off_is_reported_and_its_cause_goes_no_further() -> None:
    site = Site()
    with pytest.raises(ConnectionAbortedError, match="fault-1") as raised:
        site.client.get("/half")

    assert len(site.faults) == 1
    assert raised.value.__cause__ is None
    assert raised.value.__context__ is None


def test_an_http_exception_keeps_its_own_words() -> None:
    client = Site().client

    assert client.get("/fails/gone").json()["detail"] == "It was here once."
    assert client.get("/fails/not-modified").content == b""


def test_further_members_stand_beside_the_others() -> None:
    response = problem(422, "Odd", "It is odd.", type="https://example.com/odd", headers={"X-A": "b"}, number=3)

    assert response.body == (
        b'{"type":"https://example.com/odd","title":"Odd","status":422,"detail":"It is odd.","number":3}'
    )
    assert response.headers["x-a"] == "b"
