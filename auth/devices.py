"""What a person recognises a device by, told from its User-Agent."""

from __future__ import annotations

from functools import lru_cache
from typing import Final

from ua_parser import parse

LONGEST_USER_AGENT: Final = 512
LONGEST_LABEL: Final = 60
_UNKNOWN: Final = frozenset({"Other", "Generic Smartphone", "Generic Feature Phone", "Generic_Android", "K"})


@lru_cache(maxsize=256)
def device_label(user_agent: str | None) -> str | None:
    """A short label such as "Firefox, Linux" or "Mobile Safari, iPhone"; None when nothing can be told.

    No more than this is kept: the whole header could tell one person from all others.
    """
    if not user_agent:
        return None
    found = parse(user_agent[:LONGEST_USER_AGENT])
    browser = found.user_agent.family if found.user_agent else None
    system = found.os.family if found.os else None
    device = found.device.family if found.device else None
    hardware = device if device in ("iPhone", "iPad") else system
    parts = [part for part in (browser, hardware) if part and part not in _UNKNOWN]
    label = "".join(c for c in ", ".join(parts) if c.isprintable())
    return label[:LONGEST_LABEL] or None
