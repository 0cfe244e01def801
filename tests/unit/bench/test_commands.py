"""`breakwater bench` as it is typed: tables, JSON, and what is said of a bound that does not hold."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from typing import Any

import pytest

from breakwater.archive import bench as archive_bench
from breakwater.bench import CEILINGS, compute, derive_many, sending
from breakwater.cascade import bench as cascade_bench
from breakwater.cli import _bench_view as view
from breakwater.cli import main
from breakwater.levels.model import TARGETS as LEVELS
from breakwater.stress import TpsFigures


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    """Exit status, standard output, standard error."""
    with pytest.raises(SystemExit) as ended:
        main(["bench", *arguments])
    said = capsys.readouterr()
    return int(ended.value.code or 0), said.out, said.err


def rows(table: str) -> dict[str, list[str]]:
    """Rows of a table with borders, by their first cell; none of them wraps."""
    found = {}
    for line in table.splitlines():
        if line.startswith("│"):
            first, *rest = (cell.strip() for cell in line.strip("│").split("│"))
            found[first] = rest
    return found


def judged(figures: dict[str, Any], status: int, err: str, least: tuple[str, ...]) -> None:
    """A figure beyond its target is named with both numbers, no other one is, and that alone is status 1."""
    sentences = [line for line in err.splitlines() if line.startswith("breakwater: ")]
    missed = [
        name
        for name, target in figures["targets"].items()
        if (figures[name] < target if name.endswith(least) else figures[name] > target)
    ]
    assert [sentence.split()[1] for sentence in sentences] == missed
    assert all(re.fullmatch(r"breakwater: \w+ is [\d,.]+, the target is [\d,]+\.", s) for s in sentences)
    assert status == (1 if missed else 0)


def test_compute_units_are_a_table_whose_names_are_whole(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    status, out, err = run(capsys, "cu")
    assert (status, err.count("breakwater:")) == (0, 0)
    assert "…" not in out
    words = set(out.replace("│", " ").split())
    assert {each.split()[0] for each in CEILINGS} <= words
    assert "50,000 (the" in " ".join(out.split())
    assert "50,000 to 50,000" not in " ".join(out.replace("│", " ").split())


def test_an_instruction_above_its_ceiling_is_named_and_ends_with_1(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(compute.CEILINGS, "exchange.buy", 1_000)
    status, out, err = run(capsys, "cu", "--json")
    measured = json.loads(out)["embedded"]
    cost = measured["exchange.buy"]["cu"]
    assert status == 1
    assert f"breakwater: exchange.buy costs {cost:,} CU on embedded, its ceiling is 1,000.\n" in err
    assert err.count("breakwater:") == 1
    assert measured["exchange.buy"]["ceiling"] == 1_000
    assert measured["exchange.buy"]["published"]["low"] == 31_322
    assert CEILINGS.keys() <= measured.keys()
    assert all(each["cu"] > 0 <= each["token_cu"] for each in measured.values())


def test_few_arguments_may_leave_a_function_without_an_error(capsys: pytest.CaptureFixture[str]) -> None:
    """One random argument is too coarse an amount to be a real number; the rest has its figures."""
    status, out, err = run(capsys, "math", "--samples", "1", "--json")
    figures = json.loads(out)
    assert (status, figures["failures"], figures["ok"]) == (0, [], True)
    without = {name for name, each in figures["functions"].items() if each["max_scaled_error"] is None}
    assert without == {name for name in without if figures["functions"][name]["mean_scaled_error"] is None}
    assert without
    assert figures["max_scaled_error"] == max(
        each["max_scaled_error"] or 0 for each in figures["functions"].values()
    )
    assert "breakwater:" not in err


def test_addresses_are_counted_by_kind_and_their_digest_is_in_one_piece(
    capsys: pytest.CaptureFixture[str],
) -> None:
    status, out, _ = run(capsys, "addresses", "--count", "1000")
    shown = {name: int(cells[0]) for name, cells in rows(out).items()}
    found = derive_many(1_000, processes=1)
    assert status == 0
    assert shown == found.kinds
    assert sum(shown.values()) == 1_000
    assert f"\nSHA-256 of all: {found.digest}\n" in out
    twice = replace(found, collisions=2)
    assert "2 the same as another" in view.addresses_summary(twice)


def test_the_archive_is_measured_and_a_missed_target_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    status, out, err = run(capsys, "archive", "--positions", "500", "--markets", "100", "--json")
    figures = json.loads(out)
    judged(figures, status, err, archive_bench.AT_LEAST)
    assert (figures["positions"], figures["snapshot_markets"]) == (500, 100)
    # so few positions do not pay for their dictionaries
    assert "breakwater: archive_ratio is " in err
    assert figures["append_cu"] < figures["verify_cu"] <= 6_000
    assert figures["prune_cu_per_position"] <= figures["prune_cu_dearest"]
    assert figures["archive_ratio_of_data"] < figures["archive_ratio"]
    shown = rows(render(view.archive_table(figures)))
    assert shown["append_cu"] == [f"{figures['append_cu']:,}", "<= 4,000", "7,972"]
    assert shown["archive_ratio"] == [f"{figures['archive_ratio']:,.3f}", ">= 20", "10"]
    assert shown.keys() == figures.keys() - {"targets", "published"}


def test_the_cascade_engine_is_measured_in_part_and_names_are_whole(
    capsys: pytest.CaptureFixture[str],
) -> None:
    status, out, err = run(capsys, "cascade", "--part", "0.02", "--json")
    figures = json.loads(out)
    judged(figures, status, err, ("per_second",))
    for name in ("signal", "redis", "redis_synced"):
        unit = "us" if name == "signal" else "ms"
        p50, p99, raw = (figures[f"{name}_{part}_{unit}"] for part in ("p50", "p99", "raw_p99"))
        assert 0 < p50 <= p99 <= raw, name
    shown = rows(render(view.cascade_table(figures)))
    assert shown.keys() == figures.keys() - {"targets", "published"} == set(cascade_bench.Figures.__slots__)
    assert shown["redis_p99_ms"] == [f"{figures['redis_p99_ms']:,.3f}", "<= 2", "2.0"]
    assert shown["batch_events_per_second"][1] == ">= 10,000,000"


def render(table: Any) -> str:
    """As a terminal of 80 columns shows it."""
    from io import StringIO

    from rich.console import Console

    out = StringIO()
    Console(file=out, width=80).print(table)
    return out.getvalue()


def test_service_levels_are_shown_with_all_their_bounds(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    status, out, err = run(capsys, "slo", "--part", "0.02", "--soak", "1")
    shown = rows(out)
    assert shown.keys() == {each.what for each in LEVELS.values()}
    assert shown["of 80 requests told to wait at a limit of 50"][:2] == ["30.000", "> 29 and < 31"]
    assert shown["GETs over HTTP"][1:3] == ["> 500 /s", "> 50/s"]
    missed = [what for what, cells in shown.items() if cells[-1] == "MISSED"]
    assert status == (1 if missed else 0)
    for what in missed:
        measured, target = shown[what][:2]
        assert f"breakwater: {what}: {measured}, the target is {target}.\n" in err


def test_trades_are_measured_and_what_was_not_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    status, out, err = run(capsys, "tps", "--trades", "500", "--processes", "1", "--no-local")
    shown = rows(out)
    rate = float(shown["embedded, a second"][0].replace(",", ""))
    assert shown["embedded, processes"][0] == "1"
    for each in ("local, landed a second", "local, transfers landed a second", "local, trades to transfers"):
        assert shown[each][0] == "not measured"
    said = f"breakwater: The embedded engine does {rate:,.0f} trades a second, not 6,000"
    assert (status, said in err) == ((1, True) if rate < 6_000 else (0, False))


@pytest.mark.parametrize("engine", ["embedded", "nonsense"])
def test_sending_wants_an_engine_with_rpc(engine: str, capsys: pytest.CaptureFixture[str]) -> None:
    status, out, err = run(capsys, "send", "--engine", engine)
    assert (status, out) == (2, "")
    assert re.search(
        r"^breakwater: (Measure sending on local|Name an engine: embedded, local).*\.$", err, re.MULTILINE
    )


def test_each_bound_of_sending_is_a_sentence() -> None:
    good = sending.SendFigures("local", 600, 100.0, 50.0, 8_000, 3_000.0, 150.0, 30.0, 3.0, 7_990, 10, 7_990)
    assert good.broken == []
    assert replace(good, ratio=24.9).broken == ["The sender gets 24.9 times as much accepted, not 25 times."]
    assert replace(good, landed_ratio=2.4).broken == ["The sender lands 2.4 times as much, not 2.5 times."]
    assert replace(good, reported=9).broken == ["1 transactions are unaccounted for."]
    assert replace(good, on_chain=7_991).broken == ["1 transactions landed that the sender did not tell of."]
    shown = rows(render(view.send_table(good)))
    assert shown["accepted"] == ["100", "3,000", "30.0x"]
    assert shown["landed"] == ["50", "150", "3.0x"]
    assert "7,990 of 8,000 confirmed, 10 reported" in " ".join(render(view.send_table(good)).split())


def test_why_throughput_fell_stands_below_its_table() -> None:
    figures = TpsFigures(7_000.0, 2, 3_500.0, 1_000, 900.0, 1_000.0, 0.9, 6_000, "BlockhashExpired 3", ())
    shown = render(view.tps_table(figures.as_dict()))
    assert rows(shown)["local, trades to transfers"] == ["0.9", "0.8"]
    assert shown.splitlines()[-1].strip() == "BlockhashExpired 3"


@pytest.mark.parametrize(
    "arguments",
    [
        ("addresses", "--count", "999"),
        ("archive", "--positions", "499"),
        ("cascade", "--part", "nan"),
        ("cu", "--engine", "devnet"),
        ("math", "--samples", "0"),
        ("slo", "--soak", "inf"),
        ("tps", "--processes", "0"),
    ],
)
def test_a_size_out_of_bounds_is_one_sentence(
    arguments: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    status, out, err = run(capsys, *arguments)
    assert (status, out, err.count("\n")) == (2, "", 1)
    assert err.startswith(f"breakwater: Invalid value for '{arguments[1]}': ")
