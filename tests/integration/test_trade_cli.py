"""`breakwater local`, `market` and `trade` as a person types them, against a real validator."""

from __future__ import annotations

import json
import stat
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from solders.keypair import Keypair

from breakwater.cli import main
from breakwater.localnet import Sandbox

from .conftest import Run, refused

pytestmark = pytest.mark.local

OPEN_S = 30
"""Long enough for a dozen commands on a busy machine."""


@pytest.fixture(scope="module")
def short_lived() -> dict[str, int]:
    """The newcomer's market, filled in where it is made and settled by a later test: no waiting between."""
    return {}


def test_a_newcomers_way_from_nothing_to_two_positions(
    bw: Run, js: Callable[..., Any], sandbox: Sandbox, short_lived: dict[str, int]
) -> None:
    status, out, _ = bw("local", "start")
    assert (status, "is running already" in out, sandbox.url in out) == (0, True, True)
    assert stat.S_IMODE(sandbox.keypair_path("trader").stat().st_mode) == 0o600
    assert "no trader account" in bw("trade", "account")[1]
    assert "you hold" not in bw("trade", "positions")[1]

    sentence = refused(bw("trade", "buy", 1, "yes", 1, "--yes"))
    assert "there is no market 1" in sentence
    market = js("market", "create", "100000", "--closes", f"{OPEN_S}s", "--yes")
    number = market["market"]
    assert [each["label"] for each in market["outcomes"]] == ["below 100000", "at or above 100000"]
    assert "Open a trader account first" in refused(bw("trade", "buy", number, "yes", 1, "--yes"))
    assert js("trade", "quote", number, "yes", 100)["exact"] is False

    assert js("trade", "deposit", "1000.5", "--yes")["balance"] == "1000.500000"
    quote = js("trade", "quote", number, "yes", "--spend", 50)
    assert quote["exact"] is True
    assert float(quote["amount"]) == pytest.approx(50, abs=1e-4)
    bought = js("trade", "buy", number, "yes", quote["shares"], "--yes")
    assert (bought["amount"], bought["created_position"]) == (quote["amount"], True)
    opened = js("trade", "open", number, "no", 20, "--leverage", "2.5", "--yes")
    assert float(opened["debt_after"]) > 0
    assert "Wait" in refused(bw("market", "resolve", number))
    assert f"{number} open" in bw("trade", "positions")[1]
    assert len(js("trade", "positions")) == 2
    short_lived.update(market)


@pytest.fixture(scope="module")
def market(sandbox: Sandbox) -> int:
    """A market that stays open."""
    with pytest.raises(SystemExit, match="0"):
        main(["market", "create", "90000", "110000", "--id", "77", "--closes", "1h", "--yes"])
    with pytest.raises(SystemExit, match="0"):
        main(["trade", "deposit", "500", "--yes"])
    return 77


def test_every_side_of_a_position(bw: Run, js: Callable[..., Any], market: int) -> None:
    status, out, err = bw("trade", "buy", market, 1, 10, "--yes")
    assert status == 0
    assert out.startswith("Bought 10.000000 shares of outcome 1 (90000 to 110000) for ")
    for name in (
        "cost of the shares",
        "fee",
        "average price",
        "marginal",
        "price impact",
        "slippage",
        "balance after",
    ):
        assert name in err
    assert js("trade", "sell", market, 1, "all", "--yes")["shares"] == "10.000000"
    status, _, err = bw("trade", "open", market, 2, 30, "--leverage", "3x", "--yes")
    assert status == 0
    for name in ("margin", "loan", "premium", "debt after", "cap now 40.82x", "underwater below"):
        assert name in err
    closed = js("trade", "close", market, 2, "all", "--slippage", 0, "--yes")
    assert closed["debt_after"] == "0.000000"
    assert closed["quote"]["limit"] == closed["amount"]
    assert "outcome 2" in bw("market", "show", market)[1]
    assert str(market) in bw("market", "list")[1]
    assert "Account" in bw("trade", "account")[1]


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ("trade buy 77 1 1.1234567", "Give the shares with at most 6 decimals: 1.1234567 has more."),
        ("trade buy 77 1 ten", "Give the shares as a number such as 12.5, not 'ten'."),
        ("trade buy 77 1", "Say how much"),
        ("trade buy 77 1 1 --spend 1", "not both"),
        ("trade buy 77 3 1", "Choose an outcome from 0 to 2, not '3'."),
        ("trade buy 78 1 1", "Choose a market out of breakwater market list: there is no market 78."),
        ("trade buy 77 1 1000000", "InsufficientBalance (6023): the balance is too small; deposit more"),
        ("trade sell 77 0 1", "you hold no spot shares of outcome 0"),
        ("trade close 77 0 all", "you hold no leveraged shares of outcome 0"),
        ("trade open 77 1 1 --leverage 41", "LeverageAboveCap (6028): the leverage is above the cap"),
        (
            "trade open 77 1 1 --leverage 0.5",
            "LeverageBelowOne (6027): leverage starts at 1x; ask for 1x or more.",
        ),
        ("trade open 77 1 1 --leverage much", "Give the leverage as a number such as 2.5"),
        ("trade deposit 1000000", "Deposit at most "),
        ("trade withdraw 1000000", "InsufficientBalance (6023): the balance is too small; "),
        ("trade redeem 77", "Wait until market 77 has closed"),
        ("market resolve 77", "market 77 closes at "),
        ("market close 77", "Resolve it first: market 77 is open."),
        ("market create 1 --closes 1h --feed GOLD", "there is none called 'GOLD'"),
        ("market create 1 --closes soon", "Give a time as a span"),
        ("market create 2 1 --closes 1h", "BadStrikes (6014)"),
        ("market create 1 --closes 2020-01-01T00:00Z", "CloseInPast (6015)"),
        ("market create 1 --closes 1h --liquidity 1000000000", "SubsidyTooLarge (6036)"),
        (
            "market create 1 --closes 1h --keypair {trader}",
            "NotOperator (6003): the signer is not the operator; sign",
        ),
        ("market create 1 --closes 1h --id 77", "; "),
        ("trade buy 77 1 1 --keypair {publisher}", "Open a trader account first"),
        ("trade buy 77 1 1 --keypair {poor}", "Open a trader account first"),
        ("trade deposit 1 --keypair {poor}", "Deposit at most 0.000000"),
        ("trade account --keypair /nowhere.json", "Create a key pair at /nowhere.json"),
        ("trade account --engine http://127.0.0.1:1", "http://127.0.0.1:1 does not answer"),
        ("trade account --engine embedded", "Name a node that keeps its state"),
        ("trade account --engine moon", "Name an engine"),
    ],
)
def test_what_goes_wrong_is_one_sentence(
    bw: Run, market: int, sandbox: Sandbox, tmp_path: Path, arguments: str, sentence: str
) -> None:
    poor = tmp_path / "poor.json"
    poor.write_text(json.dumps(list(bytes(Keypair()))))
    files = {role: sandbox.keypair_path(role) for role in ("trader", "publisher")}
    words = arguments.format(poor=poor, **files).split()
    asks = words[1] in {"buy", "sell", "open", "close", "deposit", "withdraw", "create"}
    assert sentence in refused(bw(*words, *(["--yes"] if asks else [])))


