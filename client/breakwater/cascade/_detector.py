"""Closing ticks: features, probability, regime, levels. The hot path of the engine from end to end.

Row 0 of `x` is where the features are calculated; its further rows take what was evaluated, with the symbol,
the tick and the evidence, as far as there is room, and `x[0, FEATURES]` counts them.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ._features import FEATURES, describe, learn
from ._jit import kernel
from ._layout import (
    CLOSED,
    CONFIRMED,
    COUNT,
    EVALUATED,
    EVIDENCE,
    FAST_VAR,
    LEVEL,
    NEWEST,
    NEWEST_MS,
    OPEN,
    OPEN_FIELDS,
    PATH,
    PREVIOUS,
    PROBABILITY,
    REGIME,
    RING,
    S_BEFORE,
    S_FEATURES,
    S_LEVEL,
    S_PROBABILITY,
    S_REGIME,
    S_SYMBOL,
    S_TICK,
    SEEN_LEVEL,
    SIGNALS,
    SLOTS,
    SLOW_VAR,
    TICK_MS,
    TREND,
    VALUES,
)
from ._rings import count, window

__all__ = ["HOLD", "MODEL_WIDTH", "SIGNAL_WIDTH", "TRACE_WIDTH", "batch", "close", "one", "risk"]

HOLD = 100
"""Ticks (10 s) that a level stays after it was last reached."""
PERSIST = 0.3
"""How much of the evidence of the tick before it a tick keeps."""

# a model as one row of floats
M_BIAS = 0
M_WEIGHTS = 1
M_CENTRE = M_WEIGHTS + FEATURES
M_SCALE = M_CENTRE + FEATURES
M_THRESHOLDS = M_SCALE + FEATURES  # of the three levels, as evidence
M_REGIMES = M_THRESHOLDS + 3  # volatility of the regimes above quiet, and the efficiency of a trend
M_CURVE = M_REGIMES + 4  # evidence -> probability: slope and offset
MODEL_WIDTH = M_CURVE + 2
TRACE_WIDTH = FEATURES + 3
SIGNAL_WIDTH = S_FEATURES + FEATURES


@kernel
def risk(floats: Any, model: Any, x: Any, gap: int) -> float:
    """The evidence for a cascade: the weighted features, smoothed over a tick or two."""
    z = model[M_BIAS]
    for i in range(FEATURES):
        z += model[M_WEIGHTS + i] * (x[i] - model[M_CENTRE + i]) * model[M_SCALE + i]
    z = min(max(z, -30.0), 30.0)
    kept = PERSIST**gap
    floats[EVIDENCE] = kept * floats[EVIDENCE] + (1 - kept) * z
    return float(floats[EVIDENCE])


@kernel
def _regime(floats: Any, model: Any) -> int:
    """0 quiet, 1 trending, 2 volatile, 3 stressed."""
    ratio = math.sqrt((floats[FAST_VAR] + 1e-12) / (floats[SLOW_VAR] + 1e-12))
    efficiency = abs(floats[TREND]) / floats[PATH] if floats[PATH] > 0 else 0.0
    if ratio >= model[M_REGIMES + 2]:
        return 3
    if ratio >= model[M_REGIMES + 1]:
        return 2
    if ratio >= model[M_REGIMES] and efficiency >= model[M_REGIMES + 3]:
        return 1
    return 0


@kernel
def _signal(
    row: Any, floats: Any, symbol: int, tick: int, before: int, x: Any, out: Any, emitted: int
) -> int:
    row[SIGNALS] += 1
    if emitted >= out.shape[0]:
        return emitted
    to = out[emitted]
    to[S_SYMBOL] = symbol
    to[S_TICK] = tick
    to[S_LEVEL] = row[LEVEL]
    to[S_BEFORE] = before
    to[S_PROBABILITY] = floats[PROBABILITY]
    to[S_REGIME] = row[REGIME]
    for i in range(FEATURES):
        to[S_FEATURES + i] = x[0, i]
    return emitted + 1


@kernel
def _expire(row: Any, floats: Any, symbol: int, tick: int, x: Any, out: Any, emitted: int) -> int:
    """Lower a level that nothing has confirmed for `HOLD` ticks before `tick`."""
    end = row[CONFIRMED] + HOLD
    if row[LEVEL] == 0 or tick <= end:
        return emitted
    before = row[LEVEL]
    lower = row[SEEN_LEVEL] if row[EVALUATED] + HOLD > end else 0
    row[LEVEL] = min(lower, before - 1)
    row[CONFIRMED] = row[EVALUATED] if row[LEVEL] else end
    emitted = _signal(row, floats, symbol, end, before, x, out, emitted)
    return _expire_rest(row, floats, symbol, tick, x, out, emitted)


@kernel
def _expire_rest(row: Any, floats: Any, symbol: int, tick: int, x: Any, out: Any, emitted: int) -> int:
    end = row[CONFIRMED] + HOLD
    if row[LEVEL] == 0 or tick <= end:
        return emitted
    before = row[LEVEL]
    row[LEVEL] = 0
    row[CONFIRMED] = end
    return _signal(row, floats, symbol, end, before, x, out, emitted)


@kernel
def _evaluate(
    row: Any, floats: Any, model: Any, symbol: int, tick: int, x: Any, out: Any, emitted: int
) -> int:
    gap = max(1, tick - row[EVALUATED]) if row[EVALUATED] >= 0 else 1
    learn(row, floats, tick, gap)
    describe(row, floats, tick, x[0])
    evidence = risk(floats, model, x[0], gap)
    traced = int(x[0, FEATURES]) + 1
    if traced < x.shape[0]:
        x[traced, :FEATURES] = x[0, :FEATURES]
        x[traced, FEATURES] = symbol
        x[traced, FEATURES + 1] = tick
        x[traced, FEATURES + 2] = evidence
        x[0, FEATURES] = traced
    emitted = _expire(row, floats, symbol, tick, x, out, emitted)
    floats[PROBABILITY] = 1 / (1 + math.exp(-(model[M_CURVE] * evidence + model[M_CURVE + 1])))
    row[REGIME] = _regime(floats, model)
    reached = 0
    for i in range(3):
        if evidence >= model[M_THRESHOLDS + i]:
            reached = i + 1
    row[SEEN_LEVEL] = reached
    row[EVALUATED] = tick
    before = row[LEVEL]
    if reached >= before:
        row[CONFIRMED] = tick
    if reached > before:
        row[LEVEL] = reached
        emitted = _signal(row, floats, symbol, tick, before, x, out, emitted)
    return emitted


@kernel
def close(row: Any, floats: Any, model: Any, symbol: int, tick: int, x: Any, out: Any, emitted: int) -> int:
    """Close every tick up to `tick`, evaluating those that hold an event; how many signals `out` holds
    then."""
    # events lie up to what was the newest tick before this one, and among the few that are still open
    newest, previous = row[NEWEST], row[PREVIOUS]
    for each in range(row[CLOSED] + 1, min(tick, previous) + 1):
        if _held(row, each):
            emitted = _evaluate(row, floats, model, symbol, each, x, out, emitted)
    for each in range(max(row[CLOSED], previous, newest - SLOTS) + 1, min(tick, newest) + 1):
        if _held(row, each):
            emitted = _evaluate(row, floats, model, symbol, each, x, out, emitted)
    row[CLOSED] = max(row[CLOSED], tick)
    return _expire(row, floats, symbol, tick, x, out, emitted)


@kernel
def _held(row: Any, tick: int) -> bool:
    """Whether a tick holds a liquidation, or a value."""
    held = window(row, COUNT, RING, tick, 1) != 0
    for value in range(VALUES):
        held |= row[OPEN + (value * SLOTS + (tick & (SLOTS - 1))) * OPEN_FIELDS] == tick
    return bool(held)


@kernel
def one(
    table: Any,
    model: Any,
    x: Any,
    out: Any,
    lateness: int,
    symbol: int,
    exchange: int,
    kind: int,
    side: int,
    time_ms: int,
    micro_usd: int,
    value: float,
    identity: int,
) -> int:
    """Take one event; how many signals it brought, which `out` holds."""
    row = table[symbol]
    its_floats = row.view(np.float64)
    if not count(row, its_floats, exchange, kind, side, time_ms, micro_usd, value, identity):
        return 0
    tick = (row[NEWEST_MS] - lateness) // TICK_MS - 1
    if tick <= row[CLOSED]:
        return 0
    return close(row, its_floats, model, symbol, tick, x, out, 0)


@kernel
def batch(table: Any, floats: Any, model: Any, x: Any, out: Any, lateness: int, events: Any) -> int:
    """Take events in the order of an array; how many signals they brought, of which `out` holds what it has
    room for."""
    emitted = 0
    for event in events:
        symbol = event.symbol
        row, its_floats = table[symbol], floats[symbol]
        counted = count(
            row,
            its_floats,
            event.exchange,
            event.kind,
            event.side,
            event.time_ms,
            event.micro_usd,
            event.value,
            event.identity,
        )
        tick = (row[NEWEST_MS] - lateness) // TICK_MS - 1
        if counted and tick > row[CLOSED]:
            emitted = close(row, its_floats, model, symbol, tick, x, out, emitted)
    return emitted
