"""How fast the engine is, here and now, beside what others have published.

- batch: the stress scenario (100 symbols, 100,000 events a second, 30 % liquidations) in arrays of 60,000;
  sparse: the same at a thousand a second, where nearly every event closes a tick
- single: the same events one by one through `Engine.push`, the interpreter's part included
- velocity, risk: velocity, acceleration and jerk of the five timeframes, or all features and the evidence,
  in a loop of the compiled functions, a call each
- signal: from the event that raises a level to the signal as a value
- redis: amid a thousand events a second, from before the event is encoded to the signal out of pub/sub,
  through a real redis-server behind a unix socket and a worker in a process of its own; the server's log is
  synced once a second, and what it could lose the producer holds
- redis_synced: the same with a log that is synced before any answer (`appendfsync always`): the disk's time

Rates and times of loops are the best of many short runs. Percentiles of `signal` are of each signal's
quickest of several, those of `redis` of each signal's median of several, `raw` ones of all: beside
microseconds, what else the machine does in the meantime is large, and it does not fall on one signal twice.
"""

from __future__ import annotations

import gc
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from . import _layout as at
from ._detector import TRACE_WIDTH, risk
from ._features import FEATURES, describe, learn, motion
from ._jit import kernel
from ._numbers import PUBLISHED, TARGETS
from .engine import Engine
from .events import Event, Exchange, Kind, Side
from .generate import ScenarioKind, generate
from .redis_bench import REDIS_ROUNDS, SIGNALLED, cascade_of, through_redis

if TYPE_CHECKING:
    from collections.abc import Callable

    from .events import Events

__all__ = ["Figures", "measure"]

BATCH = 60_000
BATCHES = 40
SINGLES = 2_000
LOOPS = 20_000
FEWEST_SIGNALLED = 10
ROUNDS = 60
SIGNAL_ROUNDS = 5


@dataclass(frozen=True, slots=True)
class Figures:
    """What was measured."""

    batch_events_per_second: float
    sparse_batch_events_per_second: float
    single_events_per_second: float
    velocity_us: float
    risk_us: float
    signal_p50_us: float
    signal_p99_us: float
    signal_raw_p99_us: float
    redis_p50_ms: float
    redis_p99_ms: float
    redis_raw_p99_ms: float
    redis_synced_p50_ms: float
    redis_synced_p99_ms: float
    redis_synced_raw_p99_ms: float
    memory_mb: float

    def as_dict(self) -> dict[str, Any]:
        """For JSON, with the targets and what others have published."""
        own = {name: getattr(self, name) for name in self.__slots__}
        return {**own, "targets": TARGETS, "published": PUBLISHED}

    def failures(self) -> list[str]:
        """One sentence for each target that is missed."""
        missed = []
        for name, target in TARGETS.items():
            value = getattr(self, name)
            enough = value >= target if name.endswith("per_second") else value <= target
            if not enough:
                missed.append(f"{name} is {value:,.3f}, the target is {target:,.0f}.")
        return missed


@kernel
def _velocities(row: Any, tick: int, times: int) -> float:
    total = 0.0
    for i in range(times):
        for j in range(5):
            ticks = at.FRAMES[j]
            s0, s1, s2 = motion(row, at.USD, tick - (i & 7), ticks)
            seconds = ticks * 0.1
            total += s0 / seconds + (s0 - s1) / (seconds * seconds) + (s0 - 2 * s1 + s2) / seconds**3
    return total


@kernel
def _risks(row: Any, floats: Any, model: Any, x: Any, tick: int, times: int) -> float:
    total = 0.0
    for _ in range(times):
        learn(row, floats, tick, 1)
        describe(row, floats, tick, x)
        total += risk(floats, model, x, 1)
    return total


def _engine(events: Events) -> Engine:
    engine = Engine(capacity=100)
    engine.table.fill(0)  # the memory is there before the clock runs
    for i in range(int(events["symbol"].max()) + 1):
        engine.number(f"S{i}")
    return engine


def _best(work: Callable[[], object], times: int) -> float:
    """Seconds of the quickest of several runs."""
    best = float("inf")
    for _ in range(times):
        began = time.perf_counter()
        work()
        best = min(best, time.perf_counter() - began)
    return best


