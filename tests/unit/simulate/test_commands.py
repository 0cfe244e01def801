"""`breakwater simulate` and `breakwater faults` as they are typed."""

from __future__ import annotations

import asyncio
import json
import multiprocessing
from typing import TYPE_CHECKING

import pytest

from breakwater.cli import main
from breakwater.faults.drills import DRILLS
from breakwater.simulate import simulating

if TYPE_CHECKING:
    from pathlib import Path


def run(*arguments: str) -> int:
    with pytest.raises(SystemExit) as ended:
        main(list(arguments))
    assert isinstance(ended.value.code, int)
    return ended.value.code


def test_a_seed_is_shown_and_its_trace_written(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "trace"
    assert run("simulate", "--seed", "6", "--trace", str(file), "--json") == 0
    shown = json.loads(capsys.readouterr().out)
    assert shown["ok"]
    assert shown["violations"] == []
    assert len(shown["trace_hash"]) == 64
    assert sum("landed" in line for line in file.read_text().splitlines()) > 20


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["simulate", "--broken", "all"], "Name a break: solvency, sale, loan, not 'all'."),
        (["simulate", "--trace", "x"], "Name the --seed that --trace is to be written of."),
        (["faults", "drill", "x"], "Name drills that breakwater faults list shows, not 'x'."),
        (
            ["faults", "proxy", "http://x", "--profile", "y"],
            "Choose a --profile out of honest, public, lying",
        ),
        (["faults", "proxy", "x"], "Give the endpoint behind the proxy as an http address, not 'x'."),
    ],
)
def test_bad_input_is_one_sentence(
    arguments: list[str], says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(*arguments) == 2
    shown = capsys.readouterr().err
    assert shown.startswith(f"breakwater: {says}")
    assert shown.count("\n") == 1


async def test_a_simulation_that_is_cancelled_ends_its_processes() -> None:
    running = asyncio.create_task(simulating(range(1, 1_000)))
    async with asyncio.timeout(60):
        while not multiprocessing.active_children():  # noqa: ASYNC110 - a process has no event
            await asyncio.sleep(0.01)
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        while multiprocessing.active_children():  # noqa: ASYNC110 - the same
            await asyncio.sleep(0.01)
    assert running.cancelled()


def test_drills_are_listed_and_run(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("faults", "list", "--json") == 0
    assert [each["name"] for each in json.loads(capsys.readouterr().out)] == list(DRILLS)
    assert run("faults", "drill", "exchange-cut", "--part", "0.1", "--json") == 0
    shown = json.loads(capsys.readouterr().out)
    assert (shown["passed"], shown["lost"], shown["name"]) == (True, 0, "exchange-cut")
