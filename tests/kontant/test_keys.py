"""`kontant keys`: what it shows, and that it rotates."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import AbstractContextManager, asynccontextmanager, nullcontext
from types import SimpleNamespace
from typing import Any

import pytest
from typer.testing import CliRunner

import kontant.cli
import kontant.keys
from domain.operators.operator import Operator
from tests.auth.support import SignInWorld
from tests.support.world import World


@pytest.fixture
def signing(world: World, monkeypatch: pytest.MonkeyPatch) -> SignInWorld:
    signing = SignInWorld.of(world)

    @asynccontextmanager
    async def parts_of(_: Any, operator: Operator) -> AsyncGenerator[Any]:
        assert operator is signing.operator
        yield SimpleNamespace(identity=signing.identity)

    monkeypatch.setattr(kontant.keys, "parts_of", parts_of)
    return signing


async def test_a_key_is_shown_and_the_next_one_made(signing: SignInWorld) -> None:
    settings: Any = None
    shown = await kontant.keys.keys_of(settings, [signing.operator], rotate=False)
    [key] = shown["norrsken"]
    now = signing.clock.now().isoformat()
    assert (key["state"], key["createdAt"], key["signsFrom"], key["goneAt"]) == ("SIGNING", now, now, None)
    for _ in range(2):
        rotated = (await kontant.keys.keys_of(settings, [signing.operator], rotate=True))["norrsken"]
        assert [each["state"] for each in rotated] == ["SIGNING", "PUBLISHED"]
        assert rotated[0]["goneAt"] > rotated[1]["signsFrom"] > now


@pytest.mark.parametrize("as_json", [True, False])
def test_the_command_line_tells_it(monkeypatch: pytest.MonkeyPatch, as_json: bool) -> None:
    asked: list[bool] = []

    def started(*_: object) -> AbstractContextManager[None]:
        return nullcontext()

    async def keys_of(_: Any, operators: list[Operator], *, rotate: bool) -> Any:
        asked.append(rotate)
        key = {"id": "k", "state": "SIGNING", "createdAt": "a", "signsFrom": "b", "goneAt": None}
        return {operator.slug: [key] for operator in operators}

    monkeypatch.setattr(kontant.keys, "keys_of", keys_of)
    monkeypatch.setattr("kontant.database.started_server", started)
    options = ["--operator", "baltika", *(["--json"] if as_json else [])]
    for command in ("list", "rotate"):
        answer = CliRunner().invoke(kontant.cli.application, ["keys", command, *options])
        assert answer.exit_code == 0, answer.output
        expected = '{"keys": {"baltika": [{"id": "k",' if as_json else "baltika  k  SIGNING    signs from b\n"
        assert answer.output.startswith(expected)
    assert asked == [False, True]


@pytest.mark.parametrize(
    ("options", "typed", "code", "said"),
    [
        (["k", "--operator", "baltika", "--yes"], "", 0, "Withdrawn: k\n"),
        (["k", "--operator", "baltika"], "y\n", 0, "Withdrawn: k\n"),
        (["k", "--operator", "baltika"], "n\n", 1, ""),
        (["unknown", "--operator", "baltika", "--yes"], "", 1, "has published no key unknown."),
        (["k", "--yes"], "", 2, "--operator"),
    ],
)
def test_a_key_is_withdrawn_by_whoever_means_it(
    monkeypatch: pytest.MonkeyPatch, options: list[str], typed: str, code: int, said: str
) -> None:
    withdrawn: list[str] = []

    def started(*_: object) -> AbstractContextManager[None]:
        return nullcontext()

    async def withdraw(_: Any, operator: Operator, id: str) -> bool:
        assert operator.slug == "baltika"
        withdrawn.append(id)
        return id == "k"

    monkeypatch.setattr(kontant.keys, "withdraw", withdraw)
    monkeypatch.setattr("kontant.database.started_server", started)
    answer = CliRunner().invoke(kontant.cli.application, ["keys", "withdraw", *options], input=typed)
    assert (answer.exit_code, said in answer.output) == (code, True), answer.output
    assert bool(withdrawn) == (code == 0 or "unknown" in options)
