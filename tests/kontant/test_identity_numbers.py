"""`kontant identity-numbers rotate`: what it does, what it shows, and that it can be broken off."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator
from contextlib import AbstractContextManager, asynccontextmanager, nullcontext
from types import SimpleNamespace
from typing import Any

import pytest
from typer.testing import CliRunner

import kontant.cli
import kontant.identity_numbers
from domain.operators.operator import Operator
from domain.registration import usecases
from domain.registration.ports import Unreadable
from kontant.identity_numbers import Rotation, rotate_identity_number_key
from tests.support.world import World


async def test_every_number_is_sealed_anew_and_a_broken_rotation_goes_on(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    @asynccontextmanager
    async def parts_of(_: Any, operator: Operator) -> AsyncGenerator[Any]:
        yield SimpleNamespace(executor=world.executor, database=world.database)

    monkeypatch.setattr(kontant.identity_numbers, "parts_of", parts_of)
    monkeypatch.setattr(usecases, "CHUNK", 2)
    for _ in range(5):
        await world.identify(await world.person())
    told: list[tuple[int, int]] = []

    def stop_after_a_chunk(step: str, done: int, total: int) -> None:
        told.append((done, total))
        if done:
            raise KeyboardInterrupt

    settings: Any = None
    with pytest.raises(KeyboardInterrupt):
        await rotate_identity_number_key(settings, world.operator, stop_after_a_chunk)
    assert told == [(0, 5), (2, 5)]
    told.clear()

    def tell(step: str, done: int, total: int) -> None:
        told.append((done, total))

    done = await rotate_identity_number_key(settings, world.operator, tell)
    assert done == Rotation(version=2, resealed=3)
    assert told == [(0, 3), (2, 3), (3, 3)]


@pytest.fixture
def answers(monkeypatch: pytest.MonkeyPatch) -> dict[str, Rotation | Exception]:
    answers: dict[str, Rotation | Exception] = {}

    def started(*_: object) -> AbstractContextManager[None]:
        return nullcontext()

    async def rotate(_: Any, operator: Operator, __: Any) -> Rotation:
        answer = answers[operator.slug]
        if isinstance(answer, Exception):
            raise answer
        return answer

    monkeypatch.setattr(kontant.identity_numbers, "rotate_identity_number_key", rotate)
    monkeypatch.setattr("kontant.database.started_server", started)
    return answers


def test_the_command_line_tells_it(answers: dict[str, Rotation | Exception]) -> None:
    answers["baltika"] = Rotation(version=3, resealed=12)
    rotate = ["identity-numbers", "rotate", "--operator", "baltika"]
    said = CliRunner().invoke(kontant.cli.application, rotate)
    assert said.stdout == "baltika: version 3 of the key seals now; 12 sealed anew\n"
    said = CliRunner().invoke(kontant.cli.application, [*rotate, "--json"])
    assert json.loads(said.stdout) == {"identityNumbers": {"baltika": {"version": 3, "resealed": 12}}}


def test_what_cannot_be_read_stops_it_in_words(answers: dict[str, Rotation | Exception]) -> None:
    answers["baltika"] = Unreadable()
    said = CliRunner().invoke(kontant.cli.application, ["identity-numbers", "rotate", "--operator", "baltika"])
    assert said.exit_code == 1
    assert "another secret" in said.stderr
