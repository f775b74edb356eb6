"""`kontant audit`: what an auditor is told, and exit codes for scripts."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from typer.testing import CliRunner, Result

import kontant.auditing
from domain.operators.operator import Operator
from kontant.cli import application
from tests.auth.support import SECRET
from tests.support.auditing import Auditing
from tests.support.databases import TestServer
from tests.support.world import World


class Deployment:
    """A deployment whose one operator is audited. Its worker has sealed and published five rows."""

    def __init__(self, auditing: Auditing) -> None:
        self.auditing = auditing

    async def run(self, *arguments: str) -> Result:
        """Runs `kontant audit …`, which has an event loop of its own."""
        return await asyncio.to_thread(CliRunner().invoke, application, ["audit", *arguments])


@pytest.fixture
async def deployment(
    world: World, server: TestServer, database_name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Deployment:
    def its_database(operator: Operator) -> str:
        return database_name

    monkeypatch.setattr(kontant.auditing, "database_of", its_database)
    monkeypatch.setenv("KONTANT_DATABASE_SERVER", server.server.owner_url("postgres"))
    monkeypatch.setenv("KONTANT_DATABASE_APPLICATION_PASSWORD", server.server.application.password or "")
    monkeypatch.setenv("KONTANT_DATA_FOLDER", str(tmp_path))
    monkeypatch.setenv("KONTANT_SECRET", SECRET.decode())
    (tmp_path / "norrsken").mkdir()
    auditing = Auditing(world, tmp_path / "norrsken", heads="audit-heads.jsonl")
    await auditing.publish(2)
    await auditing.publish(3)
    return Deployment(auditing)


async def test_a_good_log_is_said_to_be_good_with_exit_code_0(deployment: Deployment) -> None:
    answer = await deployment.run("verify", "--operator", "norrsken")
    assert answer.exit_code == 0
    assert answer.stdout == "norrsken: good: 5 rows sealed, 5 of them vouched for by 2 published heads\n"
    assert "audit rows: 5 of 5" in answer.stderr


async def test_a_bad_row_is_named_with_exit_code_1(deployment: Deployment, owner: asyncpg.Connection[Any]) -> None:
    [second] = await deployment.auditing.chain.seals_from(2, most=1)
    await owner.execute("update audit set actor = 'another' where id = $1", second.audit_id)
    answer = await deployment.run("verify", "--operator", "norrsken")
    assert answer.exit_code == 1
    assert answer.stdout.startswith(f"norrsken: BAD: row 2 ({second.audit_id}) or its seal was edited")
    answer = await deployment.run("verify", "--operator", "norrsken", "--json")
    assert answer.exit_code == 1
    told = json.loads(answer.stdout)["norrsken"]
    assert told["good"] is False
    assert told["bad"] == {"fault": "EDITED", "sequence": 2, "audit_id": str(second.audit_id)}


async def test_the_heads_may_be_a_copy_that_somebody_else_has_kept(deployment: Deployment, tmp_path: Path) -> None:
    (tmp_path / "copy").mkdir()
    ours = deployment.auditing.heads.path
    (tmp_path / "copy" / ours.name).write_text(ours.read_text().splitlines(keepends=True)[0])
    answer = await deployment.run("verify", "--operator", "norrsken", "--heads", str(tmp_path / "copy"), "--json")
    assert json.loads(answer.stdout)["norrsken"] == {
        "good": True, "sealed": 5, "published": 2, "heads": 1, "unsealed": 0, "bad": None,
    }  # fmt: skip


async def test_published_heads_are_shown(deployment: Deployment) -> None:
    answer = await deployment.run("heads", "--operator", "norrsken")
    assert answer.exit_code == 0
    heads = [json.loads(line) for line in answer.stdout.splitlines()]
    assert [(head["operator"], head["sequence"]) for head in heads] == [("norrsken", 2), ("norrsken", 5)]
    path = deployment.auditing.heads.path
    path.write_text(path.read_text().splitlines(keepends=True)[1])
    answer = await deployment.run("heads", "--operator", "norrsken")
    assert answer.exit_code == 1
    assert answer.stderr == "kontant: norrsken: the head of 5 does not follow the one before it, of 0\n"


@pytest.mark.parametrize("arguments", [["verify", "--operator", "nobody"], ["verify", "--heads", "/nowhere"], ["very"]])
async def test_wrong_usage_is_exit_code_2(deployment: Deployment, arguments: list[str]) -> None:
    assert (await deployment.run(*arguments)).exit_code == 2
