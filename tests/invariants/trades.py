"""Buying, selling, opening, closing and batches, in the order in which the program decides."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from breakwater.chain import addresses as at

from . import curves
from .desk import DECAYING, Desk, Priced, Visit, probability
from .draft import require
from .state import Market, Position, Trader, replaced

if TYPE_CHECKING:
    from collections.abc import Sequence

    from solders.pubkey import Pubkey

    from breakwater.chain.leg_instructions import SpotOrder

    from .state import Feed, Holding, Shard

__all__ = ["Financed", "Trades"]

BUY, SELL, OPEN, CLOSE = range(4)
SPOT, LEVERAGED = 0, 1
MAX_BATCH = 16


@dataclass(frozen=True)
class Financed:
    """Shares bought on credit, not paid for yet."""

    priced: Priced
    margin: int
    debt: int
    premium: int
    shares: int
    leverage_x100: int

    @property
    def credit(self) -> int:
        """What the purchase costs besides its shares."""
        return self.premium + self.priced.fee


class Trades(Desk):
    """The four trades of a position, and several in one instruction."""

    def visit(self, owner: Pubkey, market_id: int, outcome: int, kind: int) -> Visit:
        """The accounts of a trade."""
        trader_key, market_key = at.trader(owner), at.market(market_id)
        trader, market = self.load(trader_key, Trader), self.load(market_key, Market)
        position = self.load(at.position(trader_key, market_key, outcome, kind), Position)
        return Visit(trader_key, market_key, trader, market, self.shard_of(market), position)

    def buy(self, owner: Pubkey, market_id: int, outcome: int, shares: int, max_cost: int) -> None:
        """Buy with the balance."""
        self._buy(self.visit(owner, market_id, outcome, SPOT), shares, max_cost)

    def _buy(self, v: Visit, shares: int, max_cost: int) -> None:
        outcome = self.enter(v)
        priced = self.price_purchase(v, outcome, shares)
        amount = self.word(priced.notional + priced.fee)
        require(amount <= max_cost, "SlippageExceeded")
        pay(v.trader, amount)
        self._receive(v.holding, shares, amount)
        self.settle(v, priced, side=BUY, shares=shares, amount=amount, income=amount - priced.moved)

    def sell(self, owner: Pubkey, market_id: int, outcome: int, shares: int, min_proceeds: int) -> None:
        """Sell from a spot position."""
        self._sell(self.visit(owner, market_id, outcome, SPOT), shares, min_proceeds)

    def _sell(self, v: Visit, shares: int, min_proceeds: int) -> Priced:
        outcome = self.enter(v)
        release(v.holding, shares, 0)
        priced = self.price_sale(v, outcome, shares)
        amount = priced.notional - priced.fee
        require(amount >= min_proceeds, "SlippageExceeded")
        v.trader.balance += amount
        self.settle(v, priced, side=SELL, shares=shares, amount=amount, income=priced.moved - amount)
        return priced

    def batch(self, owner: Pubkey, orders: Sequence[SpotOrder]) -> None:
        """Buy and sell on spot, all or nothing."""
        self.load(at.trader(owner), Trader)
        require(1 <= len(orders) <= MAX_BATCH, "BadBatch")
        for order in orders:
            v = self.visit(owner, order.market_id, order.outcome, SPOT)
            require(order.side in (BUY, SELL), "BadBatch")
            (self._sell if order.side else self._buy)(v, order.shares, order.limit)

    def open_leveraged(
        self,
        owner: Pubkey,
        market_id: int,
        feed: Pubkey,
        outcome: int,
        shares: int,
        leverage_x100: int,
        max_payment: int,
    ) -> None:
        """Buy with a loan."""
        v = self.visit(owner, market_id, outcome, LEVERAGED)
        financed = self.finance(v, shares, leverage_x100, 0, self.feed_of(v.market, feed))
        amount = self.word(financed.margin + financed.credit)
        require(amount <= max_payment, "SlippageExceeded")
        pay(v.trader, amount)
        self.purchase(v, financed, amount)

    def finance(self, v: Visit, shares: int, leverage_x100: int, advance: int, feed: Feed) -> Financed:
        """Price shares on credit; `advance` is lent besides what the purchase needs."""
        self.require_leverage(v, leverage_x100, feed)
        outcome = self.enter(v)
        cheapest, dearest = self.reference_price(v.market, outcome)
        priced = self.price_purchase(v, outcome, shares)
        if v.market.feed_one:
            upper = probability(feed, v.market.feed_one)
            expected = upper if outcome else (1 << 28) - upper
            require(abs(priced.fill - expected) <= v.market.max_divergence_q28, "PriceDiverges")
        margin = -(-priced.notional * 100 // leverage_x100)
        debt = self.word(priced.notional - margin + advance)
        require(debt <= shares, "DebtAboveShares")
        least = curves.premium(debt, min(dearest, priced.fill))
        most = curves.premium(debt, min(cheapest, priced.fill))
        premium = self.found.number("premium", least, most)
        return Financed(priced, margin, debt, premium, shares, leverage_x100)

    @staticmethod
    def debt_limit(m: Market) -> int:
        """Where loans end now; a decaying pool lends as much less as it has become smaller."""
        if m.curve != DECAYING:
            return m.max_debt_at_risk
        return m.max_debt_at_risk * m.liquidity // m.full_liquidity

    def purchase(self, v: Visit, f: Financed, amount: int) -> None:
        """Take a financed purchase over: shares, loan, and what the vault earned."""
        income = f.priced.notional + f.credit - f.priced.moved
        self._receive(v.holding, f.shares, amount)
        v.holding.debt = self.word(v.holding.debt + f.debt)
        if f.debt:
            m, shard = v.market, v.shard
            self.owe(m, shard, v.holding.outcome, f.debt)
            require(m.debt_at_risk <= self.debt_limit(m), "MarketDebtTooLarge")
            require(f.debt <= shard.cash, "VaultTooSmall")
            shard.cash -= f.debt
            covered = shard.debt_at_risk * shard.min_coverage_q32 <= shard.cash << 32
            require(covered, "CoverageTooLow")
        self.settle(
            v,
            f.priced,
            side=OPEN,
            shares=f.shares,
            amount=amount,
            premium=f.premium,
            income=income,
            leverage_x100=f.leverage_x100,
        )

    def close(self, owner: Pubkey, market_id: int, outcome: int, shares: int, min_proceeds: int) -> None:
        """Sell from a leveraged position and repay."""
        self._close(self.visit(owner, market_id, outcome, LEVERAGED), shares, min_proceeds)

    def _close(self, v: Visit, shares: int, min_proceeds: int) -> Priced:
        priced, due = self.unwind(v, shares)
        proceeds = priced.notional - priced.fee
        amount, shortfall = max(0, proceeds - due), max(0, due - proceeds)
        require(amount >= min_proceeds, "SlippageExceeded")
        require(shortfall <= v.trader.balance, "Underwater")
        v.trader.balance += amount - shortfall
        self.repay(v, priced, due, shares, amount, shortfall)
        return priced

    def unwind(self, v: Visit, shares: int) -> tuple[Priced, int]:
        """Sell shares and take their part of the loan, rounded up, off the holding."""
        self.require_open(v.market)
        self.catch_up(v)
        outcome = self.outcome(v)
        require(shares > 0, "ZeroAmount")
        h = v.holding
        require(shares <= h.shares, "InsufficientShares")
        due = -(-h.debt * shares // h.shares)
        release(h, shares, due)
        return self.price_sale(v, outcome, shares), due

    def repay(self, v: Visit, priced: Priced, due: int, shares: int, amount: int, shortfall: int) -> None:
        """Book a loan's part as repaid in full."""
        proceeds = priced.notional - priced.fee
        if due:
            self.owe(v.market, v.shard, v.holding.outcome, -due)
            v.shard.cash += due
        income = priced.moved - proceeds
        self.settle(v, priced, side=CLOSE, shares=shares, amount=amount, shortfall=shortfall, income=income)

    def owe(self, m: Market, shard: Shard, outcome: int, debt: int) -> None:
        """A loan more, or (negative) less: debt at risk is what the luckiest outcome would leave unpaid."""
        m.debt = replaced(m.debt, outcome, m.debt[outcome] + debt)
        assert m.debt[outcome] >= 0, "nobody repays more than was lent"
        at_risk = {0: sum(m.debt) - min(m.debt), 1: 0, 2: sum(m.debt)}[m.status]
        shard.debt += debt
        shard.debt_at_risk += at_risk - m.debt_at_risk
        m.debt_at_risk = at_risk

    def _receive(self, holding: Holding, shares: int, cost: int) -> None:
        if not holding.shares:
            holding.generation = max(holding.generation + 1, self.now.slot)
        holding.shares = self.word(holding.shares + shares)
        holding.cost = self.word(holding.cost + cost)
        holding.opened_slot = self.now.slot


def pay(trader: Trader, amount: int) -> None:
    """Take from a balance."""
    require(amount <= trader.balance, "InsufficientBalance")
    trader.balance -= amount


def release(holding: Holding, shares: int, debt: int) -> None:
    """Give up shares and the debt they secured; the cost shrinks in proportion, rounded down."""
    require(shares <= holding.shares, "InsufficientShares")
    left = holding.shares - shares
    holding.cost = holding.cost * left // holding.shares if left else 0
    holding.shares, holding.debt = left, holding.debt - debt
