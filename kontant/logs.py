"""Logs: one JSON object a line on standard error, or a readable line where a person asked for one.

Personal data must not get there. So a request is logged without its query and without who sent it, and an exception by
its type and place but never by its message, which may quote what somebody typed.
"""

from __future__ import annotations

import logging
import re
import traceback
from datetime import UTC, datetime
from typing import Any, Final, Literal

import orjson

_STANDARD: Final = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "color_message", "taskName"}
_FRAMES: Final = 12
# An event loop tells of a task or callback that failed by quoting it, with its arguments and its exception's message.
_BEFORE_A_QUOTATION: Final = re.compile(r"[^\n<({'\"]*")
_QUIET: Final = ("asyncio", "sqlalchemy", "alembic", "httpx2", "httpcore2", "authlib")


def configure_logs(form: Literal["json", "text"], level: int = logging.INFO) -> None:
    """Sends everything that is logged in this process to standard error, in this form."""
    handler = logging.StreamHandler()
    handler.setFormatter(_Json() if form == "json" else _Text())
    logging.basicConfig(level=level, handlers=[handler], force=True)
    logging.captureWarnings(True)
    for name in _QUIET:
        logging.getLogger(name).setLevel(logging.WARNING)
    for name in ("uvicorn", "uvicorn.error", "uvicorn.access"):
        logger = logging.getLogger(name)
        logger.handlers.clear()
        logger.propagate = True


class _Json(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        return orjson.dumps(fields_of(record), default=str).decode()


class _Text(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        fields = fields_of(record)
        time, level, logger, event = (str(fields.pop(name)) for name in ("time", "level", "logger", "event"))
        rest = " ".join(f"{name}={value}" for name, value in fields.items())
        return f"{time[11:23]} {level:7} {logger}: {event} {rest}".rstrip()


def fields_of(record: logging.LogRecord) -> dict[str, Any]:
    """What is told of a log record: time, level, logger, event, the fields that came with it, and the exception."""
    fields: dict[str, Any] = {
        "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
        "level": record.levelname.lower(),
        "logger": record.name,
    }
    if record.name == "uvicorn.access" and isinstance(record.args, tuple) and len(record.args) == 5:
        _, method, path, _, status = record.args
        return fields | {"event": "request", "method": method, "path": str(path).partition("?")[0], "status": status}
    fields["event"] = _unquoted(record) if record.name == "asyncio" else record.getMessage()
    fields |= {name: value for name, value in vars(record).items() if name not in _STANDARD}
    if record.exc_info and record.exc_info[1]:
        fields["exception"] = _told(record.exc_info[1])
    return fields


def _unquoted(record: logging.LogRecord) -> str:
    begin = _BEFORE_A_QUOTATION.match(record.getMessage())
    return begin[0].rstrip() if begin else ""


def _told(error: BaseException) -> dict[str, Any]:
    frames = traceback.extract_tb(error.__traceback__)[-_FRAMES:]
    told: dict[str, Any] = {
        "type": f"{type(error).__module__}.{type(error).__qualname__}".removeprefix("builtins."),
        "at": [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in frames],
    }
    cause = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    return told | ({"cause": _told(cause)} if cause else {})
