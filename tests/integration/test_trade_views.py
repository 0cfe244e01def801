"""What `breakwater market` and `trade` say to people, beside the JSON of the same chain."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from solders.keypair import Keypair

from breakwater.chain import addresses as at
from breakwater.chain import instructions as ix
from breakwater.model import PriceEvent

from .conftest import refused
from .keeper_office import FEED, Booth, open_booth
from .shore import Shore, shore

LIFE_S = 3_600
VOID_S = 8 * 24 * 3_600


@pytest.fixture
def on(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Iterator[Shore]:
    with shore(tmp_path, capsys.readouterr) as made:
        yield made


@pytest.fixture
def booth(on: Shore) -> Booth:
    """Market 1, which closes in an hour, and a trader with shares of outcome 0 and an order that died."""
    return on.do(open_booth(on.engine))


def priced(on: Shore, booth: Booth, feed: str, price: int, number: int, confidence: int = 1) -> None:
    """A feed's next price, as of now."""

    async def publish() -> None:
        own, now_ms = booth.admin.pubkey(), await on.engine.now() * 1_000
        steps = [ix.create_feed(own, feed, own, -2, LIFE_S)] if number == 1 else []
        event = PriceEvent(feed, price, -2, confidence, number, await on.engine.slot(), now_ms)
        await booth.sender.send([*steps, ix.publish(own, event)], [booth.admin])
        on.engine.advance_slots(1)

    on.do(publish())


