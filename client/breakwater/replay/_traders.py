"""Seeded traders: what each believes, and the order it sends when its turn comes."""

from __future__ import annotations

import math
import random
from dataclasses import dataclass
from typing import TYPE_CHECKING

from breakwater.chain import instructions as ix
from breakwater.model import Order

from ._pricing import buy_cost, fair_probability, price_up, sell_proceeds

if TYPE_CHECKING:
    from solders.pubkey import Pubkey

    from ._books import MarketBook, PositionBook

__all__ = ["Crowd", "View", "halved"]

MICRO = 10**6
SMALLEST, LARGEST = 0.002, 0.04
"""Shares of one order, as parts of the market's b."""

SLIPPAGE = 0.02
FEE_MARGIN = 0.003
"""Above the highest fee there is."""

DUST = 50
"""Micro-units of slack for rounding."""

MAX_LEVERAGE = 5_000
PART_OF_CAP = (0.1, 0.25, 0.45, 0.75, 1.0)
"""Leverages that traders choose, as parts of the cap; above 0.5 is refused while the feed is stale."""


@dataclass(frozen=True, slots=True)
class View:
    """What everybody can see.

    Price and strike are in the feed's unit, `sigma` is the volatility of the logarithm over the square root
    of a second, `seconds` are left to the close, `now_s` is the chain's clock, `cap_x100` the highest
    leverage in hundredths.
    """

    price: float
    strike: float
    sigma: float
    seconds: float
    now_s: int
    cap_x100: int


@dataclass(frozen=True, slots=True)
class Trader:
    """A character: key and account, how wrong it is (logits), how often it borrows, how far it goes."""

    owner: Pubkey
    account: bytes
    noise: float
    appetite: float
    boldness: float


def halved(order: Order) -> Order:
    """The same open at half the leverage, and so up to about twice the payment."""
    leverage = max(100, order.leverage_x100 // 2)
    limit = order.limit * order.leverage_x100 // leverage + DUST
    return Order(order.market, order.trader, "open", order.outcome, order.shares, limit, leverage)


class Crowd:
    """All traders.

    Args:
        members: owner key and trader account of each.
        seed: of their characters and their dice.
    """

    def __init__(self, members: list[tuple[Pubkey, bytes]], seed: int) -> None:
        self._seed = seed
        self._dice: dict[int, random.Random] = {}
        self.traders = []
        for i, (owner, account) in enumerate(members):
            rng = random.Random(f"breakwater trader {seed} {i}")
            self.traders.append(
                Trader(owner, account, rng.uniform(0.1, 0.8), rng.uniform(0.1, 0.5), rng.uniform(0.03, 0.25))
            )

    def order(self, trader: int, market: MarketBook, view: View, balance: int) -> Order | None:
        """What the trader sends now; None when it can do nothing.

        Args:
            trader: its number.
            market: the market, as events have it.
            view: what everybody sees.
            balance: the trader's, in micro-units.
        """
        rng = self._dice.setdefault(market.id, random.Random(f"breakwater dice {self._seed} {market.id}"))
        who = self.traders[trader]
        held = [each for each in market.positions.values() if each.trader == who.account and each.shares]
        p = price_up((market.shares[0], market.shares[1]), market.b)
        fair = fair_probability(view.price, view.strike, view.sigma, view.seconds)
        belief = 1 / (1 + math.exp(-(math.log(fair / (1 - fair)) + rng.gauss(0.0, who.noise))))
        outcome = int(belief > p)
        wrong_side = [each for each in held if each.outcome != outcome]
        reduced = None
        if wrong_side and rng.random() < 0.5:
            reduced = self._reduce(rng, who, market, rng.choice(wrong_side))
        elif held and rng.random() < 0.15:
            reduced = self._reduce(rng, who, market, rng.choice(held))
        return reduced or self._increase(rng, who, market, view, outcome, _gap(belief, p), balance)

    def _increase(
        self,
        rng: random.Random,
        who: Trader,
        market: MarketBook,
        view: View,
        outcome: int,
        gap: float,
        balance: int,
    ) -> Order | None:
        size = min(LARGEST, max(SMALLEST, gap * who.boldness)) * market.b * rng.uniform(0.5, 1.0)
        shares = max(1, round(size))
        cost = buy_cost((market.shares[0], market.shares[1]), outcome, shares, market.b)
        if rng.random() < who.appetite:
            leverage = max(100, min(MAX_LEVERAGE, int(view.cap_x100 * rng.choice(PART_OF_CAP))))
            debt = cost * (1 - 100 / leverage)
            # a loan costs its expected loss, at the lower of the price paid and the price as it was
            secured_at = min(_reference_price(market, outcome, view.now_s), cost / shares)
            payment = _at_most(cost - debt + debt * (1 - secured_at)) + math.ceil(cost * FEE_MARGIN)
            # on a sure thing the loan would exceed what the shares can pay
            if payment <= balance and debt * (1 + SLIPPAGE) < shares:
                return Order(market.id, who.owner, "open", outcome, shares, payment, leverage)
        limit = _at_most(cost * (1 + FEE_MARGIN))
        if limit > balance:
            return None
        return Order(market.id, who.owner, "buy", outcome, shares, limit)

    @staticmethod
    def _reduce(rng: random.Random, who: Trader, market: MarketBook, position: PositionBook) -> Order | None:
        shares = position.shares
        if rng.random() < 0.5:
            shares = max(1, round(shares * rng.uniform(0.2, 0.8)))
        quantities = (market.shares[0], market.shares[1])
        proceeds = sell_proceeds(quantities, position.outcome, shares, market.b) * (1 - FEE_MARGIN)
        if position.kind == ix.SPOT:
            return Order(market.id, who.owner, "sell", position.outcome, shares, _at_least(proceeds))
        due = position.debt * shares / position.shares
        if proceeds <= due:
            return None  # under water: closing would take the rest from the balance, waiting costs nothing
        least = _at_least(proceeds - due - SLIPPAGE * due)
        return Order(market.id, who.owner, "close", position.outcome, shares, least)


def _reference_price(market: MarketBook, outcome: int, now_s: int) -> float:
    up = price_up((market.reference_at(0, now_s), market.reference_at(1, now_s)), market.b)
    return up if outcome == 1 else 1 - up


def _gap(belief: float, price: float) -> float:
    """How far the price is from a belief, in units of b: what a trade that closes the gap would be worth."""
    price = min(1 - 1e-6, max(1e-6, price))
    return abs(math.log(belief / (1 - belief)) - math.log(price / (1 - price)))


def _at_most(amount: float) -> int:
    return math.ceil(amount * (1 + SLIPPAGE)) + DUST


def _at_least(amount: float) -> int:
    return max(0, math.floor(amount * (1 - SLIPPAGE)) - DUST)
