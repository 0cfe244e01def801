"""Intervals of what was measured: Wilson's for shares, a bootstrap's for medians; both at 95 %."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["Estimate", "median", "share"]

Z = 1.959963984540054
RESAMPLES = 2000


@dataclass(frozen=True, slots=True)
class Estimate:
    """A value between its bounds, and of how many cases; all None of no case."""

    value: float | None
    low: float | None
    high: float | None
    cases: int


def share(hits: int, cases: int) -> Estimate:
    """A share with Wilson's score interval."""
    if not cases:
        return Estimate(None, None, None, 0)
    p = hits / cases
    spread = 1 + Z * Z / cases
    centre = (p + Z * Z / (2 * cases)) / spread
    half = Z * math.sqrt(p * (1 - p) / cases + Z * Z / (4 * cases * cases)) / spread
    return Estimate(p, max(0.0, centre - half), min(1.0, centre + half), cases)


def median(values: Sequence[float], seed: int = 0) -> Estimate:
    """A median with the percentile interval of a seeded bootstrap."""
    if not values:
        return Estimate(None, None, None, 0)
    given = np.asarray(values, np.float64)
    drawn = np.random.default_rng(seed).integers(0, len(given), (RESAMPLES, len(given)))
    low, high = np.quantile(np.median(given[drawn], axis=1), [0.025, 0.975])
    return Estimate(float(np.median(given)), float(low), float(high), len(given))
