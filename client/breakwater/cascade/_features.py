"""What the engine looks at when a tick closes: differences of running totals, scaled by what is usual.

The slow means and variances forget in closed form over ticks without events, so a tick costs the same
whatever lies between it and the last one.
"""

from __future__ import annotations

import math
from typing import Any

from ._jit import kernel
from ._layout import (
    BASE_COUNT,
    BASE_INTEREST,
    BASE_SPREAD,
    BASE_TRADED,
    BASE_USD,
    COUNT,
    EXCHANGES,
    FAST_VAR,
    FIRST,
    FRAMES,
    FUNDING,
    INTEREST,
    LAST_PRICE,
    LONG,
    LONG_RING,
    MEAN,
    OPEN,
    OPEN_FIELDS,
    PATH,
    PRICE,
    PRICE_RING,
    RING,
    SLOTS,
    SLOW_VAR,
    SPREAD,
    SQUARES,
    TRADED,
    TRADED_RING,
    TREND,
    USD,
    V_FUNDING,
    V_INTEREST,
    V_PRICE,
    V_SPREAD,
    VENUE,
    VENUE_RING,
)
from ._rings import window

__all__ = ["FEATURES", "NAMES", "describe", "learn", "motion"]

NAMES = (
    *(f"velocity_{ticks * 100}ms" for ticks in FRAMES),
    *(f"acceleration_{ticks * 100}ms" for ticks in FRAMES),
    *(f"jerk_{ticks * 100}ms" for ticks in FRAMES),
    "notional_2000ms",
    "notional_10000ms",
    "notional_60000ms",
    "imbalance",
    "venues_2000ms",
    "venues_10000ms",
    "move_2000ms",
    "move_10000ms",
    "adverse_10000ms",
    "volatility",
    "volume_2000ms",
    "volume_10000ms",
    "branching",
    "spread",
    "open_interest",
    "funding",
    "joint_velocity",
    "sustained",
    "surprise_500ms",
    "surprise_2000ms",
    "surprise_10000ms",
)
FEATURES = len(NAMES)

SLOW = 1 / 6000
"""Ten minutes: what is usual."""
FAST = 1 / 100
HALF_MINUTE = 1 / 300
SMOOTH = 1e-4
PRIOR_COUNT = 0.02
"""Liquidations a tick that are taken for usual before anything is known, with the weight of a minute."""
PRIOR_USD = 2e8
WARM = 600.0


@kernel
def motion(row: Any, ring: int, tick: int, ticks: int) -> Any:
    """What happened in the last frame, and in the two before it."""
    c0 = row[ring + (tick & (RING - 1))]
    c1 = row[ring + ((tick - ticks) & (RING - 1))]
    c2 = row[ring + ((tick - 2 * ticks) & (RING - 1))]
    c3 = row[ring + ((tick - 3 * ticks) & (RING - 1))]
    return c0 - c1, c1 - c2, c2 - c3


@kernel
def _take_values(row: Any, floats: Any, tick: int) -> None:
    """The values that ticks up to `tick` left become the current ones."""
    for value in range(4):
        at = OPEN + (value * SLOTS + (tick & (SLOTS - 1))) * OPEN_FIELDS
        if row[at] != tick:
            continue
        x = floats[at + 3]
        if value == V_PRICE:
            floats[LAST_PRICE] = x
        elif value == V_SPREAD:
            floats[SPREAD] = x
        elif value == V_INTEREST:
            floats[INTEREST] = x
        elif value == V_FUNDING:
            floats[FUNDING] = x


@kernel
def learn(row: Any, floats: Any, tick: int, gap: int) -> None:
    """Take the tick into what is usual; `gap` is the number of ticks since the last one that held an
    event."""
    forget = (1 - SLOW) ** gap
    counted = window(row, COUNT, RING, tick, 1)
    floats[BASE_COUNT] = floats[BASE_COUNT] * forget + SLOW * counted
    floats[BASE_USD] = floats[BASE_USD] * forget + SLOW * window(row, USD, RING, tick, 1)
    floats[BASE_TRADED] = floats[BASE_TRADED] * forget + SLOW * window(row, TRADED, TRADED_RING, tick, 1)
    recent = (1 - HALF_MINUTE) ** gap
    floats[MEAN] = floats[MEAN] * recent + HALF_MINUTE * counted
    # overlapping counts of a second: their variance beside their mean shows whether events bring forth others
    second = window(row, COUNT, RING, tick, 10)
    floats[SQUARES] = floats[SQUARES] * recent + HALF_MINUTE * second * second
    before = floats[LAST_PRICE]
    _take_values(row, floats, tick)
    price = floats[LAST_PRICE]
    for i in range(tick - min(gap, PRICE_RING) + 1, tick):
        floats[PRICE + (i & (PRICE_RING - 1))] = before
    floats[PRICE + (tick & (PRICE_RING - 1))] = price
    step = math.log(price / before) if before > 0 and price > 0 else 0.0
    quick = (1 - FAST) ** gap
    floats[FAST_VAR] = floats[FAST_VAR] * quick + FAST * step * step
    floats[SLOW_VAR] = floats[SLOW_VAR] * forget + SLOW * step * step
    floats[TREND] = floats[TREND] * quick + FAST * step
    floats[PATH] = floats[PATH] * quick + FAST * abs(step)
    if floats[SPREAD] > 0:
        if floats[BASE_SPREAD] == 0:
            floats[BASE_SPREAD] = floats[SPREAD]
        floats[BASE_SPREAD] += (1 - forget) * (floats[SPREAD] - floats[BASE_SPREAD])
    if floats[INTEREST] > 0:
        if floats[BASE_INTEREST] == 0:
            floats[BASE_INTEREST] = floats[INTEREST]
        floats[BASE_INTEREST] += (1 - forget) * (floats[INTEREST] - floats[BASE_INTEREST])


