"""Scenarios of liquidations, each from a seed and with its label: equal seeds give equal events.

A cascade is one by this definition, whatever was meant to happen: within one second at least twenty
liquidations, and at least twenty times as many as usual, and at least two hundred in the whole. A draw that
does not come to that is drawn again. Its onset is when the branching ratio begins to rise, its ignition when
it passes 1, its peak the middle of the second with the most liquidations. Steady hours are kept as they
fall, with everything that looks like a cascade and is none: lone whales, bursts of one exchange, rushes of
trades, jumps of volatility, busier hours.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

import numpy as np

from breakwater.errors import InvalidInput

from ._arrays import VENUES, as_books, as_interest, as_liquidations, as_trades
from ._hawkes import family, path, trades
from ._odd import START_MS, Odd, edge, stress
from .events import Events

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["CASCADES", "Scenario", "ScenarioKind", "generate"]

MOST_LIQUIDATIONS = 60_000
MOST_TRADES = 400_000
DRAWS = 40
SEEDS = 2**63
JITTER_MS = 40.0
FEWEST_IN_A_SECOND, TIMES_USUAL, FEWEST = 20, 20.0, 200


class ScenarioKind(StrEnum):
    """What the market goes through."""

    STEADY = "steady"
    CASCADE = "cascade"
    MULTI_EXCHANGE = "multi-exchange"
    FLASH_CRASH = "flash-crash"
    EDGE = "edge"
    STRESS = "stress"


CASCADES = (ScenarioKind.CASCADE, ScenarioKind.MULTI_EXCHANGE, ScenarioKind.FLASH_CRASH)
ORDER = tuple(ScenarioKind)


@dataclass(frozen=True, slots=True)
class Scenario:
    """Events in the order of their arrival, and what truly happened; times are Unix milliseconds.

    Symbols are numbers from 0; onset, ignition, peak and end are None without a cascade. `parameters` are
    what was drawn.
    """

    kind: ScenarioKind
    seed: int
    events: Events
    arrivals: NDArray[np.float64]
    begin_ms: int
    end_ms: int
    symbols: tuple[str, ...] = ("BTC",)
    onset_ms: int | None = None
    ignition_ms: int | None = None
    peak_ms: int | None = None
    over_ms: int | None = None
    parameters: dict[str, float] = field(default_factory=dict)


@dataclass(slots=True)
class _Market:
    """The course of a market, tick by tick."""

    rng: np.random.Generator
    ticks: int
    usual: float
    immigrants: NDArray[np.float64]
    ratio: NDArray[np.float64]
    longs: NDArray[np.float64]
    volatility: NDArray[np.float64]
    rush: NDArray[np.float64]
    shares: NDArray[np.float64]
    stays: float
    delay_s: float
    across_s: float
    median: float
    sigma: float
    extra: list[NDArray[np.float64]]
    drawn: dict[str, float]


def generate(kind: ScenarioKind, seed: int, *, seconds: float | None = None) -> Scenario:
    """Draw a scenario.

    Args:
        kind: what happens.
        seed: from which everything is drawn.
        seconds: how long it lasts; by default an hour if steady, a quarter of one around a cascade.

    Raises:
        InvalidInput: the seed has more than 63 bits.
    """
    if not 0 <= seed < SEEDS:
        raise InvalidInput(f"Choose a seed from 0 to {SEEDS - 1}, not {seed}.")
    rng = np.random.default_rng([seed, ORDER.index(kind)])
    if kind is ScenarioKind.EDGE:
        return _odd(kind, seed, edge(rng, seed))
    if kind is ScenarioKind.STRESS:
        return _odd(kind, seed, stress(rng, seed, seconds or 10.0))
    if kind is ScenarioKind.STEADY:
        market = _market(rng, round((seconds or 3600.0) * 10))
        _harmless(market)
        return _scenario(kind, seed, market, _liquidations(market), None)
    for _ in range(DRAWS):
        market = _market(rng, round((seconds or 900.0) * 10))
        _harmless(market)
        onset, ignition = _cascade(market, kind)
        liquidations = _liquidations(market)
        if _is_cascade(liquidations, market, onset):
            break
    return _scenario(kind, seed, market, liquidations, (onset, ignition))


def _odd(kind: ScenarioKind, seed: int, odd: Odd) -> Scenario:
    return Scenario(kind, seed, odd.events, odd.arrivals, START_MS, odd.end_ms, odd.symbols)


def _log_uniform(rng: np.random.Generator, low: float, high: float) -> float:
    return float(np.exp(rng.uniform(np.log(low), np.log(high))))


def _market(rng: np.random.Generator, ticks: int) -> _Market:
    rate, ratio = _log_uniform(rng, 0.01, 0.6), float(rng.uniform(0.1, 0.65))
    shares = rng.dirichlet([6.0, 4.0, 4.0, 2.0])
    stays, delay = float(rng.uniform(0.6, 0.95)), _log_uniform(rng, 0.2, 1.5)
    return _Market(
        rng=rng,
        ticks=ticks,
        usual=rate / (1 - ratio),
        immigrants=np.full(ticks, rate),
        ratio=np.full(ticks, ratio),
        longs=np.full(ticks, rng.uniform(0.35, 0.65)),
        volatility=np.full(ticks, _log_uniform(rng, 2e-5, 2e-4)),
        rush=np.ones(ticks),
        shares=shares,
        stays=stays,
        delay_s=delay,
        across_s=_log_uniform(rng, 0.05, 0.6),
        median=_log_uniform(rng, 1e3, 3e4),
        sigma=float(rng.uniform(0.9, 1.6)),
        extra=[],
        drawn={"rate": rate, "ratio": ratio, "stays": stays, "delay_s": delay},
    )


def _harmless(market: _Market) -> None:
    """What looks alarming in any market and means nothing; `usual` stays what it was."""
    rng, ticks = market.rng, market.ticks
    hours = ticks / 36_000

    def stretch(low_s: float, high_s: float) -> slice:
        begin = int(rng.integers(0, ticks))
        return slice(begin, begin + int(rng.uniform(low_s, high_s) * 10))

    for _ in range(rng.poisson(1.0 * hours)):  # a busier time
        market.immigrants[stretch(300, 900)] *= rng.uniform(1.0, 3.0)
    for _ in range(rng.poisson(1.0 * hours)):
        market.volatility[stretch(30, 300)] *= rng.uniform(1.5, 4.0)
    for _ in range(rng.poisson(1.5 * hours)):
        market.rush[stretch(30, 300)] *= rng.uniform(2.0, 6.0)
    for _ in range(rng.poisson(1.0 * hours)):  # a whale
        market.extra.append(
            np.array(
                [[rng.uniform(0, ticks / 10), rng.integers(0, VENUES), _log_uniform(rng, 1e6, 2e7), 1.0]]
            )
        )
    for _ in range(rng.poisson(0.5 * hours)):  # a flare that does not ignite
        flare = stretch(10, 60)
        market.ratio[flare] = np.maximum(market.ratio[flare], rng.uniform(0.75, 0.92))
        market.immigrants[flare] += _log_uniform(rng, 0.02, 0.3)
    for _ in range(rng.poisson(0.7 * hours)):  # one account, liquidated in pieces
        n, begin = int(rng.integers(4, 13)), rng.uniform(0, ticks / 10 - 5)
        times = begin + np.sort(rng.uniform(0, rng.uniform(0.5, 3.0), n))
        sizes = market.median * np.exp(market.sigma * rng.standard_normal(n))
        venue, side = rng.integers(0, VENUES), float(rng.integers(0, 2))
        market.extra.append(np.column_stack([times, np.full(n, venue), sizes, np.full(n, side)]))


def _cascade(market: _Market, kind: ScenarioKind) -> tuple[float, float]:
    """Let the branching ratio rise above 1 and fall again; onset and ignition in seconds."""
    rng, n0 = market.rng, market.drawn["ratio"]
    flash = kind is ScenarioKind.FLASH_CRASH
    if kind is ScenarioKind.MULTI_EXCHANGE:
        market.stays = float(rng.uniform(0.25, 0.55))
    if flash:
        market.delay_s = min(market.delay_s, _log_uniform(rng, 0.08, 0.3))
    build = _log_uniform(rng, 3.0, 10.0) if flash else _log_uniform(rng, 10.0, 90.0)
    growth = _log_uniform(rng, 30.0, 400.0)
    # a linear rise whose part above 1 multiplies the rate by `growth`
    k = 2 * np.log(growth) * market.delay_s / build
    above = (k + np.sqrt(k * k + 4 * k * (1 - n0))) / 2
    onset = float(rng.uniform(0.45, 0.75)) * market.ticks / 10
    first, rise = int(onset * 10), max(10, int(build * 10))
    fall = max(10, int(_log_uniform(rng, 2.0, 20.0) * 10))
    end = min(first + rise, market.ticks)
    market.ratio[first:end] = np.linspace(n0, 1 + above, rise)[: end - first]
    after = market.ratio[end : end + fall]
    after[:] = np.linspace(0.9, 0.3, fall)[: len(after)]
    kick = _log_uniform(rng, 0.1, 2.0)
    market.immigrants[first:end] += kick
    side = 1.0 if rng.random() < 0.75 else 0.0
    market.longs[first : end + fall] = abs(1 - side - rng.uniform(0.8, 0.97))
    market.volatility[first : end + fall] *= rng.uniform(1.0, 3.0)
    market.rush[first : end + fall] *= np.linspace(
        1.0, rng.uniform(2.0, 8.0), len(market.rush[first : end + fall])
    )
    market.drawn.update(growth=growth, build_s=build, top_ratio=1 + above, kick=kick)
    return onset, onset + build * (1 - n0) / (1 + above - n0)


def _liquidations(market: _Market) -> NDArray[np.float64]:
    drawn = family(
        market.rng, market.immigrants, market.ratio, market.longs, market.shares, market.stays,
        market.delay_s, market.across_s, market.median, market.sigma, MOST_LIQUIDATIONS,
    )  # fmt: skip
    joined = np.concatenate([drawn, *market.extra])
    joined = joined[joined[:, 0] < market.ticks / 10]
    return joined[joined[:, 0].argsort(kind="stable")]


def _peak(times: NDArray[np.float64]) -> tuple[float, int]:
    """The middle of the second with the most liquidations, and how many it has."""
    if not len(times):
        return 0.0, 0
    most = np.searchsorted(times, times + 1.0) - np.arange(len(times))
    at = int(most.argmax())
    return float(times[at]) + 0.5, int(most[at])


def _is_cascade(liquidations: NDArray[np.float64], market: _Market, onset: float) -> bool:
    times = liquidations[liquidations[:, 0] >= onset, 0]
    build = market.drawn["build_s"]
    within = times[times < onset + build + 60]
    at, most = _peak(within)
    enough = most >= max(FEWEST_IN_A_SECOND, TIMES_USUAL * market.usual) and len(within) >= FEWEST
    return bool(enough and at > onset + 1 and len(liquidations) < MOST_LIQUIDATIONS)


def _scenario(
    kind: ScenarioKind,
    seed: int,
    market: _Market,
    liquidations: NDArray[np.float64],
    cascade: tuple[float, float] | None,
) -> Scenario:
    rng, ticks = market.rng, market.ticks
    at = np.minimum((liquidations[:, 0] * 10).astype(np.int64), ticks - 1)
    signed = np.where(liquidations[:, 3] > 0, -1.0, 1.0) * liquidations[:, 2]
    depth = _log_uniform(rng, 2e7, 5e8)
    pressure = np.bincount(at, weights=signed, minlength=ticks) / depth
    counts = np.bincount(at, minlength=ticks).astype(np.float64)
    prices = path(rng, _log_uniform(rng, 0.1, 50_000), market.volatility, np.clip(pressure, -0.01, 0.01))
    busy = np.convolve(counts, np.full(20, 0.5))[:ticks]  # liquidations a second, over two seconds
    rate = _log_uniform(rng, 1.0, 5.0)
    ordinary = trades(
        rng, np.minimum(rate * market.rush + busy, 60.0), prices, market.median, market.shares, MOST_TRADES
    )
    events = np.concatenate(
        [
            as_liquidations(liquidations, prices[at]),
            as_trades(ordinary),
            as_books(rng, prices, busy, market.usual),
            as_interest(rng, prices, np.cumsum(np.abs(pressure)) * depth, depth),
        ]
    )
    events["identity"] = 1 + np.arange(len(events)) + (np.int64(seed) << 32)
    arrivals = events["time_ms"] + np.abs(rng.normal(0.0, JITTER_MS, len(events)))
    order = arrivals.argsort(kind="stable")
    events, arrivals = events[order], arrivals[order]
    span = (START_MS, START_MS + ticks * 100)
    if cascade is None:
        return Scenario(kind, seed, events, arrivals, *span, parameters=market.drawn)
    onset, ignition = cascade
    times = liquidations[liquidations[:, 0] >= onset, 0]
    peak, _ = _peak(times[times < onset + market.drawn["build_s"] + 60])
    over = peak + 60
    label = [START_MS + round(1000 * x) for x in (onset, min(ignition, peak), peak, over)]
    return Scenario(
        kind,
        seed,
        events,
        arrivals,
        *span,
        onset_ms=label[0],
        ignition_ms=label[1],
        peak_ms=label[2],
        over_ms=label[3],
        parameters=market.drawn,
    )
