"""Learns the model from generated scenarios: weights, calibration, thresholds. Nothing of it is typed in.

Weights are those of a ridge-regularized logistic regression of single ticks: from ignition to the peak of a
cascade they are positive, in steady hours negative: a sample of them, and the most alarming of each hour.
The rise before ignition and what comes after a peak teaches nothing. Evidence is calibrated on ticks of
other seeds. The thresholds are quantiles of the greatest evidence of steady hours, again of other seeds:
each level is paid for with a share of false alarms that is given, and its recall is what comes out.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from breakwater.errors import InvalidInput

from . import _layout as at
from ._features import FEATURES, NAMES
from .conditions import Condition, arriving
from .engine import Engine
from .generate import CASCADES, Scenario, ScenarioKind, generate
from .model import MODEL_VERSION, Model

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

__all__ = ["FALSE_ALARMS", "TRAINING_SEEDS", "Seeds", "train"]

TRAINING_SEEDS = "10000000:10000120"
"""Far from the small numbers that people judge with."""
FALSE_ALARMS = (0.05, 0.006, 0.002)
"""Shares of steady hours that may reach watch, warning and critical in training."""
KEPT = 0.02
"""Share of the negative ticks that teach, besides the most alarming ones of each run."""
HARDEST = 400
HOURS = 5
"""Steady hours of each seed that thresholds are set on."""
ALARMING = ("velocity_2000ms", "velocity_10000ms", "acceleration_2000ms", "surprise_2000ms")
RIDGE = 100.0
HOUR_STRIDE = 2**31
THREADS = 2
ROOM = 60_000


@dataclass(frozen=True, slots=True)
class Seeds:
    """The seeds from `first` up to, but without, `end`."""

    first: int
    end: int

    @classmethod
    def parse(cls, text: str) -> Seeds:
        """From `A:B`.

        Raises:
            InvalidInput: it is not that.
        """
        first, colon, end = text.partition(":")
        if not (colon and first.isdecimal() and end.isdecimal() and int(first) < int(end) < 2**31):
            raise InvalidInput(f"Give seeds as A:B with A below B, such as 0:100, not {text!r}.")
        return cls(int(first), int(end))

    def __str__(self) -> str:
        return f"{self.first}:{self.end}"

    def overlaps(self, other: Seeds) -> bool:
        """Whether a seed is in both."""
        return self.first < other.end and other.first < self.end


@dataclass(frozen=True, slots=True)
class _Ticks:
    x: NDArray[np.float64]
    y: NDArray[np.float64]
    weight: NDArray[np.float64]
    volatility: NDArray[np.float64]


def _blank() -> Model:
    ones, zeros = (1.0,) * FEATURES, (0.0,) * FEATURES
    return Model(
        MODEL_VERSION,
        "",
        {},
        NAMES,
        0.0,
        zeros,
        zeros,
        ones,
        (1e9, 1e9, 1e9),
        (1e9, 1e9, 1e9, 1.0),
        (1.0, 0.0),
    )


def _traced(scenario: Scenario, condition: Condition, model: Model) -> NDArray[np.float64]:
    engine = Engine(model, capacity=1)
    engine.number(scenario.symbols[0])
    return engine.trace(arriving(scenario, condition), ROOM)


def _scenarios(seed: int, hours: int = 1) -> list[tuple[Scenario, Condition]]:
    """Of one seed: steady hours, and a cascade of each kind, each as it is and under conditions that take
    turns."""
    conditions = list(Condition)
    found = []
    for i, kind in enumerate((*(ScenarioKind.STEADY,) * hours, *CASCADES)):
        scenario = generate(kind, seed + i * HOUR_STRIDE if kind is ScenarioKind.STEADY else seed)
        found += [(scenario, Condition.CLEAN), (scenario, conditions[1 + (seed + i) % 4])]
    return found


def _ticks(scenario: Scenario, traced: NDArray[np.float64]) -> _Ticks:
    time = (traced[:, FEATURES + 1] + 1) * at.TICK_MS
    x = traced[:, :FEATURES]
    positive = np.zeros(len(time), bool)
    if scenario.onset_ms is None or scenario.ignition_ms is None or scenario.peak_ms is None:
        negative = np.random.default_rng(scenario.seed).random(len(time)) < KEPT
        alarming = sum(x[:, NAMES.index(name)] for name in ALARMING)
        negative[np.argsort(alarming)[::-1][:HARDEST]] = True
    else:
        negative = positive.copy()
        positive = (time >= scenario.ignition_ms) & (time <= scenario.peak_ms)
    used = negative | positive
    weight = np.where(positive, HARDEST / max(1, int(positive.sum())), 1.0)
    return _Ticks(
        x[used], positive[used].astype(np.float64), weight[used], x[used, NAMES.index("volatility")]
    )


def _gather(seeds: Seeds, model: Model, progress: Callable[[str], None]) -> _Ticks:
    def one(seed: int) -> list[_Ticks]:
        return [_ticks(each, _traced(each, how, model)) for each, how in _scenarios(seed)]

    with ThreadPoolExecutor(THREADS) as pool:
        parts = [part for found in pool.map(one, range(seeds.first, seeds.end)) for part in found]
    progress(f"{sum(len(part.y) for part in parts):,} ticks")
    return _Ticks(*(np.concatenate([getattr(part, name) for part in parts]) for name in _Ticks.__slots__))


def _regression(
    x: NDArray[np.float64], y: NDArray[np.float64], weight: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Newton's method; the last coefficient is the intercept, which is not regularized."""
    x = np.column_stack([x, np.ones(len(x))])
    w = np.zeros(x.shape[1])
    ridge = np.full(x.shape[1], RIDGE)
    ridge[-1] = 1e-9
    for _ in range(30):
        p = 1 / (1 + np.exp(-np.clip(x @ w, -30, 30)))
        gradient = x.T @ (weight * (p - y)) + ridge * w
        curvature = (x * (weight * np.maximum(p * (1 - p), 1e-9))[:, None]).T @ x + np.diag(ridge)
        step = np.linalg.solve(curvature, gradient)
        w -= step
        if np.abs(step).max() < 1e-8:
            break
    return w