@kernel
def _usual(slow: float, age: float, prior: float) -> float:
    """A slow mean freed of its start at zero, drawn to a prior while little is known."""
    known = (1 - (1 - SLOW) ** age) / SLOW
    return float((slow / SLOW + prior * WARM) / (known + WARM))


@kernel
def _venues(row: Any, tick: int, ticks: int) -> float:
    """The effective number of exchanges that liquidate: (sum n)² / sum n²."""
    total, squares = 0.0, 0.0
    for venue in range(EXCHANGES):
        n = window(row, VENUE + venue * VENUE_RING, VENUE_RING, tick, ticks)
        total += n
        squares += n * n
    return total * total / squares if squares > 0 else 0.0


@kernel
def _moved(floats: Any, tick: int, ticks: int, first: int) -> float:
    """The price's logarithmic move over some ticks, in standard deviations of what is usual."""
    if tick - ticks < first:
        return 0.0
    before, now = floats[PRICE + ((tick - ticks) & (PRICE_RING - 1))], floats[LAST_PRICE]
    if before <= 0 or now <= 0:
        return 0.0
    return math.log(now / before) / math.sqrt(ticks * (floats[SLOW_VAR] + 1e-12))


@kernel
def describe(row: Any, floats: Any, tick: int, x: Any) -> None:
    """Fill `x` with the features of a tick, in the order of `NAMES`."""
    age = float(tick - row[FIRST] + 1)
    usual = _usual(floats[BASE_COUNT], age, PRIOR_COUNT)
    usual_usd = _usual(floats[BASE_USD], age, PRIOR_USD)
    usual_traded = _usual(floats[BASE_TRADED], age, floats[BASE_TRADED] + 1.0)
    for i in range(5):
        ticks = FRAMES[i]
        n0, n1, n2 = motion(row, COUNT, tick, ticks)
        x[i] = math.log((n0 + 0.5) / (usual * ticks + 0.5))
        x[5 + i] = (n0 - n1) / math.sqrt(n0 + n1 + 1.0)
        x[10 + i] = (n0 - 2 * n1 + n2) / math.sqrt(n0 + 4 * n1 + n2 + 1.0)
    for i in range(3):
        ticks = FRAMES[2 + i]
        x[15 + i] = math.log1p(window(row, USD, RING, tick, ticks) / (usual_usd * ticks + 1e9))
    liquidated = float(window(row, USD, RING, tick, 100))
    longs = float(window(row, LONG, LONG_RING, tick, 100))
    n10 = float(window(row, COUNT, RING, tick, 100))
    lean = (2 * longs - liquidated) / liquidated if liquidated > 0 else 0.0
    x[18] = abs(lean) * math.log1p(n10)
    x[19] = _venues(row, tick, 20)
    x[20] = _venues(row, tick, 100)
    first = row[FIRST]
    m2, m10 = _moved(floats, tick, 20, first), _moved(floats, tick, 100, first)
    x[21] = math.log1p(abs(m2))
    x[22] = math.log1p(abs(m10))
    against = -m10 * lean
    x[23] = math.log1p(against) if against > 0 else -math.log1p(-against)
    x[24] = 0.5 * math.log((floats[FAST_VAR] + 1e-12) / (floats[SLOW_VAR] + 1e-12))
    x[25] = math.log((window(row, TRADED, TRADED_RING, tick, 20) + 1e9) / (usual_traded * 20 + 1e9))
    x[26] = math.log((window(row, TRADED, TRADED_RING, tick, 100) + 1e9) / (usual_traded * 100 + 1e9))
    seconds = floats[MEAN] * 10
    spread = floats[SQUARES] - seconds * seconds
    x[27] = 1 - math.sqrt(seconds / spread) if spread > seconds > 0 else 0.0
    x[28] = (
        math.log(floats[SPREAD] / floats[BASE_SPREAD])
        if floats[SPREAD] > 0 and floats[BASE_SPREAD] > 0
        else 0.0
    )
    x[29] = (
        math.log(floats[INTEREST] / floats[BASE_INTEREST])
        if floats[INTEREST] > 0 and floats[BASE_INTEREST] > 0
        else 0.0
    )
    x[30] = math.log1p(abs(floats[FUNDING]) * 1e4)
    x[31] = max(x[2], 0.0) * x[19]
    x[32] = max(x[3], 0.0) * max(x[4], 0.0)
    for i in range(3):
        ticks = FRAMES[1 + i]
        n = float(window(row, COUNT, RING, tick, ticks))
        # Anscombe's transform: of a Poisson count it has variance 1, whatever its mean
        x[33 + i] = 2 * (math.sqrt(n + 0.375) - math.sqrt(usual * ticks + 0.375))
