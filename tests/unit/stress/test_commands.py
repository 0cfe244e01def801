"""`breakwater stress` and `bench tps` as people and machines use them."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from breakwater.cli import main
from breakwater.stress import Result, Suite, measure_tps, render_report, render_table, scenarios
from breakwater.stress import service as stress_service
from breakwater.stress.table import OWN
from breakwater.trials import Asked, Context, Outcome, Scenario, asked, at_least


def status_of(*arguments: str) -> int:
    with pytest.raises(SystemExit) as ended:
        main(list(arguments))
    return int(ended.value.code or 0)


async def _good(ctx: Context) -> Outcome:
    ctx.progress("working")
    return Outcome.judged([], 200, 200, {"count": 200}, charts={"rate": [(0, 1), (1, 3)]})


async def _bad(_: Context) -> Outcome:
    return Outcome.judged(["Something is <off>."], 150, 200, {"count": 150})


async def _early(_: Context) -> Outcome:
    raise ConnectionError("the cable is out")


async def _bug(_: Context) -> Outcome:
    raise ExceptionGroup("several", [ZeroDivisionError("division by zero")])


def _asked(source: str) -> tuple[Asked, ...]:
    return asked(source, ("an item", "95 %", "{count} of 200", at_least("count", 190)))


MADE_UP = (
    Scenario("good", "all goes well", "000 2.1", ("embedded",), _good, _asked("000 2.1")),
    Scenario("bad", "not all goes well", "001 7.5.4", ("embedded",), _bad, _asked("001 7.5.4")),
    Scenario("early", "it ends early", "003", ("embedded",), _early, _asked("003 X")),
    Scenario("bug", "it has one", "003", ("embedded",), _bug),
    Scenario("elsewhere", "not here", "003", ("local",), _good, _asked("003 Y")),
)


@pytest.fixture
def made_up(monkeypatch: pytest.MonkeyPatch) -> None:
    for place in ("service", "reliability"):
        monkeypatch.setattr(f"breakwater.stress.{place}.scenarios", lambda: MADE_UP)


def test_names_are_unique_and_every_item_has_a_source() -> None:
    every = scenarios()
    assert len({each.name for each in every}) == len(every)
    assert {"concurrent-trades", "liquidation-cascade", "network-congestion"} <= {e.name for e in every}
    assert all(each.engines and each.source for each in every)
    assert all(each.asked for each in OWN)


@pytest.mark.usefixtures("made_up")
def test_a_suite_goes_on_after_a_failure_and_ends_with_1(capsys: pytest.CaptureFixture[str]) -> None:
    assert status_of("stress", "suite", "--json") == 1
    said = capsys.readouterr()
    suite = json.loads(said.out)
    assert suite["passed"] is False
    found = [
        (each["name"], each["success_rate"], each["passed"], each["reason"]) for each in suite["scenarios"]
    ]
    *found, (bug, rate, passed, why) = found
    assert (bug, rate, passed) == ("bug", 0.0, False)
    assert re.fullmatch(
        r"It ended early: ZeroDivisionError in test_commands\.py:\d+: division by zero", why
    ), why
    assert found == [
        ("good", 1.0, True, ""),
        ("bad", 0.75, False, "150 of 200 operations succeeded. Something is <off>."),
        ("early", 0.0, False, "It ended early: the cable is out"),
    ]
    assert suite["machine"]["load"] >= 0
    assert "breakwater: bad: 150 of 200 operations succeeded." in said.err


@pytest.mark.usefixtures("made_up")
def test_one_that_passes_ends_with_0_and_writes_its_page(tmp_path: Path) -> None:
    page = tmp_path / "report.html"
    assert status_of("stress", "run", "good", "--report", str(page)) == 0
    text = page.read_text()
    assert "polyline" in text
    assert not re.search(r"(src|href)=|https?://", text), "the page loads nothing"


@pytest.mark.parametrize("option", ["--budget", "--duration", "--rate", "--collateral"])
@pytest.mark.parametrize("value", ["inf", "nan", "0"])
def test_no_number_without_an_end_is_taken(
    option: str, value: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert status_of("stress", "public", option, value) == 2
    assert f"Invalid value for '{option}'" in capsys.readouterr().err


@pytest.mark.usefixtures("made_up")
@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("run", "elsewhere"), "Run elsewhere on local, not embedded."),
        (("run", "nothing"), "Name a scenario that `stress list` shows, not 'nothing'."),
        (("suite", "--engine", "mainnet"), "Choose an engine out of embedded, local, not 'mainnet'."),
    ],
)
def test_bad_input_is_one_sentence_and_status_2(
    arguments: tuple[str, ...], sentence: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert status_of("stress", *arguments) == 2
    assert capsys.readouterr().err.strip().endswith(f"breakwater: {sentence}")


def test_the_list_is_there_for_machines(capsys: pytest.CaptureFixture[str]) -> None:
    assert status_of("stress", "list", "--json") == 0
    listed = json.loads(capsys.readouterr().out)
    assert [each["name"] for each in listed] == [each.name for each in scenarios()]
    assert set(listed[0]) == {"name", "title", "source", "engines"}


@pytest.mark.usefixtures("made_up")
async def test_the_table_shows_both_figures_and_what_failed() -> None:
    suite = await stress_service.suite(Context())
    found = suite.as_dict()
    text = render_table([found])
    assert "| 000 2.1 | an item | 95 % | 200 of 200 | `breakwater stress run good` |" in text
    assert "| 001 7.5.4 | an item | 95 % | **failed**: 150 of 200 | `breakwater stress run bad` |" in text
    assert "| 003 X | an item | 95 % | **failed**: not measured |" in text
    assert (
        "| 003 Y | an item | 95 % | **not run** | `breakwater stress run elsewhere --engine local` |" in text
    )
    assert "| bench | leveraged trades a second | >= 6,000 | **not run** | `breakwater bench tps` |" in text
    assert "1 of 10 items hold" in text
    assert found["options"] == {}
    found["options"] = {"scale": 0.02}
    less = render_table([found])
    assert "| **other numbers**: 200 of 200 | `breakwater stress run good --scale 0.02` |" in less
    assert "0 of 10 items hold" in less
    found["options"] = {"scale": 2}
    assert "1 of 10 items hold" in render_table([found])
    found["options"] = {}
    assert f"a load of {found['machine']['load']:.1f} at most" in text
    found["scenarios"][0]["figures"]["count"] = 189
    assert "| **missed**: 189 of 200 | `breakwater stress run good` |" in render_table([found])
    found["scenarios"][0]["figures"] = {}
    assert "0 of 10 items hold" in render_table([found])


@pytest.mark.parametrize(
    ("rate", "ratio", "broken", "held"),
    [
        (6_000.0, 0.8, (), 3),
        (6_000.0, None, (), 2),
        (5_999.0, 0.79, ("too slow", "too slow as well"), 1),
        (20.0, None, ("too slow",), 0),
        (6_000.0, 0.8, ("7 trades failed.",), 0),
        (6_000.0, None, ("7 trades failed.",), 0),
        (5_999.0, 0.8, ("too slow", "7 trades failed."), 0),
    ],
)
@pytest.mark.usefixtures("made_up")
def test_throughput_below_its_bound_is_missed_and_none_is_held_by_trades_that_failed(
    rate: float, ratio: float | None, broken: tuple[str, ...], held: int
) -> None:
    figures = {
        "embedded_trades_per_second": rate,
        "embedded_processes": 2,
        "embedded_trades_per_cpu_second": 1.0,
        "local_ratio": ratio,
        "local_trades_per_second": None if ratio is None else 1.0,
        "local_transfers_per_second": 1.0,
        "broken": broken,
    }
    assert f"{held} of 10 items hold" in render_table([figures])


@pytest.mark.usefixtures("made_up")
def test_the_table_shows_what_tests_reach_and_what_was_not_looked_at() -> None:
    reached = {"lines": 3_000, "lines_reached": 2_999, "branches": 3, "branches_reached": 2}
    text = render_table([{"coverage": {"client": reached}}])
    assert "| coverage of client | reported | 99.9 % of 3,000 lines, 66.6 % of 3 branches |" in text
    assert "| coverage of crates | reported | **not run** | `scripts/coverage` |" in text
    assert "1 of 10 items hold" in text


@pytest.mark.parametrize(
    ("more", "shown"),
    [
        ({"of": ["--rust", "math"]}, "| **other numbers**: 99.9 %"),
        ({"failed": True}, "| **failed**: 99.9 %"),
        ({"lines": 0}, "| **other numbers**: none of 0 lines"),
    ],
)
@pytest.mark.usefixtures("made_up")
def test_coverage_of_a_part_or_by_tests_that_failed_is_not_the_whole(
    more: dict[str, Any], shown: str
) -> None:
    reached = {"lines": 3_000, "lines_reached": 2_999, "branches": 3, "branches_reached": 2, **more}
    text = render_table([{"coverage": {"crates": reached}}])
    assert shown in text
    assert f"| `{' '.join(['scripts/coverage', *more.get('of', [])])}` |" in text
    assert "0 of 10 items hold" in text


@pytest.mark.usefixtures("made_up")
def test_no_mutants_are_no_score() -> None:
    assert "0 of 10 items hold" in render_table([{"mutation": {"caught": 0, "missed": 0, "shard": "all"}}])
    some = render_table([{"mutation": {"caught": 9, "missed": 1, "shard": "some"}}])
    assert "| **other numbers**: 90.0 %: 9 of 10 mutants | `scripts/mutants` |" in some
    assert "0 of 10 items hold" in some


@pytest.mark.parametrize(
    ("caught", "held", "ours"),
    [
        (40, 1, "80.0 %: 80 of 100 mutants"),
        (39, 0, "**missed**: 78.0 %: 78 of 100 mutants"),
    ],
)
@pytest.mark.usefixtures("made_up")
def test_a_mutation_score_below_its_bound_is_missed(caught: int, held: int, ours: str) -> None:
    parts = [
        {"mutation": {"caught": caught, "missed": 50 - caught, "shard": each}} for each in ("7/31", "0/31")
    ]
    text = render_table(parts)
    assert f"| >= 80 % | {ours} | `scripts/mutants --shard 0/31, 7/31` |" in text
    assert f"{held} of 10 items hold" in text


@pytest.mark.usefixtures("made_up")
def test_a_few_mutants_stand_for_all_only_when_they_are_enough_and_counted_once() -> None:
    part = {"mutation": {"caught": 99, "missed": 0, "shard": "0/31"}}
    whole = {"mutation": {"caught": 9, "missed": 1, "shard": "all"}}
    assert "1 of 10 items hold" in render_table([whole])
    for found in ([part], [whole, part]):
        assert "| **other numbers**: " in render_table(found)
        assert "0 of 10 items hold" in render_table(found)


@pytest.mark.parametrize(
    "text",
    [
        '{"coverage": {"client": {}}}',
        '{"coverage": [["client"]]}',
        '{"coverage": {"client": []}}',
        '{"mutation": {}}',
        '{"scenarios": [], "machine": {}}',
        "[]",
        "3",
        '{"scenarios": [{}]}',
        '{"passed": true}',
        "not JSON",
    ],
)
def test_a_table_of_something_else_is_refused(
    text: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").write_text(text)
    assert status_of("stress", "table", str(tmp_path / "file")) == 2
    assert capsys.readouterr().err.count("\n") == 1


@pytest.mark.parametrize("command", [("run", "chain-execution"), ("suite",), ("load",)])
def test_a_report_that_cannot_be_written_is_refused_before_anything_is_begun(
    command: tuple[str, ...], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert status_of("stress", *command, "--report", str(tmp_path / "none" / "x.html")) == 2
    assert "Name a file in an existing directory" in capsys.readouterr().err


def test_what_a_report_shows_is_escaped() -> None:
    outcome = Outcome(passed=False, success_rate=0.5, reason="<script>")
    page = render_report(Suite("embedded", 1, [Result(MADE_UP[0], "embedded", outcome, 1.0)]))
    assert "<script>" not in page
    assert "&lt;script&gt;" in page


async def test_trades_are_counted_over_processes_and_none_fails() -> None:
    figures = await measure_tps(500, 2, local=False)
    assert figures.embedded_processes == 2
    assert figures.embedded_trades == 1_000
    assert figures.local_ratio is None
    # whatever the machine is doing besides: nothing but the rate may be short
    assert all("trades a second" in each for each in figures.broken), figures.broken
    assert figures.embedded_trades_per_cpu_second > 500
