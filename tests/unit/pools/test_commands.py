"""`breakwater pools` without a service: the drill in simulated time, its verdict, and what is refused."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from breakwater import pools
from breakwater.cli import main
from breakwater.pools import DrillResult

GOOD = DrillResult("local", 1, 1, 1.0, 100, 100, 1.0, reconciled=True, sums=9, clients=5, reads=10)


def run(capsys: pytest.CaptureFixture[str], *arguments: object) -> tuple[int, str, str]:
    with pytest.raises(SystemExit) as ended:
        main(["pools", *map(str, arguments)])
    captured = capsys.readouterr()
    return int(ended.value.code or 0), captured.out, captured.err


def test_a_simulated_drill_reconciles_to_the_unit_and_its_table_has_the_figures_of_its_json(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "160")
    drill = ("drill", "--engine", "embedded", "--pools", 2, "--threads", 5, "--seconds", 20, "--seed", 4)
    status, out, err = run(capsys, *drill, "--json")
    found = json.loads(out)
    assert status == 0, err
    assert (found["lost_units"], found["reconciled"], found["killed"], found["alerts"]) == (0, True, 0, 0)
    assert found["operations"] == found["succeeded"] > 5
    status, out, err = run(capsys, *drill)
    table = " ".join(out.split())
    assert (status, err.count("breakwater: ")) == (0, 0)
    assert "2 pools, 5 threads on embedded" in table
    for row in ("lost units │ 0 │", f"succeeded │ {found['succeeded']} (100.00%)"):
        assert row in table
    # nobody reads and no process works in simulated time: there is nothing to show of either
    assert ("reads of" in table, "CPU" in table) == (False, False)


@pytest.mark.parametrize(
    ("result", "broken"),
    [
        (GOOD, []),
        (replace(GOOD, lost_units=7, reconciled=False), ["7 units are lost"]),
        (replace(GOOD, success_rate=0.9, succeeded=90), ["90.00% of operations succeeded"]),
        (replace(GOOD, operations=0, succeeded=0), ["nothing was done"]),
        (replace(GOOD, alerts=2), ["2 alerts"]),
        (replace(GOOD, read_p95_ms=50.0), ["5 of 100 reads took over 50.0 ms"]),
    ],
)
def test_every_bound_that_is_broken_is_a_sentence_and_status_1(
    result: DrillResult,
    broken: list[str],
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def done(*_: object) -> DrillResult:
        return result

    monkeypatch.setattr(pools, "drill", done)
    status, out, err = run(capsys, "drill")
    assert status == bool(broken)
    assert [line for line in err.splitlines() if line] == [f"breakwater: {each}." for each in broken]
    assert "reads of 5 clients" in " ".join(out.split())


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("drill", "--engine", "moon"), "Drill on embedded or local, not 'moon'."),
        (("call", "threads.list", "{"), "Give the parameters as a JSON object."),
        (("call", "threads.list", "--token-file", "none"), "Name the service's --token-file: there is no"),
        (("serve",), "Name at least one --endpoint, or set BREAKWATER_RPC_URL."),
    ],
)
def test_bad_input_is_one_sentence(
    arguments: tuple[str, ...],
    sentence: str,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("BREAKWATER_RPC_URL", raising=False)
    status, out, err = run(capsys, *arguments)
    assert (status, out) == (2, "")
    assert err.splitlines()[-1].startswith(f"breakwater: {sentence}")


@pytest.mark.parametrize(
    ("url", "sentence"),
    [
        ("http://127.0.0.1:1", "Start breakwater pools serve: nothing answers at http://127.0.0.1:1"),
        ("http://x:y", "Give --url as an http address, not 'http://x:y'."),
    ],
)
def test_a_call_to_nobody_says_what_to_start(
    url: str, sentence: str, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    token = tmp_path / "token"
    token.write_text("# of the service\nsecret\n")
    status, out, err = run(capsys, "call", "threads.list", "--url", url, "--token-file", token)
    assert (status, out) == (2, "")
    assert err.startswith(f"breakwater: {sentence}")
    assert "secret" not in err


def test_the_unit_is_printed_with_its_options(capsys: pytest.CaptureFixture[str]) -> None:
    status, out, _ = run(capsys, "unit", "--memory", "1G", "--", "--core", "/keys/core.json", "--quorum", "2")
    assert (status, out.count("MemoryMax=1G")) == (0, 1)
    assert "LoadCredential=core:/keys/core.json" in out
    assert "--core %d/core --quorum 2" in out