def _with(model: Model, **changed: object) -> Model:
    return Model(**{**{name: getattr(model, name) for name in model.__struct_fields__}, **changed})


def _weighted(ticks: _Ticks) -> Model:
    centre = np.average(ticks.x, axis=0, weights=ticks.weight)
    scale = 1 / np.maximum(np.sqrt(np.average((ticks.x - centre) ** 2, axis=0, weights=ticks.weight)), 1e-9)
    found = _regression((ticks.x - centre) * scale, ticks.y, ticks.weight)
    quantiles = np.exp(np.quantile(ticks.volatility, [0.75, 0.9, 0.99]))
    return _with(
        _blank(),
        bias=float(found[-1]),
        weights=tuple(found[:-1].tolist()),
        centre=tuple(centre.tolist()),
        scale=tuple(scale.tolist()),
        regimes=(*quantiles.tolist(), 0.5),
    )


def _evidence(
    seeds: Seeds, model: Model
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Of other seeds: evidence and label of ticks, and the greatest evidence of each steady hour."""

    def one(seed: int) -> tuple[list[NDArray[np.float64]], list[float]]:
        rows, greatest = [], []
        for scenario, condition in _scenarios(seed, HOURS):
            traced = _traced(scenario, condition, model)
            time, evidence = (traced[:, FEATURES + 1] + 1) * at.TICK_MS, traced[:, FEATURES + 2]
            if scenario.onset_ms is None or scenario.ignition_ms is None or scenario.peak_ms is None:
                greatest.append(float(evidence.max(initial=-30.0)))
                rows.append(np.column_stack([evidence, np.zeros(len(evidence))]))
                continue
            used = (time < scenario.onset_ms) | ((time >= scenario.ignition_ms) & (time <= scenario.peak_ms))
            rows.append(np.column_stack([evidence[used], time[used] >= scenario.ignition_ms]))
        return rows, greatest

    with ThreadPoolExecutor(THREADS) as pool:
        found = list(pool.map(one, range(seeds.first, seeds.end)))
    rows = np.concatenate([row for rows, _ in found for row in rows])
    return rows[:, 0], rows[:, 1], np.array([each for _, greatest in found for each in greatest])


def train(seeds: Seeds, command: str, *, progress: Callable[[str], None] = lambda _: None) -> Model:
    """Learn from half of the seeds, calibrate and set thresholds on the other half.

    Args:
        seeds: at least 20.
        command: what to name in the model as its origin.
        progress: told what is done.

    Raises:
        InvalidInput: too few seeds.
    """
    if seeds.end - seeds.first < 20:
        raise InvalidInput(f"Give at least 20 seeds to learn from, not {seeds}.")
    middle = (seeds.first + seeds.end) // 2
    learning, judging = Seeds(seeds.first, middle), Seeds(middle, seeds.end)
    model = _weighted(_gather(learning, _blank(), progress))
    evidence, label, greatest = _evidence(judging, model)
    progress(f"{len(greatest)} steady runs, {int(label.sum()):,} ticks of cascades")
    curve = _regression(evidence[:, None], label, np.ones(len(label)))
    thresholds: Sequence[float] = np.quantile(greatest, [1 - each for each in FALSE_ALARMS]).tolist()
    return _with(
        model,
        command=command,
        trained_on={"seeds": str(seeds), "steady_runs": len(greatest), "cascade_ticks": int(label.sum())},
        thresholds=tuple(sorted(thresholds)),
        curve=tuple(curve.tolist()),
    )
