"""A simulated market as arrays of events."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ._odd import START_MS
from .events import EVENT, Events, Kind, Side

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["VENUES", "as_books", "as_interest", "as_liquidations", "as_trades"]

VENUES = 4


def as_liquidations(rows: NDArray[np.float64], prices: NDArray[np.float64]) -> Events:
    """Rows of time, exchange, dollars and whether a long, with the price of each."""
    events = np.zeros(len(rows), EVENT)
    events["time_ms"] = START_MS + (rows[:, 0] * 1000).astype(np.int64)
    events["exchange"] = rows[:, 1]
    events["micro_usd"] = (rows[:, 2] * 1e6).astype(np.int64)
    events["side"] = np.where(rows[:, 3] > 0, Side.SELL, Side.BUY)
    events["value"] = prices
    events["kind"] = Kind.LIQUIDATION
    return events


def as_trades(rows: NDArray[np.float64]) -> Events:
    """Rows of time, exchange, dollars, price and side."""
    events = np.zeros(len(rows), EVENT)
    events["time_ms"] = START_MS + (rows[:, 0] * 1000).astype(np.int64)
    events["exchange"] = rows[:, 1]
    events["micro_usd"] = (rows[:, 2] * 1e6).astype(np.int64)
    events["value"] = rows[:, 3]
    events["side"] = rows[:, 4]
    events["kind"] = Kind.TRADE
    return events


def as_books(
    rng: np.random.Generator, prices: NDArray[np.float64], busy: NDArray[np.float64], usual: float
) -> Events:
    """A book top a second, whose spread widens with what is liquidated."""
    at = np.arange(9, len(prices), 10)
    events = np.zeros(len(at), EVENT)
    events["time_ms"] = START_MS + at * 100 + rng.integers(0, 100, len(at))
    events["exchange"] = rng.integers(0, VENUES, len(at))
    wide = 1 + 0.3 * np.log1p(busy[at] / (usual + 0.5))
    events["micro_usd"] = (100 * wide * np.exp(0.3 * rng.standard_normal(len(at)))).astype(np.int64)
    events["value"] = prices[at]
    events["kind"] = Kind.BOOK
    return events


def as_interest(
    rng: np.random.Generator, prices: NDArray[np.float64], gone: NDArray[np.float64], depth: float
) -> Events:
    """Open interest every ten seconds, and the funding rate every minute."""
    at = np.arange(99, len(prices), 100)
    events = np.zeros(len(at) + len(at) // 6, EVENT)
    interest = depth * rng.uniform(5, 20) * np.exp(np.cumsum(1e-4 * rng.standard_normal(len(at)))) - gone[at]
    first, rest = events[: len(at)], events[len(at) :]
    first["time_ms"], first["value"], first["kind"] = (
        START_MS + at * 100,
        np.maximum(interest, 1.0),
        Kind.OPEN_INTEREST,
    )
    rest["time_ms"], rest["kind"] = START_MS + at[5::6][: len(rest)] * 100 + 50, Kind.FUNDING
    rest["value"] = rng.normal(1e-4, 1e-4)
    events["exchange"] = rng.integers(0, VENUES)
    return events
