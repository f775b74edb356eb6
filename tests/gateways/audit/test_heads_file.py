"""The file of published heads is only ever added to, by one process at a time, and outlives a crash in mid-line."""

from __future__ import annotations

from pathlib import Path

import pytest

from gateways.audit.heads_file import TAIL_BYTES, HeadsFile


@pytest.fixture
def heads(tmp_path: Path) -> HeadsFile:
    return HeadsFile(tmp_path / "heads.jsonl")


def append(heads: HeadsFile, *lines: str) -> None:
    with heads.appending() as appender:
        assert appender is not None
        for line in lines:
            appender.append(line)


def last_lines(heads: HeadsFile) -> list[str]:
    with heads.appending() as appender:
        assert appender is not None
        return list(appender.last_lines())


def test_lines_are_kept_in_their_order(heads: HeadsFile) -> None:
    assert list(heads.lines()) == []
    assert last_lines(heads) == []
    append(heads, "one", "two")
    append(heads, "three")
    assert list(heads.lines()) == last_lines(heads) == ["one", "two", "three"]
    assert heads.path.read_text() == "one\ntwo\nthree\n"


def test_after_a_crash_in_mid_line_the_next_begins_on_a_line_of_its_own(heads: HeadsFile) -> None:
    append(heads, "one")
    with heads.path.open("a") as file:
        file.write('{"payl')
    append(heads, "two")
    assert heads.path.read_text() == 'one\n{"payl\ntwo\n'


def test_one_process_appends_at_a_time(heads: HeadsFile) -> None:
    with heads.appending() as first, heads.appending() as second:
        assert first is not None
        assert second is None
    append(heads, "one")


def test_of_a_long_file_only_the_end_is_read(heads: HeadsFile) -> None:
    line = "x" * 5_000
    append(heads, *[f"{n:02}{line}" for n in range(30)])
    found = last_lines(heads)
    assert found[-1].startswith("29")
    assert 8 <= len(found) <= TAIL_BYTES // len(line)
    assert all(len(each) == len(line) + 2 for each in found)
    assert len(list(heads.lines())) == 30
