"""Orders become the instructions they mean, events the fills they tell of."""

from __future__ import annotations

import pytest
from solders.keypair import Keypair
from solders.pubkey import Pubkey
from solders.signature import Signature

from breakwater.chain import instructions as ix
from breakwater.chain.engine import Receipt
from breakwater.chain.events import Event
from breakwater.chain.orders import fill_of, instruction_of
from breakwater.model import Order, Side
from breakwater.replay._books import MarketBook
from breakwater.replay._traders import Crowd, View, halved

OWNER, FEED = Keypair().pubkey(), Pubkey.new_unique()


@pytest.mark.parametrize(
    ("side", "expected"),
    [
        ("buy", ix.buy(OWNER, 5, 1, 20, 30)),
        ("sell", ix.sell(OWNER, 5, 1, 20, 30)),
        ("open", ix.open_leveraged(OWNER, 5, FEED, 1, 20, 700, 30)),
        ("close", ix.close(OWNER, 5, 1, 20, 30)),
    ],
)
def test_each_side_has_its_instruction(side: Side, expected: object) -> None:
    assert instruction_of(Order(5, OWNER, side, 1, 20, 30, 700), FEED) == expected


def test_a_fill_holds_what_the_event_says() -> None:
    fields = {
        "trader": bytes(OWNER), "market": bytes(32), "shares": 1, "notional": 2, "fee": 3, "amount": 4,
        "premium": 10, "shortfall": 11,
        "debt": 5, "escrow": 6, "income": 7, "outcome": 1, "side": 3, "leverage_x100": 100, "reserved": 0,
    }  # fmt: skip
    fill = fill_of(Event("x", "Traded", fields), 9, Receipt(Signature.default(), 8, None, (), 0), 1_500)
    assert (fill.market, fill.trader, fill.side, fill.slot, fill.timestamp_ms) == (
        9,
        OWNER,
        "close",
        8,
        1_500,
    )
    assert (fill.shares, fill.notional, fill.fee, fill.amount) == (1, 2, 3, 4)
    assert (fill.debt, fill.escrow, fill.income) == (5, 6, 7)
    assert (fill.premium, fill.shortfall) == (10, 11)


def test_half_the_leverage_may_pay_twice_as_much() -> None:
    order = halved(Order(5, OWNER, "open", 1, 20, 1_000, 5_000))
    assert order.leverage_x100 == 2_500
    assert order.limit >= 2_000
    assert halved(Order(5, OWNER, "open", 1, 20, 1_000, 150)).leverage_x100 == 100


def test_traders_follow_their_belief_within_their_means() -> None:
    crowd = Crowd([(OWNER, bytes(OWNER))], seed=1)
    market = MarketBook(5, bytes(32), 10**9, 0, 0, 0)
    view = View(price=101.0, strike=100.0, sigma=1e-4, seconds=60.0, now_s=100, cap_x100=5_000)
    orders = [crowd.order(0, market, view, 10**12) for _ in range(200)]
    assert {order.side for order in orders if order is not None} == {"buy", "open"}
    for order in orders:
        assert order is not None
        assert order.outcome == 1  # the price is far above the strike
        assert 0 < order.shares <= 0.04 * 10**9
        assert 100 <= order.leverage_x100 <= 5_000
        assert order.limit > 0
    assert crowd.order(0, market, view, 0) is None