def test_nothing_is_sent_without_a_yes(
    bw: Run, js: Callable[..., Any], market: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = js("trade", "account")
    assert "Add --yes: there is no terminal" in refused(bw("trade", "buy", market, 1, 1))
    monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)
    for answer, status in (("n", 1), ("y", 0)):
        monkeypatch.setattr("typer.confirm", lambda *_, answer=answer, **__: answer == "y")
        done, out, err = bw("trade", "buy", market, 1, 1)
        assert (done, "Bought" in out, "nothing was sent" in err) == (status, answer == "y", answer == "n")
        if answer == "n":
            assert js("trade", "account") == before


def test_a_key_without_a_chain_to_use_it_on(bw: Run, market: int, sandbox: Sandbox) -> None:
    """By address the sandbox is a chain like any other, except that its own keys are still the default."""
    status, out, _ = bw("trade", "account", "--engine", sandbox.url, "--json")
    assert (status, json.loads(out)["has_account"]) == (0, True)


def test_the_newcomers_market_settles_pays_and_is_gone(
    bw: Run, js: Callable[..., Any], short_lived: dict[str, int]
) -> None:
    number, closes_ms = short_lived["market"], short_lived["closes_ms"]
    time.sleep(max(0, closes_ms / 1000 - time.time()))
    deadline = time.monotonic() + 90
    while (result := bw("market", "resolve", number, "--json"))[0] != 0:
        assert "Wait" in refused(result)
        assert time.monotonic() < deadline
        time.sleep(0.5)
    settled = json.loads(result[1])
    assert settled["status"] == "resolved"
    assert settled["winner"] == int(float(settled["settlement_price"]) >= 100_000)
    assert "redeem this one once it is resolved" in refused(bw("trade", "buy", number, "yes", 1, "--yes"))

    before = float(js("trade", "account")["balance"])
    paid = js("trade", "redeem", number)
    account = js("trade", "account")
    assert sum(float(each["amount"]) for each in paid) == pytest.approx(float(account["balance"]) - before)
    assert js("market", "close", number, "--yes")["closed"]
    assert number not in [each["market"] for each in js("market", "list")]
    assert js("trade", "withdraw", account["balance"], "--yes")["balance"] == "0.000000"
    assert float(js("trade", "account")["wallet"]) == float(account["wallet"]) + float(account["balance"])


def test_status_knows_the_markets_and_stop_ends_it_all(bw: Run, market: int, sandbox: Sandbox) -> None:
    status, out, _ = bw("local", "status", "--json")
    found = json.loads(out)
    assert (status, found["running"], found["pid"]) == (0, True, sandbox.pid)
    assert found["markets"] >= 1
    status, out, _ = bw("local", "status")
    assert (status, f"runs at {sandbox.url} (process {sandbox.pid}), slot " in out) == (0, True)
    assert f"  markets   {found['markets']}\n" in out
    again = json.loads(bw("local", "start", "--json")[1])
    assert (again["started"], again["url"], again["keypairs"]) == (False, sandbox.url, found["keypairs"])
    assert bw("local", "stop")[0] == 0
    assert not (Path(sandbox.directory) / "ledger").exists()
    assert bw("local", "status") == (1, "No sandbox is running: breakwater local start starts one.\n", "")
    assert bw("local", "stop")[0] == 1
    assert "does not answer" in refused(bw("market", "list", "--engine", sandbox.url))
    assert "Run breakwater local start first" in refused(bw("market", "list"))
