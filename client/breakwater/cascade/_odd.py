"""Scenarios that no market goes through: edge cases, and load."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from .events import EVENT, Events, Kind

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["START_MS", "Odd", "edge", "stress"]

START_MS = 1_750_000_000_000
SYMBOLS = 100
RATE = 100_000


@dataclass(frozen=True, slots=True)
class Odd:
    """Events by arrival, when those are, when it ends, and of which symbols."""

    events: Events
    arrivals: NDArray[np.float64]
    end_ms: int
    symbols: tuple[str, ...] = ("BTC",)


def edge(rng: np.random.Generator, seed: int) -> Odd:
    """Silence, a lone giant, a thousand events in one millisecond, duplicates, disorder, values without
    sense."""
    n = 1000
    events = np.zeros(8 * n, EVENT)
    times = events["time_ms"]
    times[:] = START_MS + np.sort(rng.integers(0, 60_000, len(times)))
    events["kind"] = rng.integers(0, 5, len(events))
    events["exchange"] = rng.integers(0, 5, len(events))
    events["side"] = rng.integers(0, 2, len(events))
    events["micro_usd"] = rng.integers(0, 10**10, len(events))
    events["value"] = rng.uniform(90, 110, len(events))
    events["identity"] = 1 + np.arange(len(events)) + (np.int64(seed) << 32)
    times[:n] = START_MS  # all at once
    events["identity"][n : 2 * n] = events["identity"][n]  # all the same
    events["micro_usd"][2 * n] = 10**17  # a hundred thousand million dollars
    events["value"][2 * n : 3 * n] = rng.choice([np.nan, np.inf, -np.inf, 0.0, -1.0, 1e300, 5e-324], n)
    events["micro_usd"][3 * n : 4 * n] = -1
    times[4 * n : 5 * n] -= rng.integers(0, 10**9, n)  # from long ago
    events["exchange"][5 * n : 6 * n] = rng.choice([-128, -1, 6, 127], n)
    times[7 * n :] += 3_600_000  # after an hour of silence
    arrivals = times.astype(np.float64)
    return Odd(events, arrivals, START_MS + 3_660_000)


def stress(rng: np.random.Generator, seed: int, seconds: float) -> Odd:
    """100,000 events a second over 100 symbols, 30 % of them liquidations."""
    n = round(seconds * RATE)
    events = np.zeros(n, EVENT)
    events["time_ms"] = START_MS + np.sort(rng.integers(0, max(1, round(seconds * 1000)), n))
    events["identity"] = 1 + np.arange(n) + (np.int64(seed) << 32)
    events["micro_usd"] = np.exp(rng.normal(22, 1.5, n)).astype(np.int64)
    events["value"] = 100 * (1 + 1e-4 * rng.standard_normal(n))
    events["symbol"] = rng.integers(0, SYMBOLS, n)
    events["exchange"] = rng.integers(0, 4, n)
    events["kind"] = np.where(rng.random(n) < 0.3, Kind.LIQUIDATION, Kind.TRADE)
    events["side"] = rng.integers(0, 2, n)
    names = tuple(f"S{i}" for i in range(SYMBOLS))
    return Odd(events, events["time_ms"].astype(np.float64), START_MS + round(seconds * 1000), names)
