"""Rules: spot, leverage and batches, there and back."""

from __future__ import annotations

from hypothesis import strategies as st
from hypothesis.stateful import rule
from solders.pubkey import Pubkey

from breakwater.chain.leg_instructions import BUY, SELL, SpotOrder
from breakwater.chain.terms import LEVERAGED, SPOT

from . import calls
from .floor import ANY, LIMIT, PART, SIZE, U64, part_of, size_of
from .rules_markets import Markets

LEVERAGE = st.integers(0, 60)
"""Hundreds of hundredths: 0 is below 1x, 1 is 1x, 60 is beyond every cap."""
SIDES = st.lists(st.tuples(ANY, SIZE, st.integers(0, 8)), max_size=5)
ORDERS = st.lists(st.integers(0, (1 << 24) - 1), min_size=6, max_size=24)


class Trades(Markets):
    """What a trader does with positions."""

    def _feed(self, market_id: int) -> Pubkey:
        return Pubkey(self.market_by_id(market_id).feed)

    @rule(which=ANY, size=SIZE, limit=LIMIT)
    def rule_buy(self, which: int, size: int, limit: int) -> None:
        """Buy on spot."""
        if found := self.position(which, SPOT, held=False):
            owner, market, outcome, _ = found
            shares = size_of(size)
            self.run(calls.buy(owner, market, outcome, shares, U64 if limit else shares // 2))

    @rule(which=ANY, part=PART, limit=LIMIT)
    def rule_sell(self, which: int, part: int, limit: int) -> None:
        """Sell on spot."""
        if found := self.position(which, SPOT, held=True):
            owner, market, outcome, position = found
            if not position.shares and which % 4:
                return
            shares = part_of(position.shares, part)
            self.run(calls.sell(owner, market, outcome, shares, 0 if limit else shares // 2))

    @rule(which=ANY, size=SIZE, leverage=LEVERAGE, limit=LIMIT)
    def rule_open(self, which: int, size: int, leverage: int, limit: int) -> None:
        """Open with leverage."""
        if found := self.position(which, LEVERAGED, held=False):
            owner, market, outcome, _ = found
            shares, most = size_of(size), U64 if limit else size_of(size) // 10
            feed = self._feed(market)
            self.run(calls.open_leveraged(owner, market, feed, outcome, shares, 100 * leverage, most))

    @rule(which=ANY, part=PART, limit=LIMIT)
    def rule_close(self, which: int, part: int, limit: int) -> None:
        """Close with leverage."""
        if found := self.position(which, LEVERAGED, held=True):
            owner, market, outcome, position = found
            if not position.shares and which % 4:
                return
            shares = part_of(position.shares, part)
            self.run(calls.close(owner, market, outcome, shares, 0 if limit else shares // 2))

    @rule(orders=ORDERS)
    def rule_busy_moment(self, orders: list[int]) -> None:
        """Many trades in a row, everywhere, on fresh prices."""
        self.trade_all(orders)

    @rule(which=ANY, orders=ORDERS, slots=st.integers(0, 50))
    def rule_rush(self, which: int, orders: list[int], slots: int) -> None:
        """Many trades in few positions: prices run to their ends, breakers trip, halts pass."""
        self.trade_all([order & ~(0xF8 << 2) | which >> 3 << 5 for order in orders[::2]])
        self.world.engine.advance_slots(slots)
        self.trade_all([order & ~(0xF8 << 2) | which >> 3 << 5 for order in orders[1::2]])

    def trade_all(self, orders: list[int]) -> None:
        """Trades by number: two bits say which, eight where, ten how much, four which part or leverage."""
        self.keep_open()
        self.refresh()
        for order in orders:
            verb, which, size, part = order & 3, order >> 2 & 255, order >> 10 & 1023, order >> 20
            if verb == 0:
                self.rule_buy(which, size, 1)
            elif verb == 1:
                self.rule_open(which, size * 9 // 10, 1 + part, 1)
            elif verb == 2:
                self.rule_sell(which, part, 1)
            else:
                self.rule_close(which, part, 1)

    @rule(which=ANY, price=st.integers(0, 20), orders=ORDERS, end=st.integers(0, 5))
    def rule_market_lives_and_dies(self, which: int, price: int, orders: list[int], end: int) -> None:
        """Trades, the close, settlement one way or the other, and everybody is paid."""
        self.trade_all(orders)
        market = self.market(which)
        if end:
            self.settle(market, price, 0)
        else:
            self.void(market)
        market = self.market_by_id(market.id)
        if market.status and end % 2:
            self.clear(market)

    @rule(which=ANY, sides=SIDES)
    def rule_batch(self, which: int, sides: list[tuple[int, int, int]]) -> None:
        """Several trades of one owner; side 2 does not exist."""
        if not (found := self.position(which, SPOT, held=False)):
            return
        owner = found[0]
        orders = []
        for other, size, side in sides:
            theirs = self.position(other, SPOT, held=side > 4)
            if theirs and theirs[0] is owner:
                _, market, outcome, position = theirs
                shares = min(size_of(size), position.shares) if side > 4 else size_of(size)
                limit = 0 if side > 4 else U64
                number = 2 if side == 4 and size % 8 == 0 else (SELL if side > 4 else BUY)
                orders.append(SpotOrder(market, outcome, number, shares, limit))
        self.run(calls.batch(owner, orders))

    @rule(which=ANY, size=SIZE, slots=st.integers(0, 3))
    def rule_buying_and_selling_costs(self, which: int, size: int, slots: int) -> None:
        """There and back, at once or later, earns nothing."""
        if not (found := self.position(which, SPOT, held=False)):
            return
        owner, market, outcome, position = found
        shares, before = size_of(size), self.balance(owner)
        bought = calls.buy(owner, market, outcome, shares, U64)
        sold = calls.sell(owner, market, outcome, shares, 0)
        if slots:
            done = self.run(bought).error is None
            self.world.engine.advance_slots(slots)
            done = done and self.run(sold).error is None
        else:
            done = self.run(bought, sold).error is None
        # what a decaying pool lost meanwhile is the vault's, so even later nothing comes back
        if done and (not slots or self.market_by_id(market).curve != 2):
            assert self.balance(owner) < before, "a round trip earned something"
        assert done or self.record_of(position) is not None

    @rule(which=ANY, size=SIZE, leverage=LEVERAGE)
    def rule_opening_and_closing_costs(self, which: int, size: int, leverage: int) -> None:
        """There and back on credit in one transaction earns nothing and leaves no loan."""
        if not (found := self.position(which, LEVERAGED, held=False)):
            return
        owner, market, outcome, position = found
        if position.shares:
            return
        shares, before = size_of(size), self.balance(owner)
        opened = calls.open_leveraged(owner, market, self._feed(market), outcome, shares, 100 * leverage, U64)
        if self.run(opened, calls.close(owner, market, outcome, shares, 0)).error is None:
            assert self.balance(owner) < before, "a round trip earned something"
            assert not self.record_of(position).debt
