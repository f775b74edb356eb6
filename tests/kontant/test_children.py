"""The processes of `kontant run`: they begin when they are let, and none outlives the supervisor."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from kontant.database import AlreadyRunningError, alone
from kontant.settings import Settings, read_settings

CHILD = """
import signal, sys, time
from kontant.children import wait_to_begin
wait_to_begin(int(sys.argv[1]))
print("working", flush=True)
time.sleep(60)
"""


def _start() -> tuple[subprocess.Popen[bytes], int]:
    reading, writing = os.pipe()
    child = subprocess.Popen([sys.executable, "-c", CHILD, str(reading)], pass_fds=[reading], stdout=subprocess.PIPE)
    os.close(reading)
    return child, writing


def test_a_child_works_once_it_may_and_ends_when_the_supervisor_is_gone() -> None:
    child, line = _start()
    with child:
        os.write(line, b"1")
        assert child.stdout
        assert child.stdout.readline() == b"working\n"
        os.close(line)  # as the kernel does for a process that is killed
        assert child.wait(10) == -signal.SIGTERM


def test_a_child_whose_supervisor_dies_before_never_begins() -> None:
    child, line = _start()
    with child:
        os.close(line)
        assert child.stdout
        assert child.stdout.read() == b""
        assert child.wait(10) == 1


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    monkeypatch.setenv("KONTANT_DATA_FOLDER", str(tmp_path))
    return read_settings()


def test_a_second_run_is_told_who_is_there(settings: Settings) -> None:
    you = f"kontant run .process {os.getpid()}"
    with alone(settings, "run"), pytest.raises(AlreadyRunningError, match=you), alone(settings, "reset"):
        pytest.fail("only one may be there")
    with alone(settings, "reset"):
        pass


def test_a_run_knows_whether_the_last_one_ended_as_it_should(settings: Settings) -> None:
    with alone(settings, "run") as was_clean:
        assert was_clean
    with alone(settings, "run") as was_clean:
        assert was_clean
    (settings.data_folder / "running").write_text("kontant run (process 1)")
    with alone(settings, "run") as was_clean:
        assert not was_clean
