"""The sandbox's webhooks: what they say, and the signature that proves who says it.

    Sandbox-Signature: t=<unix seconds>,v1=<hex HMAC-SHA256 of "<t>.<body>">

Several `v1` may stand there, as they do while a secret is being changed; one good one is enough.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final, cast
from uuid import UUID

from domain.payments.ports import WebhookRejected

SIGNATURE_HEADER: Final = "sandbox-signature"
TOLERANCE_SECONDS: Final = 300

_HEADER: Final = re.compile(r"t=(?P<t>[0-9]{1,12})(?P<signatures>(,v[0-9]=[0-9a-f]{1,128}){1,8})")


def event_id_of(intent_id: UUID) -> str:
    """The one event that is told of a payment: that it has settled. Its copies and repetitions have the same id."""
    return f"evt-{intent_id}"


def body_of(intent_id: UUID) -> bytes:
    """The body of a webhook. It hints and does not tell: whoever gets it has to ask."""
    return json.dumps({"event_id": event_id_of(intent_id), "intent_id": str(intent_id)}).encode()


def signature_of(body: bytes, secret: bytes, at: datetime) -> str:
    """The value of the signature header for a body that is sent at this time."""
    t = str(int(at.timestamp()))
    return f"t={t},v1={_mac(t, body, secret)}"


def intent_of(body: bytes, headers: Mapping[str, str], *, secret: bytes, now: datetime) -> UUID:
    """The intent that a webhook is about, once it has proved genuine. `headers` has lower-case names.

    Raises `WebhookRejected`, and nothing else.
    """
    header = _HEADER.fullmatch(headers.get(SIGNATURE_HEADER, ""))
    if header is None:
        raise WebhookRejected("The signature is missing or malformed.")
    if abs(now.timestamp() - int(header["t"])) > TOLERANCE_SECONDS:
        raise WebhookRejected(f"The signature was made more than {TOLERANCE_SECONDS} seconds from now.")
    expected = "v1=" + _mac(header["t"], body, secret)
    if not any(hmac.compare_digest(expected, given) for given in header["signatures"].split(",")):
        raise WebhookRejected("The signature does not fit the body.")
    return _intent_in(body)


def _mac(t: str, body: bytes, secret: bytes) -> str:
    return hmac.new(secret, t.encode() + b"." + body, hashlib.sha256).hexdigest()


def _intent_in(body: bytes) -> UUID:
    try:
        return UUID(cast("dict[str, Any]", json.loads(body))["intent_id"])
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError):
        raise WebhookRejected("The signature is good, and the body names no intent.") from None