def _batch(events: Events, batches: int) -> float:
    _engine(events).process(events[:1000])
    best = float("inf")
    for _ in range(batches):
        engine = _engine(events)
        best = min(best, _best(lambda: engine.process(events), 1))  # noqa: B023 - called at once
    return len(events) / best


def as_values(events: Events, names: tuple[str, ...]) -> list[Event]:
    """Rows of an array as events."""
    kinds, venues, sides = tuple(Kind), tuple(Exchange), tuple(Side)
    return [
        Event(t, venues[e], names[s], kinds[k], sides[d], u, v, i)
        for t, i, u, v, s, e, k, d, _ in events.tolist()
    ]


def _single(values: list[Event], rounds: int) -> float:
    Engine(capacity=100).push(values[0])
    best = float("inf")
    for _ in range(rounds):
        engine = Engine(capacity=100)
        engine.table.fill(0)
        push = engine.push
        began = time.perf_counter()
        for event in values:
            push(event)
        best = min(best, time.perf_counter() - began)
    return len(values) / best


def _percentiles(rounds: list[list[float]]) -> tuple[float, float, float]:
    """Median and 99th percentile of each signal's quickest measurement, and the latter of all."""
    shortest = min(len(each) for each in rounds)
    quickest = np.array([each[:shortest] for each in rounds]).min(axis=0)
    p50, p99 = np.quantile(quickest, [0.5, 0.99])
    return float(p50), float(p99), float(np.quantile(np.concatenate(rounds), 0.99))


def _signal(signalled: int, times: int) -> tuple[float, float, float]:
    rounds: list[list[float]] = []
    cascades = [cascade_of(f"S{n}", n + 1, 1_750_000_000_000) for n in range(signalled)]
    gc.collect()
    for _ in range(times + 1):
        engine, took = Engine(capacity=SIGNALLED), []
        for events in cascades:
            for event in events:
                began = time.perf_counter()
                found = engine.push(event)
                if found:
                    took.append(time.perf_counter() - began)
        rounds.append(took)
    p50, p99, raw = _percentiles(rounds[1:])
    return 1e6 * p50, 1e6 * p99, 1e6 * raw


def measure(*, part: float = 1.0, progress: Callable[[str], None] = lambda _: None) -> Figures:
    """Measure everything; about forty seconds, half of it spent on the Redis parts.

    Args:
        part: of the usual number of runs and of signals, from 0 to 1; the best of fewer is slower.
        progress: told what is measured.

    Raises:
        EngineUnavailable: there is no redis-server.
        Fatal: a signal was lost on its way.
    """

    def some(count: int, least: int = 1) -> int:
        return max(least, round(count * part))

    rounds, signalled = some(ROUNDS), some(SIGNALLED, FEWEST_SIGNALLED)
    progress("batches")
    stress = generate(ScenarioKind.STRESS, 1)
    batch = _batch(stress.events[:BATCH], some(BATCHES))
    sparse = stress.events[:BATCH].copy()
    sparse["time_ms"] = sparse["time_ms"][0] + np.arange(len(sparse))  # a thousand a second
    progress("sparse batches")
    thin = _batch(sparse, some(BATCHES))
    progress("one by one")
    single = _single(as_values(stress.events[:SINGLES], stress.symbols), rounds)
    progress("velocity and risk")
    engine = _engine(stress.events)
    engine.process(stress.events)
    row, tick = engine.table[0], int(engine.table[0, at.CLOSED])
    _velocities(row, tick, 1)
    velocity = _best(lambda: _velocities(row, tick, LOOPS), rounds) / LOOPS
    x, model = np.zeros(TRACE_WIDTH), engine.model.row()
    copy, its = row.copy(), row.copy()
    _risks(copy, copy.view(np.float64), model, x[:FEATURES], tick, 1)
    view = its.view(np.float64)
    risked = _best(lambda: _risks(its, view, model, x[:FEATURES], tick, LOOPS), rounds) / LOOPS
    progress("signals")
    signals = _signal(signalled, some(SIGNAL_ROUNDS))
    progress("Redis")
    sizes = (signalled, some(REDIS_ROUNDS))
    through = (*through_redis("everysec", *sizes), *through_redis("always", *sizes))
    memory = Engine(capacity=100).memory_bytes / 1e6
    return Figures(batch, thin, single, 1e6 * velocity, 1e6 * risked, *signals, *through, memory)