def test_orders_are_shown_to_the_sixth_decimal_and_dead_ones_are_cleared_for_their_rent(
    on: Shore, booth: Booth, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = ("--keypair", on.keypair(booth.trader))
    (dead,) = on.js("trade", "stop", "list", *key)
    assert (dead["stands"], dead["shares"]) == (False, "10.000000")
    lamports = on.call(booth.lamports)
    assert on.says("trade", "stop", "clear", *key) == "Cleared 1 of your orders."
    assert on.call(booth.lamports) > lamports
    assert on.says("trade", "stop", "clear", *key) == "There is no dead order."
    assert on.js("trade", "stop", "clear", *key) == {"cleared": [], "signatures": []}
    assert on.says("trade", "stop", "list", *key).startswith("There is no stop: breakwater trade stop place")

    place = ("trade", "stop", "place", 1, "below")
    said = on.says(*place, "0.00004", "--tip", "0.00", "--yes", *key)
    assert said == ("7.000000 shares are sold when the price falls to 0.000040, for a tip of 0.000000."), (
        "neither a trigger of nothing nor a tip that was not given"
    )
    words = ("--side", "profit", "--shares", "2.5", "--limit", "0.9", "--tip", "0.25")
    assert "rises to 0.999999, for a tip of 0.25" in on.says(*place, "0.999999", *words, "--yes", *key)
    assert refused(on.bw(*place, "0.5", "--tip", "-1", "--yes", *key)) == (
        "Give the tip without a sign: -1 is below zero."
    )
    more = refused(on.bw("trade", "stop", "place", 1, 0, "0.5", "--shares", 8, "--yes", *key))
    assert more == "Order at most what you hold: breakwater trade positions shows it."

    monkeypatch.setenv("COLUMNS", "80")
    table, listed = on.says("trade", "stop", "list", *key), on.js("trade", "stop", "list", *key)
    assert "…" not in table
    for each, price in zip(listed, ("0.000040", "0.999999"), strict=True):
        assert each["trigger"] == pytest.approx(float(price), abs=1e-8)
        for shown in (price, each["shares"], each["tip"], f"{each['side']},", "1, 0, spot"):
            assert shown in table
    assert table.count("stands") == 2
    assert listed[1]["limit"] == pytest.approx(0.9, abs=1e-8)
    assert ("none" in table, "0.900000" in table) == (True, True)
    done = on.js("trade", "stop", "cancel", 1, 0, "--side", "profit", "--yes", *key)
    assert (done["market"], done["outcome"], done["side"]) == (1, 0, "profit")
    assert len(on.js("trade", "stop", "list", *key)) == 1


def test_a_void_market_pays_each_share_its_part_and_every_figure_adds_up(on: Shore, booth: Booth) -> None:
    key = ("--keypair", on.keypair(booth.trader))
    debt = on.js("trade", "open", 1, 1, 20, "--leverage", 2, "--yes", *key)["debt_after"]
    assert f"{debt} lent" in on.says("market", "show", 1)
    assert "circuit breaker │ none" in on.says("market", "show", 1)
    before = float(on.js("trade", "account", *key)["balance"])

    on.call(on.engine.advance_time, LIFE_S + 1)
    assert "closed, not resolved" in on.says("market", "list")
    assert refused(on.bw("market", "resolve", 1, *key)).startswith(f"Wait for the next price of {FEED}")
    on.call(on.engine.advance_time, VOID_S)
    assert on.says("market", "resolve", 1, *key) == (
        "Market 1 is voided: a share pays 1/2, 13.500000 in all."
    )
    shown = on.js("market", "show", 1)
    assert (shown["status"], shown["winner"], shown["settlement_price"]) == ("voided", None, None)
    paid = on.says("trade", "redeem", *key)
    assert "Market 1, outcome 0 (below 1), spot: received 3.500000, profit -" in paid
    rest = 10.0 - float(debt)
    assert f"leverage: received {rest:.6f} after repaying {debt}, profit -" in paid
    after = float(on.js("trade", "account", *key)["balance"])
    assert after - before == pytest.approx(3.5 + rest, abs=1e-9)
    assert refused(on.bw("trade", "redeem", *key)).startswith("Look at breakwater trade positions")

    (order,) = on.js("trade", "stop", "list", *key)
    assert [order[name] for name in ("market", "outcome", "kind", "price", "stands")] == [None] * 4 + [False]
    assert "gone │ loss, dead" in on.says("trade", "stop", "list", *key)
    assert on.js("trade", "stop", "clear", *key)["cleared"] == [order]
    assert on.says("market", "close", 1, "--yes", *key) == "Market 1 is removed."
    assert on.says("market", "list") == "There is no market yet: breakwater market create opens one."


def test_a_settled_market_names_its_winner_and_a_chain_is_redeemed_leg_by_leg(
    on: Shore, booth: Booth
) -> None:
    key, operator = ("--keypair", on.keypair(booth.trader)), ("--keypair", on.keypair(booth.admin))
    close = f"{LIFE_S}s"
    on.js("market", "create", "3", "--id", 2, "--feed", FEED, "--closes", close, "--yes", *operator)
    legs = ("--leg", "1:yes:10:2", "--leg", "2:yes:10:2")
    opened = on.js("trade", "chain", "open", *legs, "--yes", *key)
    assert on.says("trade", "chain", "list", *key).count("at or above") == 2
    on.call(on.engine.advance_time, LIFE_S + 1)
    priced(on, booth, FEED, 200, 2)
    won = on.js("market", "resolve", 1, *key)
    assert (won["winner"], won["settlement_price"], won["payable"]) == (1, "2", "10.000000")
    lost = on.says("market", "resolve", 2, *key)
    assert f"{FEED} was 2 at the close, so outcome 0 (below 3) wins and is paid 0.000000." in lost
    assert "winner │ 0: below 3, settled at 2" in on.says("market", "show", 2)

    before = float(on.js("trade", "account", *key)["balance"])
    paid = on.says("trade", "chain", "redeem", opened["chain"], *key)
    gained = float(on.js("trade", "account", *key)["balance"]) - before
    # each leg settles by itself: nobody owes for the one that lost
    assert gained == pytest.approx(10.0 - float(opened["legs"][0]["debt"]), abs=1e-6)
    assert [f"Market {number}, " in paid for number in (1, 2)] == [True, True]
    assert on.says("trade", "chain", "list", *key).startswith("There is no chain")
    spot = on.says("trade", "redeem", 1, *key)
    assert "outcome 0 (below 1), spot: received 0.000000, profit -" in spot


def test_guards_by_a_feed_of_probabilities_and_a_wide_interval_are_told(on: Shore, booth: Booth) -> None:
    operator = ("--keypair", on.keypair(booth.admin))
    words = ("--id", 9, "--closes", "1h", "--max-divergence", "5", "--yes", *operator)
    priced(on, booth, "CHANCE", 40, 1)
    on.says("market", "create", "1", "--feed", "CHANCE", *words)
    found = on.js("market", "show", 9)
    assert (found["max_divergence"], found["feed_probability"]) == (pytest.approx(0.05), pytest.approx(0.4))
    said = on.says("market", "show", 9)
    assert "fills within 5 points of the feed's 60.00% / 40.00%" in said
    assert "more than 30 points, 100000.000000 or 50% liquidated" in said
    priced(on, booth, "CHANCE", 40, 2, confidence=2)
    assert on.js("market", "show", 9)["spread_too_wide"] is True
    assert "none: the feed's interval is a tenth of its price or wider" in on.says("market", "show", 9)
    stranger = Keypair()
    on.do(on.engine.airdrop(stranger.pubkey(), 10**9))
    quoted = on.js("trade", "quote", 9, "yes", 5)
    assert (quoted["exact"], quoted["balance_after"]) == (False, None)
    assert "computed, an estimate" in on.says("trade", "quote", 9, "yes", 5)
    assert refused(on.bw("trade", "quote", 9, "yes", 5, "--spend", 5)) == (
        "Give a number of shares or --spend, not both."
    )
    assert "Create a key pair at" in refused(
        on.bw("trade", "quote", 9, "yes", 5, "--keypair", on.place / "x")
    )


def test_what_a_chain_calls_itself_is_shown_as_it_is(on: Shore, booth: Booth) -> None:
    """Anybody may name a feed; a name with brackets is neither a colour nor the end of the table."""
    operator = ("--keypair", on.keypair(booth.admin))
    priced(on, booth, "[/red]X[b]", 200, 1)
    made = ("market", "create", "1", "--id", 5, "--feed", "[/red]X[b]", "--closes", "1h", "--yes", *operator)
    assert "[/red]X[b] at 2," in on.says(*made)
    assert "│ [/red]X[b] │" in on.says("market", "list")
    assert at.feed("[/red]X[b]") != at.feed("X")
