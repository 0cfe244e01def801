"""`breakwater profile` on the real programs."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from breakwater.bench import measure_compute
from breakwater.profile import profile, registry, render_report

COMMAND = [sys.executable, "-c", "from breakwater.cli import main; main()", "profile"]


def breakwater(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*COMMAND, *arguments],
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
        env=os.environ | {"COLUMNS": "120"},
    )


def test_trades_cost_what_the_bench_measures(tmp_path: Path) -> None:
    import asyncio

    page = tmp_path / "profile.html"
    done = breakwater("trade", "--repeat", "1", "--json", "--report", str(page))
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    bench = asyncio.run(measure_compute())
    rows = {(each["instruction"], each["group"]): each for each in found["instructions"]}
    assert {group for _, group in rows} == {"2 outcomes", "16 outcomes", "pm-AMM", "pm-AMM, decaying"}
    for (name, group), row in rows.items():
        cost = bench[f"{name} ({group})"]
        assert (row["calls"], row["cpi"]) == (2, []), (name, group)
        # what a reference or a decayed pool takes depends on the seconds that have passed
        assert abs(row["cu"]["max"] - cost.cu) <= cost.cu // 20, (name, group)
        assert row["own_cu"] == row["cu"]
        assert row["signers"] == 1
        assert row["writable"] == 5
        assert row["events"]["Traded"] == 2
        assert 0 < row["execution_ms"]["mean"] <= row["latency_ms"]["mean"] <= row["latency_ms"]["max"]
    assert len(rows) == 16
    assert found["transactions"] == 32
    assert found["compute_units"] == sum(row["cu"]["total"] for row in rows.values()) == found["tree"]["cu"]
    assert set(found["bottlenecks"]) == {"compute", "latency", "lock"}
    assert page.read_text(encoding="utf-8").startswith("<!doctype html>")


def test_the_page_loads_nothing_and_holds_the_profile(tmp_path: Path) -> None:
    import asyncio

    result = asyncio.run(profile("funds", repeat=2))
    page = render_report(result)
    assert "http" not in page
    start = page.index('id="data">') + len('id="data">')
    data = json.loads(page[start : page.index("</script>", start)])
    assert data["tree"] == result.as_dict()["tree"]
    assert len(data["samples"]) == 10
    assert "prefers-color-scheme" in page


async def test_a_deposit_is_split_into_its_own_units_and_the_token_programs() -> None:
    result = await profile("funds", repeat=3)
    rows = {each.name: each for each in result.rows}
    assert set(rows) == {
        f"exchange.{name}" for name in ("deposit", "provide_liquidity", "fold", "take_liquidity", "withdraw")
    }
    for name in ("exchange.deposit", "exchange.withdraw"):
        row = rows[name]
        (inner,) = row.inner
        assert inner.name == "token.TransferChecked"
        assert row.cu is not None
        assert row.own is not None
        assert inner.cu is not None
        assert row.cu.total == row.own.total + inner.cu.total
        assert inner.calls == row.calls == 3
    bench = await measure_compute()
    assert rows["exchange.deposit"].own is not None
    assert rows["exchange.deposit"].own.most == bench["exchange.deposit"].cu


async def test_the_lifecycle_is_what_the_bench_plays() -> None:
    result = await profile("lifecycle", repeat=1)
    bench = await measure_compute()
    legs = await profile("legs", repeat=1)
    pools = await profile("pools", repeat=1)
    rows = (*result.rows, *legs.rows, *pools.rows)
    played = {row.name for row in rows}
    assert played == {name.split(" ")[0].rstrip(":") for name in bench}
    for row in rows:
        assert row.own is not None
        most = max(c.cu for name, c in bench.items() if name.split(" ")[0] == row.name)
        assert row.own.most <= most * 1.02, row.name


async def test_ten_updates_share_a_slot_and_a_transaction() -> None:
    result = await profile("publish", repeat=4)
    rows = {each.group: each for each in result.rows}
    assert {group: (row.calls, row.transactions) for group, row in rows.items()} == {
        "one a slot": (4, 4),
        "ten in a row": (40, 40),
        "ten in a transaction": (40, 4),
    }
    assert result.contended is not None
    assert (result.contended.name, result.contended.writes) == ("feed", 48)


async def test_markets_are_settled_in_every_round() -> None:
    result = await profile("settlement", repeat=2)
    calls = {(row.name, row.group): row.calls for row in result.rows}
    for kind in ("2 outcomes", "16 outcomes", "pm-AMM", "pm-AMM, decaying"):
        assert calls["exchange.resolve", kind] == calls["exchange.close_market", kind] == 2
        assert calls["exchange.redeem", kind] == calls["exchange.close_position", kind] == 8
    assert len(calls) == 20


async def test_the_same_seed_measures_the_same_units() -> None:
    def units(found: dict[str, Any]) -> dict[str, Any]:
        return {f"{row['instruction']} {row['group']}": row["cu"] for row in found["instructions"]}

    first, again, other = [
        units((await profile("trade", repeat=3, seed=seed)).as_dict()) for seed in (5, 5, 6)
    ]
    assert first == again != other


def test_the_tables_and_the_sentences_are_for_people() -> None:
    done = breakwater("publish", "--repeat", "2")
    assert done.returncode == 0, done.stderr
    for words in (
        "Compute units: publish on embedded, 2 rounds",
        "oracle.publish",
        "takes most compute",
        "p99",
    ):
        assert words in done.stdout


@pytest.mark.parametrize("arguments", [[], ["list"]])
def test_scenarios_are_listed(arguments: list[str]) -> None:
    done = breakwater(*arguments)
    assert done.returncode == 0
    for name in registry():
        assert name in done.stdout


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["sail"], "Name a scenario: funds, legs, lifecycle, pools, publish, settlement, trade, not 'sail'."),
        (["trade", "--repeat", "0"], "Invalid value for '--repeat'"),
        (["trade", "--repeat", "1001"], "Invalid value for '--repeat'"),
        (["trade", "--engine", "moon"], "Name an engine: embedded, local"),
        (["trade", "--engine", "http://127.0.0.1:1"], "http://127.0.0.1:1 does not answer."),
        (["trade", "--report", "/nowhere/profile.html"], "Name a file in an existing directory"),
        (["trade", "--report", "/"], "Name a file in an existing directory"),
        (["trade", "--seed", "x"], "Invalid value for '--seed'"),
    ],
)
def test_bad_input_ends_in_one_sentence(arguments: list[str], sentence: str) -> None:
    done = breakwater(*arguments)
    assert done.returncode == 2
    assert sentence in done.stderr
    assert done.stderr.startswith("breakwater: ")
    assert done.stderr.count("\n") == 1
    assert done.stdout == ""


@pytest.mark.local
async def test_on_a_real_validator() -> None:
    result = await profile("trade", "local")
    assert (result.engine, result.repeat, len(result.samples)) == ("local", 1, 32)
    assert all(row.cu is not None and row.calls == 2 and row.execution is None for row in result.rows)
    assert result.latency.mean > 100
