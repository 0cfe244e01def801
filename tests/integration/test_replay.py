"""The main job, end to end: a day of markets on real programs, settled as in reality, with nothing lost."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from breakwater.replay import Capture, Options, ReplayResult, generate_day, render_report, replay
from breakwater.replay._books import Books

REAL = Path(__file__).parents[3] / "shared" / "data" / "polymarket"


@pytest.fixture(scope="module")
def day() -> Capture:
    return generate_day(5, hours=4)


@pytest.fixture(scope="module")
def result(day: Capture) -> ReplayResult:
    import asyncio

    return asyncio.run(replay(day, Options(trades=100, seed=2, record=True)))


def test_every_market_settles_as_it_did_and_nothing_is_lost(result: ReplayResult) -> None:
    found = result.as_dict()
    assert (found["markets"], found["settled"], found["mismatches"]) == (48, 48, 0)
    assert (found["lost_units"], found["differences"]) == (0, {})
    assert found["audits"] == 48 + 2
    assert result.ok
    assert not result.partial


def test_all_sides_trade_and_refusals_are_counted_by_name(result: ReplayResult) -> None:
    found = result.as_dict()
    assert set(found["trades_by_side"]) == {"buy", "sell", "open", "close"}
    assert found["trades"] + found["rejected_total"] == 48 * 100 + found["feed"]["refused_stale"]
    assert all(name.startswith("exchange.") for name in found["rejected"])
    assert 0 < found["fees"] < found["volume"] / 100
    vault = found["vault"]
    assert vault["profit_and_loss"] == sum(row.vault for row in result.markets) != 0


def test_an_outage_shows_as_stale_degraded_trading_and_recovery(result: ReplayResult) -> None:
    feed = result.as_dict()["feed"]
    assert feed["stale_outages"] >= 1
    assert feed["stale_seconds"] > 30
    assert feed["refused_stale"] > 0
    assert feed["degraded_opens"] > 0
    assert feed["recovered"] == feed["stale_outages"]
    assert result.rejected["exchange.open: OracleStale"] == feed["refused_stale"]


def test_compute_units_are_counted_by_instruction(result: ReplayResult) -> None:
    compute = result.compute
    assert compute["oracle.publish"]["n"] == result.publications
    assert compute["exchange.buy"]["n"] == result.sides["buy"]
    assert compute["exchange.resolve"]["n"] == 48
    assert compute["exchange.create_position"]["n"] == compute["exchange.close_position"]["n"]
    assert all(0 < cost["p50"] <= cost["p99"] <= cost["max"] for cost in compute.values())


def test_the_report_has_every_market(result: ReplayResult) -> None:
    page = render_report(result)
    assert page.count('"ticks":') == 48
    assert all(row.series is not None and row.series.trades for row in result.markets)


async def test_the_same_seed_gives_the_same_result(day: Capture) -> None:
    options = Options(markets=2, trades=30)
    first, second = [(await replay(day, options)).as_dict() for _ in range(2)]
    for each in (first, second):
        del each["seconds"], each["transactions_per_second"]
    assert first == second


async def test_an_outcome_that_differs_is_a_mismatch(day: Capture) -> None:
    markets = (replace(day.markets[0], up_won=not day.markets[0].up_won), *day.markets[1:])
    result = await replay(replace(day, markets=markets), Options(markets=2, trades=5))
    assert (result.settled, result.mismatches, result.lost_units) == (1, 1, 0)
    assert not result.ok


async def test_a_single_unit_that_goes_astray_is_noticed(
    day: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    honest = Books._traded
    astray = iter([1])

    def careless(self: Books, market: Any, trader: bytes, fill: Any) -> None:
        honest(self, market, trader, fill)
        self.balances[trader] += next(astray, 0)

    monkeypatch.setattr(Books, "_traded", careless)
    result = await replay(day, Options(markets=1, trades=5))
    # once after the market and once at the end
    assert result.lost_units == 2
    assert [what.split()[0] for what in result.as_dict()["differences"]] == ["balance"]


async def test_a_stop_leaves_a_partial_result_that_adds_up(day: Capture) -> None:
    seen: list[int] = []

    def stop() -> bool:
        seen.append(0)
        return len(seen) > 700

    result = await replay(day, Options(trades=30), stop=stop)
    assert result.partial
    assert 0 < result.settled < 48
    assert (result.mismatches, result.lost_units) == (0, 0)


@pytest.mark.skipif(not REAL.is_dir(), reason="the captures are not beside the repository")
async def test_real_markets() -> None:
    from breakwater.replay import read_capture

    result = await replay(read_capture(REAL), Options(markets=8))
    assert (result.settled, result.mismatches, result.lost_units) == (8, 0, 0)
    # the first one closes with the capture's very first tick
    assert result.markets[0].close_s == 1_784_851_200


def breakwater(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([*COMMAND, *arguments], capture_output=True, text=True, timeout=300, check=False)


COMMAND = [sys.executable, "-c", "from breakwater.cli import main; main()", "replay"]


def test_the_command_prints_json_and_writes_a_report(tmp_path: Path) -> None:
    page = tmp_path / "report.html"
    done = breakwater("--markets", "2", "--trades", "10", "--json", "--report", str(page))
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert (found["markets"], found["settled"], found["mismatches"], found["lost_units"]) == (2, 2, 0, 0)
    assert found["transactions"] > 600
    assert found["transactions_per_second"] > 0
    assert page.read_text().startswith("<!doctype html>")


def test_the_command_prints_a_table() -> None:
    done = breakwater("--markets", "1", "--trades", "10")
    assert done.returncode == 0
    for word in ("settled as in reality", "lost units", "vault profit and loss", "exchange.buy"):
        assert word in done.stdout


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["/nowhere/at/all"], "Name a capture directory: /nowhere/at/all is not one."),
        (["--engine", "moon"], "Name an engine: embedded or local, not 'moon'."),
        (["--markets", "0"], "Invalid value for '--markets'"),
        (["--report", "/nowhere/report.html"], "Name a file in an existing directory"),
    ],
)
def test_bad_input_ends_in_one_sentence(arguments: list[str], sentence: str) -> None:
    done = breakwater(*arguments)
    assert done.returncode == 2
    assert sentence in done.stderr
    assert "Traceback" not in done.stderr
    assert done.stdout == ""


def test_ctrl_c_gives_what_there_is() -> None:
    with subprocess.Popen(
        [*COMMAND, "--json"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ | {"COLUMNS": "100", "FORCE_COLOR": "1"},
    ) as running:
        # the bar is there once Ctrl-C asks for a partial result; earlier it would end the command at once
        _wait_for(running, "markets settled")
        running.send_signal(signal.SIGINT)
        out, err = running.communicate(timeout=300)
    assert running.returncode == 130, err
    assert "Traceback" not in err
    found = json.loads(out)
    assert found["partial"] is True
    assert (found["mismatches"], found["lost_units"]) == (0, 0)


def _wait_for(running: subprocess.Popen[str], text: str) -> None:
    """Read standard error until it says so."""
    assert running.stderr is not None
    seen, deadline = "", time.monotonic() + 300
    while text not in seen:
        chunk = os.read(running.stderr.fileno(), 4_096).decode(errors="replace")
        seen += chunk
        assert chunk, seen
        assert time.monotonic() < deadline


@pytest.mark.local
async def test_on_a_real_validator(day: Capture) -> None:
    result = await replay(day, Options(engine="local", markets=2, trades=20, traders=6))
    assert (result.engine, result.settled, result.mismatches, result.lost_units) == ("local", 2, 0, 0)
    assert sum(result.sides.values()) > 10
    assert result.compute["oracle.publish"]["n"] == result.publications
