"""The command line: exit codes, and sentences where something is wrong."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from contextlib import nullcontext
from pathlib import Path
from types import SimpleNamespace

import pytest
from typer.testing import CliRunner, Result

import kontant.cli
from persistence.load import Loaded

COMMANDS = ("run", "serve", "work", "migrate", "seed", "schema", "reset", "audit", "keys", "identity-numbers")


def _kontant(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "kontant", *arguments],
        env={**os.environ, **environment}, capture_output=True, text=True, check=False, timeout=30,
    )  # fmt: skip


def test_help_names_every_command() -> None:
    answer = _kontant("--help")
    assert answer.returncode == 0
    assert all(f"  {command} " in answer.stdout for command in COMMANDS)


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_explains_itself(command: str) -> None:
    answer = _kontant(command, "--help")
    assert answer.returncode == 0
    assert answer.stdout.startswith(f"Usage: kontant {command}")


@pytest.mark.parametrize(
    "arguments", [["ruin"], ["seed", "--cards", "none"], ["seed", "--cards", "0"], ["schema", "--write", "--check"]]
)
def test_wrong_usage_is_exit_code_2(arguments: list[str]) -> None:
    assert _kontant(*arguments).returncode == 2


@pytest.mark.parametrize("command", ["run", "migrate", "seed", "reset"])
def test_a_wrong_setting_is_one_sentence_and_exit_code_1(command: str) -> None:
    answer = _kontant(command, KONTANT_PORT="0")
    assert answer.returncode == 1
    assert answer.stderr == "kontant: KONTANT_PORT: Input should be greater than or equal to 1\n"


def test_a_database_server_that_is_not_there_is_one_sentence(tmp_path: Path) -> None:
    server = "postgresql://someone:hushhush@127.0.0.1:1"
    answer = _kontant("migrate", KONTANT_DATABASE_SERVER=server, KONTANT_DATA_FOLDER=str(tmp_path))
    assert answer.returncode == 1
    assert answer.stderr.startswith("kontant: database_server: PostgreSQL at 127.0.0.1:1 does not let us in")
    assert "hushhush" not in answer.stderr


def test_a_port_in_use_is_one_sentence(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        answer = _kontant("run", PORT=str(port), KONTANT_DATA_FOLDER=str(tmp_path))
    assert answer.returncode == 1
    assert answer.stderr == f"kontant: Port {port} is in use. Choose another: PORT=8100 make run\n"


def test_an_address_of_another_machine_is_one_sentence(tmp_path: Path) -> None:
    answer = _kontant("run", KONTANT_HOST="192.0.2.1", KONTANT_DATA_FOLDER=str(tmp_path))
    assert answer.returncode == 1
    assert answer.stderr == "kontant: host: 192.0.2.1 is not an address of this machine.\n"


def test_production_cannot_be_reset(tmp_path: Path) -> None:
    production = {
        "KONTANT_ENVIRONMENT": "production",
        "KONTANT_SECRET": "0123456789abcdef0123456789abcdef",
        "KONTANT_AUDIT__HEADS_FOLDER": str(tmp_path),
        "KONTANT_OPERATORS__NORRSKEN__PUBLIC_URL": "https://norrsken.localhost",
        "KONTANT_OPERATORS__BALTIKA__PUBLIC_URL": "https://baltika.localhost",
        "KONTANT_PAYMENT__PROVIDER": "sandbox",
        "KONTANT_MESSAGES__CARRIER": "outbox",
        "KONTANT_DATA_FOLDER": str(tmp_path),
    }
    (tmp_path / "postgres").mkdir()
    answer = _kontant("reset", "--yes", **production)
    assert (answer.returncode, answer.stderr) == (1, "kontant: there is nothing to reset in production.\n")
    assert (tmp_path / "postgres").exists()


def test_who_asks_for_fewer_cards_than_there_are_is_told_how_many_there_are(monkeypatch: pytest.MonkeyPatch) -> None:
    async def seed_cards(settings: object, operator: object, cards: int, progress: object) -> Loaded:
        return Loaded(max(0, cards - 12_000), max(cards, 12_000))

    monkeypatch.setattr("kontant.load.seed_cards", seed_cards)

    def started_server(settings: object, command: str) -> nullcontext[None]:
        return nullcontext()

    monkeypatch.setattr("kontant.database.started_server", started_server)

    def seed(cards: str) -> str:
        return CliRunner().invoke(kontant.cli.application, ["seed", "--cards", cards, "--operator", "norrsken"]).output

    assert seed("500").startswith("norrsken: already there: 12,000 cards (")
    assert seed("13500").startswith("norrsken: 1,500 cards made (")


def test_a_schema_that_drifted_is_shown_and_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    kept = tmp_path / "schema.graphql"
    monkeypatch.setattr(kontant.cli, "SCHEMA", kept)
    monkeypatch.setitem(sys.modules, "api.schema", SimpleNamespace(sdl=lambda: "type Query {\n  a: Int\n}\n"))

    def schema(*options: str) -> Result:
        return CliRunner().invoke(kontant.cli.application, ["schema", *options])

    assert schema("--write").exit_code == 0
    assert kept.read_text() == schema().output
    assert schema("--check").exit_code == 0
    kept.write_text("type Query {\n  b: Int\n}\n")
    answer = schema("--check")
    assert answer.exit_code == 1
    assert "-  b: Int\n+  a: Int\n" in answer.output
