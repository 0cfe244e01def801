"""`breakwater trade batch`, `trade chain` and halts as a person types them, against a real validator."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from breakwater.cli import main

from .conftest import Run, refused

pytestmark = pytest.mark.local

Js = Callable[..., Any]
MARKETS = (1, 2, 3)
DECAYING = 3


@pytest.fixture(scope="module")
def markets(sandbox: object) -> None:
    """Three markets that stay open, two of them in a group, and a balance."""
    for number, more in ((1, "--group 9"), (2, "--group 9 --curve pm-amm"), (3, "--curve pm-amm-decaying")):
        words = f"market create 100000 --id {number} --closes 2h --yes {more}"
        with pytest.raises(SystemExit, match="0"):
            main(words.split())
    with pytest.raises(SystemExit, match="0"):
        main(["trade", "deposit", "3000", "--yes"])


def order(market: int, side: str, outcome: str, shares: str, **more: str) -> dict[str, Any]:
    return {"market": market, "side": side, "outcome": outcome, "shares": shares, **more}


@pytest.mark.usefixtures("markets")
def test_a_batch_trades_as_previewed_from_a_file_or_a_pipe(
    bw: Run, js: Js, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "orders.json"
    file.write_text(json.dumps([order(1, "buy", "yes", "25"), order(2, "buy", "no", "40", limit="30")]))
    before = float(js("trade", "account")["balance"])
    status, out, err = bw("trade", "batch", file, "--yes")
    assert (status, out.startswith("Made 2 trades: paid ")) == (0, True)
    for name in ("Batch of 2 trades", "limit", "30.000000", "total", "balance after"):
        assert name in err
    monkeypatch.setattr("sys.stdin", io.StringIO(json.dumps([order(1, "sell", "yes", "all")])))
    sold = js("trade", "batch", "-", "--yes")
    assert (sold["trades"][0]["shares"], sold["paid"]) == ("25.000000", "0.000000")
    assert sold["trades"][0]["quote"]["flash"] == "0.000000"
    assert float(js("trade", "account")["balance"]) < before


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("[", "Give a list of trades as JSON"),
        ("{}", "Give a list of trades such as"),
        ('[{"market": 1}]', "Write trade 1 like"),
        (json.dumps([order(1, "open", "yes", "1")]), "Let trade 1 buy or sell"),
        (json.dumps([order(1, "buy", "yes", "all")]), "Give trade 1 a number of shares"),
        (json.dumps([order(1, "buy", "yes", "1.1234567")]), "the shares of trade 1 with at most 6"),
        (json.dumps([order(1, "buy", "yes", "1"), order(99, "buy", "yes", "1")]), "there is no market 99"),
        (json.dumps([order(1, "sell", "no", "1")]), "trade 1 of 1: "),
        (json.dumps([order(1, "buy", "yes", "1")] * 17), "Give 1 to 16 trades, not 17."),
    ],
)
@pytest.mark.usefixtures("markets")
def test_a_bad_batch_is_one_sentence(bw: Run, tmp_path: Path, text: str, sentence: str) -> None:
    file = tmp_path / "orders.json"
    file.write_text(text)
    assert sentence in refused(bw("trade", "batch", file, "--yes"))


@pytest.mark.usefixtures("markets")
def test_a_chain_from_its_preview_to_its_end(bw: Run, js: Js) -> None:
    legs = [word for leg in ("1:yes:40:3", "2:no:30:4", "3:yes:20:2") for word in ("--leg", leg)]
    status, out, err = bw("trade", "chain", "open", *legs, "--yes")
    assert status == 0, err
    assert out.startswith("Opened chain 1: 3 legs that cost ")
    for name in (
        "margin, yours",
        "effective leverage",
        "premiums for the loans",
        "at most",
        "underwater below",
    ):
        assert name in err
    for number in (2, 3):
        again = js("trade", "chain", "open", *legs, "--yes", "--number", number)
        assert (again["chain"], again["created_chain"], len(again["legs"])) == (number, True, 3)
    assert float(again["payment"]) <= float(again["limit"])
    assert float(again["notional"]) / float(again["margin"]) == pytest.approx(
        again["effective_leverage"], abs=0.01
    )
    shown = js("trade", "chain", "show", 1)
    assert [leg["market"] for leg in shown["legs"]] == list(MARKETS)
    assert [each["chain"] for each in js("trade", "chain", "list")] == [1, 2, 3]
    kinds = [each["kind"] for each in js("trade", "positions")]
    assert kinds.count("chain") == 3
    for words in (("chain", "list"), ("chain", "show", 1), ("positions",)):
        status, out, _ = bw("trade", *words)
        assert (status, "Chain" in out) == (0, True)

    status, out, err = bw("trade", "chain", "unwind", 1, "--yes")
    assert (status, "Unwind chain 1" in err, out.startswith("Unwound chain 1: 3 legs")) == (0, True, True)
    done = js("trade", "chain", "unwind", 2, "--yes")
    assert float(done["amount"]) >= float(done["limit"])
    assert float(done["proceeds"]) == pytest.approx(float(done["repaid"]) + float(done["amount"]))
    assert "chain 1 is empty" in refused(bw("trade", "chain", "unwind", 1, "--yes"))
    assert js("trade", "chain", "close", 1, "--yes")["closed"]
    assert bw("trade", "chain", "close", 2, "--yes")[1] == "Chain 2 is closed.\n"
    assert [each["chain"] for each in js("trade", "chain", "list")] == [3]


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ("open --leg 1:yes:10:2", "Give 2 to 5 legs, not 1."),
        ("open --leg 1:yes:10 --leg 2:yes:10:2", "Give a leg as MARKET:OUTCOME:SHARES:LEVERAGE"),
        ("open --leg 1:yes:10:2 --leg 1:no:10:2", "Give every leg a market of its own."),
        ("open --leg 1:yes:10:2 --leg 2:maybe:10:2", "Choose outcome 0"),
        ("open --leg 1:yes:10:2 --leg 2:yes:10:51", "LeverageAboveCap"),
        ("open --leg 1:yes:10:2 --leg 2:yes:10:2 --max-payment 1", "SlippageExceeded"),
        ("open --leg 1:yes:0.1:2 --leg 2:yes:40:2", "DebtAboveShares"),
        ("unwind 44", "you have no chain 44"),
        ("close 44", "you have no chain 44"),
    ],
)
@pytest.mark.usefixtures("markets")
def test_a_bad_chain_is_one_sentence(bw: Run, arguments: str, sentence: str) -> None:
    assert sentence in refused(bw("trade", "chain", *arguments.split(), "--yes"))
    assert "nothing in chain" in refused(bw("trade", "chain", "redeem", 3))


@pytest.mark.usefixtures("markets")
def test_a_market_shows_its_liquidity_now_its_breaker_and_its_group(bw: Run, js: Js) -> None:
    found = js("market", "show", DECAYING)
    assert (found["curve"], found["full_liquidity"]) == ("pm-amm-decaying", "1000.000000")
    assert 900 < float(found["liquidity"]) < 1000
    breaker = js("market", "show", 1)["breaker"]
    assert breaker.pop("max_move") == pytest.approx(0.3)
    assert float(breaker.pop("volume")) >= 0
    assert breaker == {
        "max_volume": "100000.000000",
        "max_liquidations": 0.5,
        "window_slots": 150,
        "cooldown_slots": 150,
    }
    out = bw("market", "show", DECAYING)[1]
    assert "1000.000000 at the opening" in out
    assert "open, group 9" in bw("market", "list")[1]
    free = js("market", "create", "100000", "--closes", "1h", "--no-breaker", "--yes")
    assert (free["breaker"], free["group"]) == (None, None)
    for option, sentence in (
        ("--breaker-move 101", "at most 100 percent for the move"),
        ("--group 64", "less than or equal to 63"),
        ("--max-divergence 5", "is no probability"),
    ):
        words = f"market create 100000 --closes 1h --yes {option}".split()
        assert sentence in " ".join(refused(bw(*words)).split())


@pytest.mark.usefixtures("markets")
def test_a_halt_is_shown_stops_trading_and_spreads_to_the_group(bw: Run, js: Js) -> None:
    words = "market create 100000 --id 20 --closes 2h --liquidity 100 --group 9 --breaker-cooldown 900 --yes"
    assert js(*words.split())["halts"] == []
    for shares in (10, 400):
        js("trade", "buy", 20, "yes", shares, "--yes")
    halts = js("market", "show", 20)["halts"]
    assert [each["by"] for each in halts] == ["market", "group"]
    assert 0 < halts[0]["left_s"] <= 360
    assert "halted until slot" in bw("market", "show", 20)[1]
    assert "MarketHalted" in refused(bw("trade", "buy", 20, "no", 1, "--yes"))
    told = js("market", "propagate-halt", 9)
    assert (told["halted"], told["until_slot"]) == (True, halts[0]["until_slot"])
    assert "Group 9 is halted in every shard" in bw("market", "propagate-halt", 9)[1]
    assert "Group 8 is not halted." in bw("market", "propagate-halt", 8)[1]
    for market in (1, 2):
        assert [each["by"] for each in js("market", "show", market)["halts"]] == ["group"]
    assert js("market", "show", 3)["halts"] == []
    # a halted group does not keep anybody from repaying
    assert js("trade", "chain", "unwind", 3, "--yes")["legs"] == 3
