"""What a trader computes in floats before it sends an order: quotes, and the fair probability."""

from __future__ import annotations

import math

__all__ = ["Volatility", "buy_cost", "fair_probability", "price_up", "sell_proceeds"]

FLOOR = 1e-3
"""Beliefs stay this far away from certainty."""


def _cost(x: float, y: float, b: float) -> float:
    return max(x, y) + b * math.log1p(math.exp(-abs(x - y) / b))


def price_up(shares: tuple[float, float], b: float) -> float:
    """LMSR price of outcome 1, in [0, 1]; shares and b in the same unit."""
    d = (shares[0] - shares[1]) / b
    return 1 / (1 + math.exp(d)) if d < 0 else math.exp(-d) / (1 + math.exp(-d))


def buy_cost(shares: tuple[float, float], outcome: int, amount: float, b: float) -> float:
    """What `amount` more shares of an outcome cost, without fee."""
    own, other = shares[outcome], shares[1 - outcome]
    return _cost(own + amount, other, b) - _cost(own, other, b)


def sell_proceeds(shares: tuple[float, float], outcome: int, amount: float, b: float) -> float:
    """What giving `amount` shares of an outcome back brings, without fee."""
    own, other = shares[outcome], shares[1 - outcome]
    return _cost(own, other, b) - _cost(own - amount, other, b)


def fair_probability(price: float, strike: float, sigma: float, seconds: float) -> float:
    """The probability that the price ends at or above the strike, if its logarithm diffuses without drift.

    Args:
        price: now, in the strike's unit.
        strike: to be reached.
        sigma: standard deviation of the logarithm over the square root of a second.
        seconds: left.
    """
    spread = sigma * math.sqrt(max(seconds, 0.5))
    z = math.log(price / strike) / spread
    return min(1 - FLOOR, max(FLOOR, 0.5 * math.erfc(-z / math.sqrt(2))))


class Volatility:
    """Realised volatility of the logarithm over the square root of a second, exponentially weighted."""

    DECAY_S = 300.0

    def __init__(self, initial: float = 6e-5) -> None:
        self._variance = initial**2
        self._last: tuple[int, float] | None = None

    def observe(self, timestamp_ms: int, price: float) -> None:
        """Take a price in; gaps weigh by their length."""
        now = (timestamp_ms, math.log(price))
        if self._last is not None and timestamp_ms > self._last[0]:
            seconds = (timestamp_ms - self._last[0]) / 1000
            weight = 1 - math.exp(-min(seconds, 30.0) / self.DECAY_S)
            self._variance += weight * ((now[1] - self._last[1]) ** 2 / seconds - self._variance)
        self._last = now

    @property
    def sigma(self) -> float:
        """Never zero, so that it may be divided by."""
        return max(math.sqrt(self._variance), 1e-6)
