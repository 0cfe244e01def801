"""How exchanges move together, and which of them leads.

From the liquidations of the last 25 s of a symbol in ticks of 100 ms: for each pair of exchanges the
correlation of their counts, smoothed over half a second, at every shift up to 2 s. The shift with the
greatest correlation is the lead.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from . import _layout as at
from ._jit import kernel
from .events import Exchange

if TYPE_CHECKING:
    from .engine import Engine

__all__ = ["Pair", "correlations"]

SHIFT = 20
BIN = 5
SPAN = 250 - BIN


@dataclass(frozen=True, slots=True)
class Pair:
    """Two exchanges: correlation at once, the greatest at any shift, and by how much `first` leads (ms)."""

    first: Exchange
    second: Exchange
    correlation: float
    shifted: float
    lead_ms: int


@kernel
def _series(row: Any, venue: int, tick: int, out: Any) -> None:
    ring = at.VENUE + venue * at.VENUE_RING
    mask = at.VENUE_RING - 1
    for i in range(len(out)):
        each = tick - len(out) + 1 + i
        out[i] = row[ring + (each & mask)] - row[ring + ((each - BIN) & mask)]


@kernel
def _correlation(a: Any, b: Any, shift: int) -> float:
    """Of a now with b `shift` ticks later."""
    n = len(a) - abs(shift)
    i0, j0 = max(0, -shift), max(0, shift)
    sa, sb, saa, sbb, sab = 0.0, 0.0, 0.0, 0.0, 0.0
    for k in range(n):
        x, y = a[i0 + k], b[j0 + k]
        sa += x
        sb += y
        saa += x * x
        sbb += y * y
        sab += x * y
    va, vb = saa - sa * sa / n, sbb - sb * sb / n
    return (sab - sa * sb / n) / math.sqrt(va * vb) if va > 0 and vb > 0 else 0.0


@kernel
def _pairs(row: Any, tick: int, venues: int, out: Any) -> None:
    series = np.empty((venues, SPAN))
    for venue in range(venues):
        _series(row, venue, tick, series[venue])
    n = 0
    for a in range(venues):
        for b in range(a + 1, venues):
            out[n, 0] = _correlation(series[a], series[b], 0)
            best, lead = out[n, 0], 0
            for shift in range(1, SHIFT + 1):
                for signed in (shift, -shift):
                    found = _correlation(series[a], series[b], signed)
                    if found > best:
                        best, lead = found, signed
            out[n, 1] = best
            out[n, 2] = lead
            n += 1


def correlations(engine: Engine, symbol: str) -> list[Pair]:
    """Every pair of exchanges that have liquidated something in the symbol."""
    row = engine.table[engine.number(symbol)]
    venues = len(Exchange)
    out = np.zeros((venues * (venues - 1) // 2, 3))
    _pairs(row, int(row[at.NEWEST]), venues, out)
    seen = int(row[at.VENUES_SEEN])
    names = [(a, b) for i, a in enumerate(Exchange) for b in tuple(Exchange)[i + 1 :]]
    return [
        Pair(a, b, float(found[0]), float(found[1]), int(found[2]) * at.TICK_MS)
        for (a, b), found in zip(names, out, strict=True)
        if seen >> a & 1 and seen >> b & 1
    ]
