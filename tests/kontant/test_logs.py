"""Logs tell what happened, and nothing about whom."""

from __future__ import annotations

import asyncio
import gc
import json
import logging
from collections.abc import Iterator
from typing import Any

import pytest

from kontant.logs import configure_logs

PHONE = "+46701740605"


@pytest.fixture
def restored() -> Iterator[None]:
    """Leaves logging as it was."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    logging.captureWarnings(False)


def _logged(capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    (line,) = capsys.readouterr().err.splitlines()
    return json.loads(line)


@pytest.mark.usefixtures("restored")
def test_a_line_is_one_object_with_the_fields_that_came_along(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logs("json")
    logging.getLogger("worker").info("job done", extra={"job": "expire", "seconds": 0.2})
    line = _logged(capsys)
    assert line.pop("time").endswith("+00:00")
    assert line == {"level": "info", "logger": "worker", "event": "job done", "job": "expire", "seconds": 0.2}


@pytest.mark.usefixtures("restored")
def test_a_request_is_logged_without_its_query_and_without_who_sent_it(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logs("json")
    access = logging.getLogger("uvicorn.access")
    access.info('%s - "%s %s HTTP/%s" %d', "192.0.2.1:5000", "GET", f"/dev/messages?to={PHONE}", "1.1", 200)
    line = _logged(capsys)
    assert (line["method"], line["path"], line["status"]) == ("GET", "/dev/messages", 200)
    assert "192.0.2.1" not in str(line)
    assert PHONE not in str(line)


@pytest.mark.parametrize("form", ["json", "text"])
@pytest.mark.usefixtures("restored")
def test_an_exception_is_logged_by_type_and_place_but_not_by_its_message(
    capsys: pytest.CaptureFixture[str], form: Any
) -> None:
    configure_logs(form)
    try:
        try:
            raise KeyError(PHONE)
        except KeyError as cause:
            raise ValueError(f"no such number: {PHONE}") from cause
    except ValueError:
        logging.getLogger("api").exception("request failed")
    text = capsys.readouterr().err
    assert "ValueError" in text
    assert "KeyError" in text
    assert "test_logs.py" in text
    assert PHONE not in text


@pytest.mark.usefixtures("restored")
def test_what_fails_unseen_in_an_event_loop_is_not_quoted(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logs("json")

    async def fail() -> None:
        raise ValueError(PHONE)

    def fail_too(number: str) -> None:
        raise ValueError(number)

    async def fail_unseen() -> None:
        task = asyncio.create_task(fail())
        asyncio.get_running_loop().call_soon(fail_too, PHONE)
        await asyncio.wait([task])
        del task
        gc.collect()

    asyncio.run(fail_unseen())
    text = capsys.readouterr().err
    callback, task = [json.loads(line) for line in text.splitlines()]
    assert task["event"] == "Task exception was never retrieved"
    assert callback["event"].startswith("Exception in callback")
    assert task["exception"]["type"] == callback["exception"]["type"] == "ValueError"
    assert PHONE not in text
