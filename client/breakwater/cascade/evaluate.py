"""Judges a model on scenarios it has not learnt from.

A cascade is detected when a level of at least warning is *raised* between its onset and its peak: an alarm
that stands already when it begins does not count, nor one that comes after the peak. The lead is the time
from the signal, the engine's lateness included, to the peak. An hour is falsely alarmed when such a level is
raised in a steady hour at all.
"""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from breakwater.errors import InvalidInput

from .conditions import Condition, arriving
from .engine import Engine
from .generate import CASCADES, Scenario, ScenarioKind, generate
from .signals import Level, Signal
from .statistics import Estimate, median, share
from .train import Seeds

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from .model import Model

__all__ = ["Evaluation", "Judgement", "evaluate", "lead_ms"]

THREADS = 2
HOURS = 4
"""Steady hours of each seed; under disturbed feeds half of them."""
HOUR_STRIDE = 2**33
MIN_RECALL, MAX_FALSE_POSITIVES = 0.95, 0.02


@dataclass(frozen=True, slots=True)
class Judgement:
    """How the model does under one condition, or on one kind of cascade."""

    recall: Estimate
    false_positive_rate: Estimate
    median_lead_ms: Estimate
    late: int
    """Cascades that were noticed after their peak only."""


@dataclass(frozen=True, slots=True)
class Evaluation:
    """The judgement of undisturbed feeds, of each condition, and of each kind."""

    seeds: Seeds
    clean: Judgement
    conditions: dict[str, Judgement]
    kinds: dict[str, Judgement]
    seconds: float

    def as_dict(self) -> dict[str, Any]:
        """For JSON: the undisturbed figures stand at the top."""
        top = asdict(self.clean)
        found: dict[str, Any] = {"seeds": str(self.seeds)}
        for name in ("recall", "false_positive_rate", "median_lead_ms"):
            found[name] = top[name]["value"]
            found[f"{name}_interval"] = [top[name]["low"], top[name]["high"]]
        found |= {"late": self.clean.late, "cascades": self.clean.recall.cases}
        found["steady_hours"] = self.clean.false_positive_rate.cases
        found["conditions"] = {name: asdict(each) for name, each in self.conditions.items()}
        found["kinds"] = {name: asdict(each) for name, each in self.kinds.items()}
        return found | {"seconds": round(self.seconds, 3)}

    def failures(self) -> list[str]:
        """One sentence for each target that the undisturbed figures miss."""
        missed = []
        recall, false = self.clean.recall.value, self.clean.false_positive_rate.value
        if recall is not None and recall < MIN_RECALL:
            missed.append(f"Recall is {recall:.1%}, the target is {MIN_RECALL:.0%}.")
        if false is not None and false > MAX_FALSE_POSITIVES:
            missed.append(
                f"{false:.1%} of the steady hours are alarmed, the target is {MAX_FALSE_POSITIVES:.0%}."
            )
        return missed


@dataclass(frozen=True, slots=True)
class _Outcome:
    kind: ScenarioKind
    condition: Condition
    alarmed: bool
    lead: float | None
    late: bool


def lead_ms(scenario: Scenario, signals: Sequence[Signal], lateness_ms: int) -> float | None:
    """How long before the peak a warning was raised, if after the onset; negative is too late."""
    assert scenario.onset_ms is not None  # noqa: S101 - asked of cascades only
    assert scenario.peak_ms is not None  # noqa: S101
    assert scenario.over_ms is not None  # noqa: S101
    for signal in signals:
        known = signal.time_ms + lateness_ms
        if signal.raised and signal.level >= Level.WARNING and scenario.onset_ms <= known <= scenario.over_ms:
            return scenario.peak_ms - known
    return None


def _outcome(scenario: Scenario, condition: Condition, model: Model | None) -> _Outcome:
    engine = Engine(model, capacity=1)
    engine.number(scenario.symbols[0])
    signals = engine.process(arriving(scenario, condition))
    signals += engine.clock(scenario.end_ms + 60_000)
    if scenario.kind is ScenarioKind.STEADY:
        alarmed = any(each.raised and each.level >= Level.WARNING for each in signals)
        return _Outcome(scenario.kind, condition, alarmed, None, late=False)
    lead = lead_ms(scenario, signals, engine.lateness_ms)
    in_time = lead is not None and lead >= 0
    return _Outcome(
        scenario.kind, condition, in_time, lead if in_time else None, lead is not None and lead < 0
    )


def _of_seed(seed: int, model: Model | None, conditions: Sequence[Condition]) -> list[_Outcome]:
    hours = [generate(ScenarioKind.STEADY, seed + hour * HOUR_STRIDE) for hour in range(HOURS)]
    cascades = [generate(kind, seed) for kind in CASCADES]
    found = []
    for condition in conditions:
        steady = hours if condition is Condition.CLEAN else hours[: HOURS // 2]
        found += [_outcome(each, condition, model) for each in (*steady, *cascades)]
    return found


def _judge(outcomes: Sequence[_Outcome]) -> Judgement:
    steady = [each for each in outcomes if each.kind is ScenarioKind.STEADY]
    cascades = [each for each in outcomes if each.kind is not ScenarioKind.STEADY]
    return Judgement(
        share(sum(each.alarmed for each in cascades), len(cascades)),
        share(sum(each.alarmed for each in steady), len(steady)),
        median([each.lead for each in cascades if each.lead is not None]),
        sum(each.late for each in cascades),
    )


def evaluate(
    seeds: Seeds,
    model: Model,
    *,
    conditions: Sequence[Condition] = tuple(Condition),
    progress: Callable[[int], None] = lambda _: None,
) -> Evaluation:
    """Steady hours and a cascade of each kind for every seed, under every condition.

    Raises:
        InvalidInput: the model has learnt from one of the seeds.
    """
    learnt = model.trained_on.get("seeds")
    if isinstance(learnt, str) and seeds.overlaps(Seeds.parse(learnt)):
        raise InvalidInput(f"Choose other seeds than {learnt}: the model has learnt from them.")
    began = time.perf_counter()
    outcomes: list[_Outcome] = []
    with ThreadPoolExecutor(THREADS) as pool:
        work = pool.map(lambda seed: _of_seed(seed, model, conditions), range(seeds.first, seeds.end))
        for done, found in enumerate(work, 1):
            outcomes += found
            progress(done)
    judged = {each.value: _judge([one for one in outcomes if one.condition is each]) for each in conditions}
    clean = [one for one in outcomes if one.condition is Condition.CLEAN]
    kinds = {kind.value: _judge([one for one in clean if one.kind is kind]) for kind in CASCADES}
    return Evaluation(seeds, judged[Condition.CLEAN.value], judged, kinds, time.perf_counter() - began)
