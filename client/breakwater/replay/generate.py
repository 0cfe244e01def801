"""A day that never was: a seeded price path with changing regimes, outages, and the markets over it."""

from __future__ import annotations

import math
import random

from breakwater.model import Tick

from .capture import SYMBOL, Capture, CapturedMarket, scaled

__all__ = ["generate_day"]

START_S = 1_784_851_200
"""First second of the generated day, 2026-07-24 UTC."""

MARKET_S = 300
LEAD_S = 60
"""Seconds of ticks before the first market opens and after the last one closes."""

UNIT = 10**10
"""The path has 8 decimals; a capture has 18."""

CALM, WILD = 4e-5, 1.6e-4
"""Volatility of the logarithm a square root of a second: 22 % and 90 % a year."""


def generate_day(seed: int, *, hours: int = 24) -> Capture:
    """A day of 5-minute markets, each with its strike, and the ticks that decide them.

    Ticks come about once a second. Around one in three hours has an outage of 20 to 420 seconds, the fourth
    and the fifteenth always one of more than 300. A strike is the price at the market's start, whether or not
    a tick was seen then; a market goes Up when the first tick at or after its close is at or above it.

    Args:
        seed: the same seed gives the same day.
        hours: length of the day.
    """
    rng = random.Random(f"breakwater day {seed}")
    path = _path(rng, hours * 3600 + 2 * LEAD_S)
    silent = _outages(rng, hours)
    ticks = []
    received = 0
    for second, price in enumerate(path):
        at = START_S - LEAD_S + second
        if at in silent or rng.random() < 0.04:
            continue
        received = max(received, at * 1000 + rng.randrange(900, 2_200))
        ticks.append(Tick("generated", SYMBOL, price * UNIT, -18, 0, at * 1000, received))
    markets = [
        _market(start, path[start - START_S + LEAD_S] * UNIT, ticks)
        for start in range(START_S, START_S + hours * 3600, MARKET_S)
    ]
    return scaled(f"generated day, seed {seed}", markets, ticks)


def _market(start: int, strike: int, ticks: list[Tick]) -> CapturedMarket:
    # The rule itself, on the integers, and by other means than the program's.
    low, high = 0, len(ticks)
    while low < high:
        middle = (low + high) // 2
        if ticks[middle].timestamp_ms < (start + MARKET_S) * 1000:
            low = middle + 1
        else:
            high = middle
    up = ticks[low].price >= strike if low < len(ticks) else None
    return CapturedMarket(start, start + MARKET_S, strike, up, f"generated-5m-{start}")


def _path(rng: random.Random, seconds: int) -> list[int]:
    price, sigma, drift, left = math.log(65_000.0), CALM, 0.0, 0
    path = []
    for _ in range(seconds):
        if left == 0:
            left = rng.randrange(600, 5_400)
            sigma = math.exp(rng.uniform(math.log(CALM), math.log(WILD)))
            drift = rng.gauss(0.0, 2e-7)
        left -= 1
        price += drift + sigma * rng.gauss(0.0, 1.0)
        path.append(round(math.exp(price) * 1e8))
    return path


def _outages(rng: random.Random, hours: int) -> set[int]:
    silent: set[int] = set()
    for hour in range(hours):
        happens, begin, seconds = rng.random() < 1 / 3, rng.randrange(0, 3_000), rng.randrange(20, 420)
        if hour % 11 == 3:
            happens, seconds = True, max(seconds, rng.randrange(340, 420))
        if happens:
            first = START_S + hour * 3600 + begin
            silent.update(range(first, first + seconds))
    return silent
