"""A self-exciting process of liquidations over several exchanges, simulated as a family tree.

Immigrants come as a Poisson process whose rate may change every tick. Each event has a Poisson number of
children, whose mean is the branching ratio of the tick it happens in; a child follows after an exponential
delay, on the same exchange or on another one. Below a ratio of 1 the families die out, above it they grow: a
cascade is a stretch of time in which the ratio is above 1.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ._jit import kernel

__all__ = ["family", "path", "trades"]


@kernel
def _venue(rng: Any, shares: Any) -> int:
    u = rng.random()
    for i in range(len(shares) - 1):
        if u < shares[i]:
            return i
        u -= shares[i]
    return len(shares) - 1


@kernel
def _size(rng: Any, median: float, sigma: float) -> float:
    """Dollars: lognormal, with one in fifty from a Pareto tail."""
    size = median * math.exp(sigma * rng.standard_normal())
    if rng.random() < 0.02:
        size *= rng.random() ** (-1 / 1.8)
    return min(size, 5e7)


@kernel
def family(
    rng: Any,
    immigrants: Any,
    ratio: Any,
    longs: Any,
    shares: Any,
    stays: float,
    delay_s: float,
    across_s: float,
    median: float,
    sigma: float,
    most: int,
) -> Any:
    """Simulate; columns time (s), exchange, dollars, whether a long, in no order.

    `immigrants` (a second), `ratio` and `longs` (the share of longs) are given for each tick; `shares` are
    the exchanges', `stays` is how often a child is of its parent's exchange, `across_s` the further delay
    otherwise.
    """
    out = np.empty((most, 4))
    n = 0
    ticks = len(immigrants)
    for tick in range(ticks):
        for _ in range(rng.poisson(immigrants[tick] * 0.1)):
            if n < most:
                out[n, 0] = (tick + rng.random()) * 0.1
                out[n, 1] = _venue(rng, shares)
                n += 1
    i = 0
    while i < n:
        time = out[i, 0]
        tick = min(int(time * 10), ticks - 1)
        out[i, 2] = _size(rng, median, sigma)
        out[i, 3] = 1.0 if rng.random() < longs[tick] else 0.0
        for _ in range(rng.poisson(ratio[tick])):
            venue = out[i, 1]
            later = time + rng.exponential(delay_s)
            if rng.random() >= stays:
                venue = _venue(rng, shares)
                later += rng.exponential(across_s)
            if later * 10 < ticks and n < most:
                out[n, 0] = later
                out[n, 1] = venue
                n += 1
        i += 1
    return out[:n]


@kernel
def path(rng: Any, start: float, volatility: Any, pressure: Any) -> Any:
    """The price after each tick: a random walk of given volatility a tick, moved by `pressure` (log
    price)."""
    prices = np.empty(len(volatility))
    log = math.log(start)
    for i in range(len(volatility)):
        log += volatility[i] * rng.standard_normal() + pressure[i]
        prices[i] = math.exp(log)
    return prices


@kernel
def trades(rng: Any, rate: Any, prices: Any, median: float, shares: Any, most: int) -> Any:
    """Ordinary trades, `rate` a second given for each tick: columns time (s), exchange, dollars, price,
    side."""
    out = np.empty((most, 5))
    n = 0
    for tick in range(len(rate)):
        for _ in range(rng.poisson(rate[tick] * 0.1)):
            if n == most:
                return out
            out[n, 0] = (tick + rng.random()) * 0.1
            out[n, 1] = _venue(rng, shares)
            out[n, 2] = median * math.exp(1.2 * rng.standard_normal())
            out[n, 3] = prices[tick] * (1 + 2e-5 * rng.standard_normal())
            out[n, 4] = rng.integers(0, 2)
            n += 1
    return out[:n]
