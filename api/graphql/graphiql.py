"""GraphiQL, in development only: a page that needs no internet, opened with ready-made operations.

The scripts come from the package `graphene-django-graphiql-static`, of which nothing but its static files is used. They
are the published builds of GraphiQL 2.4 and React 17, and a browser runs them only if their digests are these.
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from importlib.util import find_spec
from string import Template
from textwrap import indent
from typing import Any, Final

import orjson
from starlette.routing import Mount
from starlette.staticfiles import StaticFiles

_INLINE_SCRIPT: Final = re.compile(rb"<script>(.*?)</script>", re.DOTALL)
_PACKAGE: Final = "graphene_django_graphiql_static"
_STYLE: Final = ("graphiql.min.css", "sha256-xs1Lg/AcXh/0l113vJVxhNzm3sAVX7+cxNkZDrqKe50=")
_SCRIPTS: Final = (
    ("react.production.min.js", "sha256-Ipu/TQ50iCCVZBUsZyNJfxrDk0E2yhaEIz0vqI+kFG8="),
    ("react-dom.production.min.js", "sha256-nbMykgB6tsOFJ7OdVmPpdqMFVk4ZsqWocT6issAPUF0="),
    ("graphiql.min.js", "sha256-xWTeBbldGE4sW6XOryY1gh9r+S8tV3e3TZEAT/a1kdE="),
)


@dataclass(frozen=True, slots=True)
class Example:
    """A tab that the page opens with. GraphiQL names it after the operation, so this should have a name."""

    comment: str
    """Stands above the document; lines of up to 70 characters can be read on a small screen."""
    document: str
    variables: dict[str, Any] | None = None
    headers: dict[str, str] | None = None


def graphiql_page(examples: Sequence[Example], *, title: str, assets_path: str) -> bytes:
    """The page, which looks for its scripts at `assets_path`."""
    title = escape(title)
    if not _installed():
        return _PAGE_WITHOUT_SCRIPTS.substitute(title=title, package=_PACKAGE.replace("_", "-")).encode()
    scripts = (f'<script src="{assets_path}/{name}" integrity="{digest}"></script>' for name, digest in _SCRIPTS)
    return _PAGE.substitute(
        title=title,
        style=f'<link rel="stylesheet" href="{assets_path}/{_STYLE[0]}" integrity="{_STYLE[1]}">',
        scripts="\n".join(scripts),
        tabs=_json_in_script([_tab(example) for example in examples]),
    ).encode()


def page_policy(page: bytes) -> str:
    """The content security policy that lets the page run what is in it, and talk to where it comes from."""
    digests = (hashlib.sha256(script).digest() for script in _INLINE_SCRIPT.findall(page))
    scripts = " ".join(f"'sha256-{base64.b64encode(digest).decode()}'" for digest in digests)
    return (
        f"default-src 'none'; script-src 'self' {scripts}; style-src 'self' 'unsafe-inline'; connect-src 'self'; "
        "img-src 'self' data:; font-src 'self' data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )


def graphiql_assets(assets_path: str) -> list[Mount]:
    """The routes of the page's scripts; none if they are not installed."""
    if not _installed():
        return []
    return [Mount(assets_path, StaticFiles(packages=[(_PACKAGE, f"static/{_PACKAGE}")]), name="graphiql-assets")]


def _installed() -> bool:
    return find_spec(_PACKAGE) is not None


def _tab(example: Example) -> dict[str, str]:
    comment = indent(example.comment, "# ", lambda line: True)
    tab = {
        "query": f"{comment}\n\n{example.document.strip()}\n",
        "headers": _pretty(example.headers or {"Authorization": "Bearer "}),
    }
    if example.variables is not None:
        tab["variables"] = _pretty(example.variables)
    return tab


def _pretty(value: dict[str, Any]) -> str:
    return orjson.dumps(value, option=orjson.OPT_INDENT_2).decode()


def _json_in_script(value: object) -> str:
    return orjson.dumps(value).decode().replace("<", "\\u003c")


_PAGE: Final = Template("""\
<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>$title</title>
<link rel="icon" href="data:,">
$style
<style>html, body, #graphiql { height: 100%; margin: 0; overflow: hidden; }</style>
</head>
<body>
<main id="graphiql"><p>GraphiQL needs JavaScript.</p></main>
$scripts
<script>
  const tabs = $tabs;
  const asked = new URLSearchParams(location.search);

  // GraphiQL is told what its active tab holds: by itself it would show the first tab without variables and headers,
  // and open one tab more after every reload.
  const kept = JSON.parse(localStorage.getItem("graphiql:tabState"));
  const active = asked.has("query") ? Object.fromEntries(asked) : (kept && kept.tabs[kept.activeTabIndex]) || tabs[0];

  // A bearer token that has not been filled in yet is left out: sent empty, it would be refused.
  const filled = ([name, value]) => !(name.toLowerCase() === "authorization" && /^\\s*bearer\\s*$$/i.test(value));

  const fetcher = async (request, options) => {
    const headers = Object.fromEntries(Object.entries((options && options.headers) || {}).filter(filled));
    const response = await fetch(location.pathname, {
      method: "POST",
      headers: { Accept: "application/graphql-response+json", "Content-Type": "application/json", ...headers },
      body: JSON.stringify(request),
    });
    return response.json();
  };

  ReactDOM.render(
    React.createElement(GraphiQL, {
      fetcher,
      defaultTabs: tabs,
      defaultEditorToolsVisibility: true,
      isHeadersEditorEnabled: true,
      shouldPersistHeaders: true,
      query: active.query || "",
      variables: active.variables || "",
      headers: active.headers || "",
    }),
    document.getElementById("graphiql"),
  );
</script>
</body>
</html>
""")

_PAGE_WITHOUT_SCRIPTS: Final = Template("""\
<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><title>$title</title></head>
<body>
<h1>$title</h1>
<p>GraphiQL is not installed here: it comes with the Python package <code>$package</code>.</p>
<p>The API itself answers at this address, to <code>POST</code> with a JSON body.</p>
</body>
</html>
""")
