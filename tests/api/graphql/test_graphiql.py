"""The page for people, in development."""

from __future__ import annotations

import base64
import hashlib
import re

import pytest
from starlette.applications import Starlette
from starlette.testclient import TestClient

from api.graphql import graphiql
from api.graphql.graphiql import Example, graphiql_assets, graphiql_page

HOSTILE = "</script><script>alert(1)</script>"
EXAMPLES = [Example("Home screen", "query Home { viewer { id } }", {"text": HOSTILE}, {"X-Operator": "norrsken"})]


def page() -> str:
    return graphiql_page(EXAMPLES, title="A & B", assets_path="/assets").decode()


def test_it_opens_with_the_examples() -> None:
    assert "# Home screen\\n\\nquery Home { viewer { id } }" in page()
    assert '\\"X-Operator\\": \\"norrsken\\"' in page()


def test_an_example_cannot_end_the_script() -> None:
    assert HOSTILE not in page()
    assert "<title>A &amp; B</title>" in page()


def test_it_needs_nothing_but_its_own_host() -> None:
    assert re.findall(r'(?:src|href)="(?!/assets/|data:)', page()) == []
    assert "://" not in page()


def test_its_scripts_are_there_and_are_the_ones_it_expects() -> None:
    client = TestClient(Starlette(routes=graphiql_assets("/assets")))
    wanted = re.findall(r'(?:src|href)="(/assets/[^"]+)" integrity="sha256-([^"]+)"', page())

    assert len(wanted) == 4
    for path, digest in wanted:
        content = client.get(path).content
        assert base64.b64encode(hashlib.sha256(content).digest()).decode() == digest


def test_without_the_package_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(graphiql, "find_spec", lambda _name: None)  # pyright: ignore[reportUnknownLambdaType, reportUnknownArgumentType]

    assert graphiql_assets("/assets") == []
    assert "graphene-django-graphiql-static" in page()
