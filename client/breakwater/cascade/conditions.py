"""What goes wrong with feeds, done to a scenario: the market is the same, what arrives of it is not."""

from __future__ import annotations

from enum import StrEnum

import numpy as np

from ._arrays import VENUES
from .events import EVENT, Events, Kind, Side
from .generate import Scenario

__all__ = ["Condition", "arriving"]

NOISE_PER_HOUR = 400
DOUBLE_JITTER_MS = 50


class Condition(StrEnum):
    """How the events reach the engine."""

    CLEAN = "clean"
    NOISE = "noise"
    MISSING = "missing"
    DELAYED = "delayed"
    DOUBLED = "doubled"


def arriving(scenario: Scenario, condition: Condition) -> Events:
    """The events of a scenario in the order in which they arrive.

    - noise: 400 liquidations an hour that belong to nothing, sizes wrong by a fifth, every twentieth event
      twice
    - missing: one or two of the four exchanges say nothing
    - delayed: one or two exchanges are 0.3 to 3 s late
    - doubled: every trade and liquidation happens twice, within 50 ms
    """
    if condition is Condition.CLEAN:
        return scenario.events
    rng = np.random.default_rng([scenario.seed, list(Condition).index(condition), 17])
    events, arrivals = scenario.events.copy(), scenario.arrivals
    if condition is Condition.MISSING:
        silent = rng.choice(VENUES, rng.integers(1, 3), replace=False)
        return events[~np.isin(events["exchange"], silent)]
    if condition is Condition.DELAYED:
        arrivals = arrivals.copy()
        for venue in rng.choice(VENUES, rng.integers(1, 3), replace=False):
            arrivals[events["exchange"] == venue] += rng.uniform(300, 3000)
    elif condition is Condition.NOISE:
        amounts = events["micro_usd"]
        traded = events["kind"] <= Kind.TRADE
        amounts[traded] = (amounts[traded] * rng.uniform(0.8, 1.2, int(traded.sum()))).astype(np.int64)
        twice = rng.random(len(events)) < 0.05
        noise = _noise(rng, scenario, events)
        arrivals = np.concatenate([arrivals, arrivals[twice] + 150, noise["time_ms"]])
        events = np.concatenate([events, events[twice], noise])
    else:
        again = np.flatnonzero(events["kind"] <= Kind.TRADE)
        copies, later = events[again], rng.integers(0, DOUBLE_JITTER_MS, len(again))
        copies["time_ms"] += later
        copies["identity"] += np.int64(1) << 60
        events = np.concatenate([events, copies])
        arrivals = np.concatenate([arrivals, arrivals[again] + later])
    return events[arrivals.argsort(kind="stable")]


def _noise(rng: np.random.Generator, scenario: Scenario, events: Events) -> Events:
    span = scenario.end_ms - scenario.begin_ms
    n = rng.poisson(NOISE_PER_HOUR * span / 3_600_000)
    noise = np.zeros(n, EVENT)
    noise["time_ms"] = scenario.begin_ms + np.sort(rng.integers(0, span, n))
    liquidated = events["micro_usd"][events["kind"] == Kind.LIQUIDATION]
    noise["micro_usd"] = rng.choice(liquidated, n) if len(liquidated) else 10**9
    noise["value"] = np.nan  # no price that means anything
    noise["exchange"] = rng.integers(0, VENUES, n)
    noise["side"] = rng.choice([Side.BUY, Side.SELL], n)
    noise["kind"] = Kind.LIQUIDATION
    noise["identity"] = (np.int64(1) << 61) + 1 + np.arange(n) + (np.int64(scenario.seed) << 32)
    return noise
