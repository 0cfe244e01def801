"""Which markets of a capture are run, which are not and why, and what happens when."""

from __future__ import annotations

import random
from bisect import bisect_left
from dataclasses import dataclass
from typing import TYPE_CHECKING

from .outages import CACHE_SECONDS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from breakwater.model import Tick

    from .capture import Capture, CapturedMarket

__all__ = ["OPEN", "ORDER", "PUBLISH", "Happening", "Plan", "PlannedMarket", "make_plan"]

PUBLISH, OPEN, ORDER = 0, 1, 2
"""What happens at a moment, in this order where moments are equal."""

LEAD_MS = 600_000
"""Ticks before the first market that are still published."""

STALE_ENOUGH_S = 30
"""Seconds of staleness that make a market without strike worth trading."""

QUIET_S = 1.5
"""No orders within this many seconds of a market's open and close."""

NO_STRIKE = "the capture has no strike"
NO_OUTCOME = "it was not settled in reality"
NO_CLOSING_TICK = "no tick at or after its close"
UNSCORED = (
    "the capture has no strike; traded through the outage with the last published price as strike, "
    "not compared with reality"
)


@dataclass(frozen=True, slots=True)
class PlannedMarket:
    """A market to run. One that is not `scored` has no strike of its own and is not compared with reality."""

    market: CapturedMarket
    scored: bool


@dataclass(frozen=True, slots=True)
class Happening:
    """At `time_ms` (captured time) tick `index` comes, or market `index` opens or gets an order."""

    time_ms: int
    kind: int
    index: int
    trader: int = 0


@dataclass(frozen=True, slots=True)
class Plan:
    """Everything that will be tried; `skipped` holds market ids and reasons.

    `opening` is an observation to publish first, (time in ms, price): the first market's strike, which is the
    feed's own price at its start, where the capture begins later than that. Without it the history could not
    prove that the capture's first tick is the first at or after a close.
    """

    markets: tuple[PlannedMarket, ...]
    ticks: tuple[Tick, ...]
    skipped: tuple[tuple[int, str], ...]
    opening: tuple[int, int] | None
    happenings: tuple[Happening, ...]

    @property
    def scored(self) -> int:
        """Markets that are compared with reality."""
        return sum(each.scored for each in self.markets)


def make_plan(capture: Capture, *, limit: int | None, trades: int, traders: int, seed: int) -> Plan:
    """Choose and schedule.

    Args:
        capture: markets and ticks.
        limit: only so many of the markets with a strike, the earliest; None takes all.
        trades: orders tried in each market.
        traders: how many take turns.
        seed: of the times and turns.
    """
    chosen: list[PlannedMarket] = []
    skipped: list[tuple[int, str]] = []
    stamps = [tick.timestamp_ms for tick in capture.ticks]
    for market in capture.markets:
        if limit is not None and sum(each.scored for each in chosen) == limit:
            break
        if not stamps or stamps[-1] < market.close_s * 1000:
            skipped.append((market.id, NO_CLOSING_TICK))
        elif market.strike is None:
            stale = _stale_seconds(capture.ticks, market) >= STALE_ENOUGH_S
            skipped.append((market.id, UNSCORED if stale else NO_STRIKE))
            if stale:
                chosen.append(PlannedMarket(market, scored=False))
        elif market.up_won is None:
            skipped.append((market.id, NO_OUTCOME))
        else:
            chosen.append(PlannedMarket(market, scored=True))
    if not chosen:
        return Plan((), (), tuple(skipped), None, ())
    first = min(each.market.id for each in chosen) * 1000
    last = bisect_left(stamps, max(each.market.close_s for each in chosen) * 1000)
    ticks = capture.ticks[bisect_left(stamps, first - LEAD_MS) : last + 1]
    opening = None
    strike = chosen[0].market.strike
    if strike is not None and ticks[0].timestamp_ms > first:
        opening = (first, strike)
    happenings = [Happening(tick.received_ms, PUBLISH, i) for i, tick in enumerate(ticks)]
    for i, planned in enumerate(chosen):
        happenings += _of_market(i, planned.market, trades, traders, seed)
    happenings.sort(key=lambda each: (each.time_ms, each.kind, each.index))
    return Plan(tuple(chosen), ticks, tuple(skipped), opening, tuple(happenings))


def _of_market(index: int, market: CapturedMarket, trades: int, traders: int, seed: int) -> list[Happening]:
    rng = random.Random(f"breakwater times {seed} {market.id}")
    times = (rng.uniform(market.id + QUIET_S, market.close_s - QUIET_S) for _ in range(trades))
    orders = [Happening(int(at * 1000), ORDER, index, rng.randrange(traders)) for at in times]
    return [Happening(market.id * 1000, OPEN, index), *orders]


def _stale_seconds(ticks: Sequence[Tick], market: CapturedMarket) -> int:
    """Whole seconds of a market's life in which the feed's newest price is older than the cache allows."""
    received = [tick.received_ms for tick in ticks]
    i = max(0, bisect_left(received, market.id * 1000) - 1)
    stale = 0
    while i < len(ticks) and received[i] < market.close_s * 1000:
        begin = max(market.id, ticks[i].timestamp_ms // 1000 + CACHE_SECONDS + 1)
        end = min(market.close_s, received[i + 1] // 1000 if i + 1 < len(ticks) else market.close_s)
        stale += max(0, end - begin)
        i += 1
    return stale
