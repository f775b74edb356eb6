"""The pages' HTML: templates that escape what they are given, without scripts, in the person's language."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.responses import HTMLResponse, Response

_FOLDER: Final = Path(__file__).parent / "templates"
_TEMPLATES: Final = Environment(
    loader=FileSystemLoader(_FOLDER), autoescape=True, undefined=StrictUndefined, auto_reload=False
)
_STYLE: Final = (_FOLDER / "style.css").read_text(encoding="utf-8")
_STYLE_HASH: Final = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()


def page(
    template: str,
    say: Callable[..., str],
    *,
    locale: str,
    status: int = 200,
    redirects_to: str | None = None,
    **values: Any,
) -> Response:
    """A page. `redirects_to` is where its form may lead in the end: browsers hold redirects against the policy too."""
    text = _TEMPLATES.get_template(template).render(say=say, locale=locale, style=_STYLE, **values)
    form_action = f"'self' {_source(redirects_to)}" if redirects_to else "'none'"
    return HTMLResponse(
        text,
        status_code=status,
        headers={
            "Content-Security-Policy": (
                f"default-src 'none'; style-src 'sha256-{_STYLE_HASH}'; form-action {form_action}; "
                "frame-ancestors 'none'; base-uri 'none'"
            ),
            "Cache-Control": "no-store",
            "Content-Language": locale,
            # Not `no-referrer`: a form would then name its origin as `null`.
            "Referrer-Policy": "same-origin",
            "X-Content-Type-Options": "nosniff",
            "X-Frame-Options": "DENY",
            "Vary": "Accept-Language, Cookie",
        },
    )


def _source(uri: str) -> str:
    """The address as a policy names it: its origin, or the scheme where an app's own has none."""
    parts = urlsplit(uri)
    # A policy cannot name an IPv6 address.
    is_named = parts.scheme in ("https", "http") and "[" not in parts.netloc
    return f"{parts.scheme}://{parts.netloc}" if is_named else f"{parts.scheme}:"
