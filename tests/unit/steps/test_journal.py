"""The journal: appended, durable, one writer, and readable after a rude end."""

from __future__ import annotations

import json
import stat
from pathlib import Path

import pytest

from breakwater.errors import InvalidInput
from breakwater.steps import Journal


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "deep" / "journal.jsonl"


def test_a_line_is_on_the_disk_when_it_is_written(file: Path) -> None:
    with Journal(file) as journal:
        journal.write("buffer", "begin", "oracle", expires=7)
        (line,) = file.read_text().splitlines()
    entry = json.loads(line)
    assert {name: entry[name] for name in ("step", "state", "program", "expires")} == {
        "step": "buffer",
        "state": "begin",
        "program": "oracle",
        "expires": 7,
    }


def test_it_is_readable_by_its_owner_alone(file: Path) -> None:
    with Journal(file):
        assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_another_run_reads_what_was_begun_and_appends(file: Path) -> None:
    with Journal(file) as journal:
        journal.write("buffer", "begin", "oracle")
        journal.write("buffer", "done", "oracle")
        journal.write("buffer", "begin", "exchange")
    with Journal(file) as journal:
        assert journal.begun("buffer", "oracle") is None
        assert journal.begun("buffer", "exchange") is not None
        assert journal.begun("write", "exchange") is None
        assert journal.last("buffer", "oracle") is not None
        journal.write("buffer", "found", "exchange")
        assert journal.begun("buffer", "exchange") is None
    assert len(file.read_text().splitlines()) == 4


@pytest.mark.parametrize("cut", [1, 20, 60])
def test_half_a_line_is_fenced_off_and_what_it_announced_was_not_begun(file: Path, cut: int) -> None:
    with Journal(file) as journal:
        journal.write("plan", "done")
        whole = file.read_bytes()
        journal.write("buffer", "begin", "oracle")
    half = file.read_bytes()[: len(whole) + cut]
    file.write_bytes(half)
    with Journal(file) as journal:
        assert [each["step"] for each in journal.entries] == ["plan"]
        journal.write("buffer", "begin", "oracle")
    assert file.read_bytes().startswith(half)  # nothing that was written is ever changed
    with Journal(file) as journal:
        assert [each["step"] for each in journal.entries] == ["plan", "buffer"]


def test_two_writers_are_refused(file: Path) -> None:
    with Journal(file), pytest.raises(InvalidInput, match="Wait for the run"):
        Journal(file)
    with Journal(file):
        pass


def test_a_file_that_is_no_journal_is_refused_and_left_alone(file: Path) -> None:
    file.parent.mkdir()
    file.write_text("dear diary\n")
    with pytest.raises(InvalidInput, match="Name another journal"):
        Journal(file)
    assert file.read_text() == "dear diary\n"
