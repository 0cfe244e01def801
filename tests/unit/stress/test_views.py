"""How `breakwater stress` looks to people: a verdict, a reason and every figure, as the JSON has them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from breakwater.cli import main
from breakwater.stress import scenarios
from breakwater.trials import Context, Outcome, Scenario


def run(capsys: pytest.CaptureFixture[str], *arguments: object) -> tuple[int, str, str]:
    with pytest.raises(SystemExit) as ended:
        main(["stress", *map(str, arguments)])
    captured = capsys.readouterr()
    return int(ended.value.code or 0), " ".join(captured.out.split()), captured.err


async def _missed(_: Context) -> Outcome:
    return Outcome.judged(["[/tmp/x] is [red]."], 1_500, 2_000, {"trades_done": 1_500, "kept": True})


@pytest.fixture(autouse=True)
def made_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "250")
    missed = Scenario("missed", "not all goes well", "nowhere", ("embedded",), _missed)
    monkeypatch.setattr("breakwater.stress.service.scenarios", lambda: (missed,))


def test_one_that_fails_is_shown_with_its_reason_and_its_figures(capsys: pytest.CaptureFixture[str]) -> None:
    status, out, err = run(capsys, "run", "missed")
    reason = "1,500 of 2,000 operations succeeded. [/tmp/x] is [red]."
    assert (status, "Traceback" in err) == (1, False)
    assert "Under stress on embedded" in out
    assert f"│ missed │ failed │ 75.00% │ 0.0 │ {reason} │" in out, "a reason is no markup"
    assert "│ trades done │ 1,500 │ │ kept │ True │" in out
    assert f"breakwater: missed: {reason}" in err
    found = json.loads(run(capsys, "run", "missed", "--json")[1])
    assert (found["passed"], found["scenarios"][0]["reason"]) == (False, reason)


def test_the_list_names_every_scenario_and_where_it_runs(capsys: pytest.CaptureFixture[str]) -> None:
    status, out, _ = run(capsys, "list")
    assert status == 0
    for each in scenarios():
        assert f"│ {each.name} │ {each.title} │ {', '.join(each.engines)} │ {each.source} │" in out


def test_a_table_is_written_where_it_is_wanted(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    results, out = tmp_path / "results.json", tmp_path / "table.md"
    results.write_text(json.dumps({"coverage": {}}))
    status, said, _ = run(capsys, "table", results)
    assert status == 0
    assert run(capsys, "table", results, "--out", out) == (0, "", "")
    assert " ".join(out.read_text().split()) == said
    assert run(capsys, "table", results, "--out", tmp_path / "none" / "x.md")[0] == 2
